"""What GitHub says when it does not merge → why, in the field's words, and what that means for us (R35, R36)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Means(Enum):
    WAIT = "wait"
    """Time or a review may change it: auto-merge is armed."""
    QUEUE = "queue"
    """The branch takes changes only through its merge queue."""
    AGAIN = "again"
    """The target moved at the very moment: try again."""
    METHOD = "method"
    """Not in this way; another may do."""
    PERSON = "person"
    """Somebody who may has to change something."""
    BEHIND = "behind"
    """The branch has to be made anew on the target's head."""
    UNKNOWN = "unknown"
    """The words say too little: look at the pull request."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """`besides`: `why` without the checks that the message names, for who has looked at those himself."""

    means: Means
    why: str
    besides: str = ""


_CHECKS = re.compile(r"required status checks? \"([^\"]{1,100})\" (?:is|are) ([a-z ]+)", re.IGNORECASE)
_TABLE: tuple[tuple[str, Means, str], ...] = (
    (r"merge queue", Means.QUEUE, "the merge queue"),
    (r"base branch was modified", Means.AGAIN, "the target branch, which moved at that moment"),
    (r"(merge commits|squash merges|rebase merges|this merge method)\b.*not allowed", Means.METHOD, "a merge method that is allowed"),
    (r"must not contain merge commits|linear history", Means.METHOD, "a merge method that keeps the history linear"),
    (r"can ?not be rebased|rebase .*(conflict|not possible)", Means.METHOD, "a merge method other than rebase"),
    (
        r"verified signatures?|must be signed",
        Means.METHOD,
        "a signed commit: the branch asks for signatures that this merge method cannot give",
    ),
    (r"behind the base|not up.to.date|out of date|up to date with the base", Means.BEHIND, "a branch on top of the target's head"),
    (r"changes (were |have been )?requested|changes? request|requesting changes", Means.PERSON, "a reviewer, who asked for changes"),
    (r"code ?owners?", Means.WAIT, "the approval of a code owner (a person: no App can be one)"),
    (r"approving reviews?|approval|review (is )?required|reviewers?", Means.WAIT, "an approving review by somebody with write access"),
    (
        r"conversation|unresolved|comments must be resolved",
        Means.PERSON,
        "open conversations on the pull request: the branch asks that all are resolved",
    ),
    (r"deployments?", Means.WAIT, "a required deployment"),
    (r"required status checks?|status check|required checks?|workflows?", Means.WAIT, "required checks"),
    (r"draft", Means.PERSON, "somebody to mark the pull request as ready: it is a draft"),
    (r"locked|read.?only|archived", Means.PERSON, "an administrator: the branch or the repository is locked"),
    (
        r"not authorized|not permitted|resource not accessible|must have (write|admin|push)|protected branch|restricted",
        Means.PERSON,
        "an administrator: Rollbot may not push to this branch (let the App bypass the rule, or merge by hand)",
    ),
    (r"head branch was modified|head sha", Means.UNKNOWN, "somebody changed the branch"),
    (r"rule violations?", Means.PERSON, "a rule of the branch"),
)


def refused(said: str) -> Refusal:
    """Classify GitHub's message; the first row that fits decides, and checks that it names are named."""
    for words, means, why in _TABLE:
        if re.search(words, said, re.IGNORECASE | re.DOTALL):
            detail = f": {said}" if words.startswith("rule violations") else ""
            named = _named(said) if means is Means.WAIT else None
            both = why if named is None else named if why == "required checks" else f"{why}, and {named}"
            return Refusal(means, both + detail, why + detail)
    return Refusal(Means.UNKNOWN, said or "no reason given")


def _named(said: str) -> str | None:
    """The checks that the message names, each with how it stands; None where it names none."""
    found = list(dict.fromkeys(_CHECKS.findall(said)))
    if not found:
        return None
    return ", ".join(f"the required check {name} ({'failing' if 'fail' in state else state.strip()})" for name, state in found)
