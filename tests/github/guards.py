"""What guards a branch: classic protection and rulesets, against what is written to it and what is merged into it.

Words: what GitHub says to a push (GH006), to a merge (405) and of a rule set (`Repository rule violations found`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tests.github import owners, rights
from tests.github.state import Answer, Item, Repo, Rules

_FORCED = "Cannot force-push to this branch"
_PLACE = "https://docs.github.com/repositories/configuring-branches-and-merges-in-your-repository/managing-protected-branches"
_UNAUTHORIZED = f"You're not authorized to push to this branch. Visit {_PLACE} for more information."


def holding(repo: Repo, branch: str, me: str | None = None, pull: bool = True) -> list[Rules]:
    """What a branch asks of `me` (of anybody where None), by a pull request or a push. Whom a ruleset lets past, of him it asks nothing."""
    found = [rules for rules in (repo.rules.get(branch),) if rules and not _over(repo, rules, me)]
    for each in repo.rulesets:
        passes = each.bypass.get(me or "", "never")
        if each.branch == branch and passes not in (("always", "exempt", "pull_requests_only") if pull else ("always", "exempt")):
            found.append(each.rules)
    return found


def _over(repo: Repo, rules: Rules, me: str | None) -> bool:
    """An administrator is not bound by classic protection, unless it says so; but he does not force-push or delete either."""
    return me is not None and not rules.enforce_admins and rights.role(repo, me) == "admin"


# What is written to a branch


def push(repo: Repo, branch: str, me: str, new: str | None) -> list[str]:
    """Why `me` may not put a branch at `new` (None: delete it), whether it goes forward or not."""
    every = [rules for rules in (repo.rules.get(branch),) if rules] + holding(repo, branch, me, pull=False)
    if new is None:
        return ["Cannot delete this branch"] if every and repo.head(branch) else []
    return list(dict.fromkeys(why for rules in holding(repo, branch, me, pull=False) for why in _pushed(repo, rules, me, new)))


def forward_only(repo: Repo, branch: str, me: str) -> bool:
    every = [rules for rules in (repo.rules.get(branch),) if rules] + holding(repo, branch, me, pull=False)
    return any(not rules.force_pushes for rules in every)


def _pushed(repo: Repo, rules: Rules, me: str, new: str) -> Iterator[str]:
    if rules.locked:
        yield "Cannot change this locked branch"
    if rules.restricted is not None and me not in rules.restricted:
        yield _UNAUTHORIZED
    if rules.queue:
        yield "Changes must be made through the merge queue"
    elif rules.reviews or rules.code_owners:
        yield "Changes must be made through a pull request."
    yield from _checked(repo, rules, new)


def may_move(repo: Repo, branch: str, me: str, new: str | None, forced: bool) -> None:
    """A branch is moved by the API. Raises Answer."""
    old = repo.head(branch)
    why = push(repo, branch, me, new)
    if new is not None and old is not None and not forward(repo, old, new):
        if not forced:
            raise Answer(422, "Update is not a fast forward")
        why += [_FORCED] if forward_only(repo, branch, me) else []
    if why:
        raise Answer(422, said(repo, branch, why))


def said(repo: Repo, branch: str, why: Iterable[str]) -> str:
    rows = list(why)
    ruled = any(each.branch == branch for each in repo.rulesets) and branch not in repo.rules
    return "Repository rule violations found\n\n" + "\n\n".join(rows) + "\n\n" if ruled else "\n".join(rows)


def forward(repo: Repo, old: str, new: str) -> bool:
    try:
        repo.git("merge-base", "--is-ancestor", old, new)
    except Answer:
        return False
    return True


# What is merged into a branch


def lacking(repo: Repo, item: Item, me: str | None = None) -> list[str]:
    """What the base still asks for before `me` (somebody who may nothing past it, where None) may merge, in GitHub's words."""
    found = [why for rules in holding(repo, item.base, me) for why in _merged(repo, rules, item, me)]
    return list(dict.fromkeys(found))


def _merged(repo: Repo, rules: Rules, item: Item, me: str | None) -> Iterator[str]:
    if rules.locked:
        yield "Cannot change this locked branch"
    if me is not None and rules.restricted is not None and me not in rules.restricted:
        yield _UNAUTHORIZED
    yield from _checked(repo, rules, item.sha)
    yield from _reviewed(repo, rules, item)


def _reviewed(repo: Repo, rules: Rules, item: Item) -> Iterator[str]:
    verdicts = counting(repo, item)
    approving = {login for login, state in verdicts.items() if state == "APPROVED"}
    against = sum(state == "CHANGES_REQUESTED" for state in verdicts.values())
    if rules.reviews and against:
        yield f"{against} review{'s' if against > 1 else ''} requesting changes by reviewers with write access."
    if len(approving) < rules.reviews:
        plural = "s are" if rules.reviews > 1 else " is"
        yield f"At least {rules.reviews} approving review{plural} required by reviewers with write access."
    if rules.code_owners and (waiting := owners.missing(repo, item, approving)):
        yield f"Waiting on code owner review from {', '.join(waiting)}."


def counting(repo: Repo, item: Item) -> dict[str, str]:
    """The newest verdict of each person whose review counts: who may write, and is not the author."""
    found = {}
    for review in item.reviews:
        if review.state != "COMMENTED" and review.user != item.user and rights.may(repo, review.user, "write"):
            found[review.user] = review.state
    return found


def dismiss(repo: Repo, item: Item) -> None:
    """Something was pushed: where it is set up so, approvals do not hold any more."""
    if any(rules.dismiss_stale for rules in holding(repo, item.base)):
        item.reviews = [replace(each, state="DISMISSED") if each.state == "APPROVED" else each for each in item.reviews]


def state(repo: Repo, item: Item, me: str | None = None) -> str:
    """`mergeable_state` of what has no conflict."""
    rules, base = holding(repo, item.base, me), repo.head(item.base) or ""
    if item.draft:
        return "draft"
    if any(each.strict for each in rules) and not forward(repo, base, item.sha):
        return "behind"
    if lacking(repo, item, me) or any(each.queue for each in rules):
        return "blocked"
    return "unstable" if any(how != "success" for how in standing(repo, item.sha).values()) else "clean"


# Checks


def _checked(repo: Repo, rules: Rules, sha: str) -> Iterator[str]:
    there = standing(repo, sha)
    open_ = {name: there.get(name, "expected") for name in rules.required_checks if there.get(name) != "success"}
    if len(open_) > 1 and set(open_.values()) == {"expected"}:
        yield f"{len(open_)} of {len(rules.required_checks)} required status checks are expected."
    else:
        yield from (f'Required status check "{name}" is {how}.' for name, how in open_.items())


def standing(repo: Repo, sha: str) -> dict[str, str]:
    """Each check of a commit: success, pending or failing. A run and a status of one name both have to be green."""
    found: dict[str, str] = {}
    newest = {each.context: each.state for each in repo.statuses.get(sha, ())}
    for name, how in [*newest.items(), *repo.checks.get(sha, {}).items()]:
        means = "pending" if how in (None, "pending") else "success" if how in ("success", "neutral", "skipped") else "failing"
        found[name] = max(found.get(name, "success"), means, key=("success", "pending", "failing").index)
    return found
