"""The protection matrix: each way a branch may be guarded × the whole of Rollbot → how it ends, and what people read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.adapters.forges.github.world import GitHubWorld, a_story
from tests.github.server import FakeGitHub

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Guard:
    """`set_up` guards the branch before anything happens; `meanwhile` is what happens while Rollbot waits; `ends` how it must stand then.

    `says` must be in what people read while it waits; `then` is done at the last, and with it all must end `recovered`.
    """

    set_up: Callable[[GitHubWorld], object]
    stands: str
    says: str = ""
    meanwhile: Callable[[GitHubWorld], object] = lambda world: None
    then: Callable[[GitHubWorld], object] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`stands`: merged, waits, or person, after a while; `text` what people read then; `end` how the incident ended at last."""

    guard: str
    stands: str
    text: str
    end: str
    wrong: str | None


def _head(world: GitHubWorld) -> str:
    incident = world.incident()
    return (incident.action.head or "") if incident else ""


def _number(world: GitHubWorld) -> int:
    incident = world.incident()
    return (incident.action.pull or 0) if incident else 0


def _check(conclusion: str | None, name: str = "ci") -> Callable[[GitHubWorld], object]:
    return lambda world: world.server.check(world.name, _head(world), name, conclusion)


def _status(state: str) -> Callable[[GitHubWorld], object]:
    """By the API, as a CI that knows no check runs reports."""
    return lambda world: world.client.send("POST", world.client.at(f"/statuses/{_head(world)}"), {"state": state, "context": "ci"})


def _protect(**rules: object) -> Callable[[GitHubWorld], object]:
    return lambda world: world.server.protect(world.name, "main", **rules)


def _both(*acts: Callable[[GitHubWorld], object]) -> Callable[[GitHubWorld], object]:
    return lambda world: [act(world) for act in acts]


def _push(world: GitHubWorld) -> object:
    return world.server.push(world.name, "main", {"NOTES.md": "checkout fails\n"}, "ada")


def _review(world: GitHubWorld, login: str, event: str) -> object:
    return world.server.approve(world.name, _number(world), login, event)


def _approve(*logins: str) -> Callable[[GitHubWorld], object]:
    return lambda world: [_review(world, login, "APPROVE") for login in logins]


def _owned(world: GitHubWorld) -> object:
    return world.server.push(world.name, "main", {"CODEOWNERS": "* @tom\n"}, "ada")


def _ruleset(bypass: str = "never", **rules: object) -> Callable[[GitHubWorld], object]:
    return lambda world: world.server.ruleset(world.name, "main", {"robot": bypass}, **rules)


def _allow(*methods: str, auto_merge: bool = True) -> Callable[[GitHubWorld], object]:
    return lambda world: world.server.allow(world.name, merge_methods=list(methods) or ["merge", "squash", "rebase"], auto_merge=auto_merge)


GUARDS: Mapping[str, Guard] = {
    "no protection": Guard(lambda world: None, "merged"),
    "check pending": Guard(
        _both(_allow(), _protect(required_checks=["ci"])), "waits", "ci, which is still running", _check(None), _check("success")
    ),
    "check failing": Guard(
        _both(_allow(), _protect(required_checks=["ci"])), "waits", "ci, which failed", _check("failure"), _check("success")
    ),
    "status pending": Guard(
        _both(_allow(), _protect(required_checks=["ci"])), "waits", "ci, which is still running", _status("pending"), _status("success")
    ),
    "status failing": Guard(
        _both(_allow(), _protect(required_checks=["ci"])), "waits", "ci, which failed", _status("error"), _status("success")
    ),
    "status failing, check green": Guard(
        _both(_allow(), _protect(required_checks=["ci"])),
        "waits",
        "ci, which failed",
        _both(_status("failure"), _check("success")),
        _status("success"),
    ),
    "check never reports": Guard(
        _both(_allow(), _protect(required_checks=["ci"])), "waits", "ci, which has not reported", lambda world: None, _check("success")
    ),
    "one review": Guard(
        _both(_allow(), _protect(reviews=1)),
        "waits",
        "an approving review",
        lambda world: None,
        _approve("ada"),
    ),
    "strict and behind": Guard(
        _both(_allow(), _protect(required_checks=["ci"], strict=True)),
        "waits",
        "ci",
        _both(_push, _check("success")),
        _check("success"),
    ),
    "squash only": Guard(_allow("squash"), "merged"),
    "rebase only": Guard(_allow("rebase"), "merged"),
    "merge commits only": Guard(_allow("merge"), "merged"),
    "squash or linear": Guard(_both(_allow("merge", "squash"), _protect(linear=True)), "merged"),
    "two reviews, one by who only reads": Guard(
        _both(_allow(), _protect(reviews=2)),
        "waits",
        "an approving review",
        _approve("ada", "ada", "eve"),
        _approve("tom"),
    ),
    "approved before a push": Guard(
        _both(_allow(), _protect(reviews=1, dismiss_stale=True, strict=True)),
        "waits",
        "an approving review",
        _both(_push, _approve("ada")),
        _approve("ada"),
    ),
    "a reviewer asks for changes": Guard(
        _both(_allow(), _protect(reviews=1)), "person", "who asked for changes", lambda world: _review(world, "ada", "REQUEST_CHANGES")
    ),
    "a code owner": Guard(
        _both(_owned, _allow(), _protect(reviews=1, code_owners=True)), "waits", "a code owner", _approve("ada"), _approve("tom")
    ),
    "locked": Guard(_protect(locked=True), "person", "locked"),
    "others may push": Guard(_protect(restricted=["ada"]), "person", "may not push to this branch"),
    "ruleset": Guard(
        _both(_allow(), _ruleset(required_checks=["ci"])), "waits", "ci, which is still running", _check(None), _check("success")
    ),
    "ruleset that lets us past": Guard(_ruleset("pull_requests_only", required_checks=["ci"], reviews=1), "merged", "rules were bypassed"),
    "queue of a ruleset": Guard(
        _ruleset(queue=True), "waits", "the merge queue", lambda world: None, lambda world: world.server.run_queue(world.name)
    ),
    "merge queue and a check": Guard(
        _both(_allow(), _protect(queue=True, required_checks=["ci"])),
        "waits",
        "ci, which is still running",
        _check(None),
        _both(_check("success"), lambda world: world.server.run_queue(world.name)),
    ),
    "merge queue": Guard(
        _protect(queue=True), "waits", "the merge queue", lambda world: None, lambda world: world.server.run_queue(world.name)
    ),
    "auto-merge off": Guard(
        _both(_allow(auto_merge=False), _protect(required_checks=["ci"])),
        "waits",
        "auto-merge is off",
        _check(None),
        _check("success"),
    ),
}


def matrix(server: FakeGitHub) -> list[Outcome]:
    return [outcome(server, name) for name in GUARDS]


def outcome(server: FakeGitHub, name: str) -> Outcome:
    guard, slug = GUARDS[name], name.replace(" ", "-")
    with tempfile.TemporaryDirectory() as folder, GitHubWorld(a_story(), Path(folder), server, f"acme/{slug}-{id(server) % 9973}") as world:
        guard.set_up(world)
        world.release("checkout", "2.8.0")
        world.pass_time(5 * MINUTE)
        if guard.stands != "merged":
            guard.meanwhile(world)
            world.pass_time(3 * MINUTE)
        stands, text = _stands(world), _text(world)
        if guard.then is not None:
            guard.then(world)
        world.settle(30 * MINUTE)
        incident = world.incident()
        end = str(incident.end) if incident else "no incident"
        wrong = None
        if stands != guard.stands:
            wrong = f"{guard.stands} was expected"
        elif guard.says not in text:
            wrong = f"{guard.says!r} was expected in the text"
        elif end != "recovered" and (guard.then is not None or guard.stands == "merged"):
            wrong = "it did not recover"
        return Outcome(name, stands, text, end, wrong)


def _stands(world: GitHubWorld) -> str:
    incident = world.incident()
    if incident is None or not incident.action.pull:
        return "nothing"
    if incident.action.commit:
        return "merged"
    return "person" if incident.action.mode == "propose" else "waits"


def _text(world: GitHubWorld) -> str:
    """The newest of what is said of the change in the record, and so on the pull request, the pages and in `explain`.

    Handed to a person, it is what made it be so: the last but the waiting.
    """
    entries = [entry for entry in world.record() if entry.stage == "change"]
    said = [" ".join((entry.what, *entry.because)) for entry in entries]
    return next((each for each in reversed(said) if not each.startswith("waiting for a person")), "")


def table(outcomes: list[Outcome]) -> str:
    width = max(len(each.guard) for each in outcomes)
    lines = []
    for each in outcomes:
        lines.append(f"{each.guard:<{width}}  {each.stands:<7} {each.end:<10} {each.text}" + (f"  RED: {each.wrong}" if each.wrong else ""))
    return "\n".join(lines)
