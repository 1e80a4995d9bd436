"""The fault matrix: every write × every way in which an answer goes wrong; the end must be as if nothing had."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.changes.change import Mark
from bot.errors import Unavailable
from bot.refs import Sha
from bot.signals.signal import Reaction, Thread
from tests.adapters.forges.github.hub import BRANCH, Hub
from tests.github.server import FakeGitHub

KINDS = ("502_after", "cut_after", "cut_before", "403_secondary", "stale")
TRIES = 3
"""As often is a step taken again that found the forge unavailable, as the reconciler does."""


@dataclass(frozen=True, slots=True)
class Write:
    """`fault` is what the fault strikes: the write itself; `stale` the reads that go wrong instead of it."""

    fault: str
    stale: str
    act: Callable[[Hub], object]
    before: Callable[[Hub], object] = lambda hub: None


def _merge(hub: Hub) -> object:
    pull = hub.forge.find(BRANCH)
    assert pull
    return hub.forge.merge(pull, pull.head)


def _close(hub: Hub) -> object:
    pull = hub.forge.find(BRANCH)
    assert pull
    return hub.forge.close(pull, "it went by itself")


def _commented(hub: Hub) -> int:
    return int(hub.server.say(hub.name, hub.server.open_issue(hub.name, "It fails", "ada"), "ada", "/rollback shop"))


def _react(hub: Hub) -> object:
    comment = hub.seen = getattr(hub, "seen", None) or _commented(hub)  # type: ignore[attr-defined]
    hub.talk.react(Thread(hub.name, 1), comment, Reaction.SEEN)
    hub.start()  # what was begun has to be found again: within one run nothing is read
    return hub.talk.react(Thread(hub.name, 1), comment, Reaction.DONE)


def _data(hub: Hub) -> object:
    """A branch of an earlier base is made anew on the newest one, by the Git data API."""
    hub.repository.fetch()
    return hub.forge.commit(hub.change())


def _outdated(hub: Hub) -> None:
    hub.proposed()
    hub.somebody_pushes()


WRITES: Mapping[str, Write] = {
    "ref": Write(r"POST /repos/[^ ]+/git/refs$", r"GET /repos/[^ ]+/git/ref/", lambda hub: hub.forge.commit(hub.change())),
    "commit": Write(r"createCommitOnBranch", r"GET /repos/[^ ]+/git/", lambda hub: hub.forge.commit(hub.change())),
    "commit anew": Write(r"POST /repos/[^ ]+/git/commits$", r"GET /repos/[^ ]+/git/", _data, _outdated),
    "branch anew": Write(r"PATCH /repos/[^ ]+/git/refs/", r"GET /repos/[^ ]+/git/ref", _data, _outdated),
    "pull": Write(
        r"POST /repos/[^ ]+/pulls$",
        r"GET /repos/[^ ]+/pulls",
        lambda hub: hub.forge.open(hub.change()),
        lambda hub: hub.forge.commit(hub.change()),
    ),
    "pull edited": Write(
        r"PATCH /repos/[^ ]+/pulls/\d+$",
        r"GET /repos/[^ ]+/pulls",
        lambda hub: hub.forge.open(hub.change(body=f"{hub.change().marker}\nIt still fails.\n")),
        lambda hub: hub.proposed(),
    ),
    "label": Write(r"POST /repos/[^ ]+/issues/\d+/labels$", r"GET /repos/[^ ]+/pulls", lambda hub: hub.proposed()),
    "comment": Write(
        r"POST /repos/[^ ]+/issues/\d+/comments$",
        r"GET /repos/[^ ]+/issues/\d+/comments",
        lambda hub: (hub.forge.comment(1, "state", "waiting"), hub.forge.comment(1, "state", "waiting")),
        lambda hub: hub.proposed(),
    ),
    "comment edited": Write(
        r"PATCH /repos/[^ ]+/issues/comments/\d+$",
        r"GET /repos/[^ ]+/issues/(\d+/comments|comments/\d+)",
        lambda hub: hub.forge.comment(1, "state", "merged"),
        lambda hub: (hub.proposed(), hub.forge.comment(1, "state", "waiting")),
    ),
    "reaction": Write(r"POST /repos/[^ ]+/issues/comments/\d+/reactions$", r"GET /repos/[^ ]+/reactions", _react),
    "reaction deleted": Write(r"DELETE /repos/[^ ]+/reactions/\d+$", r"GET /repos/[^ ]+/reactions", _react),
    "status": Write(
        r"POST /repos/[^ ]+/statuses/",
        r"GET /repos/[^ ]+/commits/[^ ]+/status$",
        lambda hub: hub.forge.mark(hub.base, Mark("rollbot", "failure", "rolled back")),
    ),
    "merge": Write(r"PUT /repos/[^ ]+/pulls/\d+/merge$", r"GET /repos/[^ ]+/pulls/\d+$", _merge, lambda hub: hub.proposed()),
    "close": Write(r"PATCH /repos/[^ ]+/pulls/\d+$", r"GET /repos/[^ ]+/pulls/\d+$", _close, lambda hub: hub.proposed()),
    "branch deleted": Write(r"DELETE /repos/[^ ]+/git/refs/", r"GET /repos/[^ ]+/git/ref/", _close, lambda hub: hub.proposed()),
    "push": Write(r"git-receive-pack$", r"/info/refs$", lambda hub: hub.repository.write(hub.change())),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """`tries`: how often the step was taken; `wrong`: what differs from the end without a fault, None where nothing does."""

    write: str
    kind: str
    tries: int
    struck: bool
    wrong: str | None

    @property
    def red(self) -> bool:
        return self.wrong is not None

    def __str__(self) -> str:
        if self.wrong is not None:
            return f"RED {self.wrong}"
        return "same" if self.tries == 1 else f"same ({self.tries} tries)"


def matrix(server: FakeGitHub) -> list[Cell]:
    return [cell(server, write, kind) for write in WRITES for kind in KINDS]


def cell(server: FakeGitHub, name: str, kind: str) -> Cell:
    write = WRITES[name]
    expected, _, _ = _lived(server, f"{name}-{kind}-well", write, None)
    found, tries, struck = _lived(server, f"{name}-{kind}", write, (write.stale if kind == "stale" else write.fault, kind))
    differing = [key for key in expected if expected[key] != found.get(key)]
    wrong = "; ".join(f"{key}: {expected[key]!r} → {found.get(key)!r}" for key in differing) or None
    if not struck:
        wrong = "the fault was never met: the cell says nothing"
    if tries > TRIES:
        wrong = f"never done; {wrong}"
    return Cell(name, kind, tries, struck, wrong)


def _lived(server: FakeGitHub, name: str, write: Write, fault: tuple[str, str] | None) -> tuple[dict[str, Any], int, bool]:
    slug = hashlib.sha256(f"{name}{id(server)}".encode()).hexdigest()[:10]
    with tempfile.TemporaryDirectory() as folder, Hub(server, Path(folder), f"acme/shop-{slug}") as hub:
        write.before(hub)
        if fault is not None:
            server.fault(*fault)
        tries = 1
        while tries <= TRIES:
            try:
                write.act(hub)
                break
            except Unavailable:
                tries += 1
                hub.start()
        struck = fault is not None and not server.faults
        server.faults.clear()
        return left(hub), tries, struck


def left(hub: Hub) -> dict[str, Any]:
    """What GitHub holds in the end, without the names that depend on the time."""
    pulls = sorted(hub.server.pulls(hub.name), key=lambda pull: int(pull.number))
    branches = {branch: [subject for _, _, subject in hub.origin.log(branch)] for branch in hub.origin.branches()}
    heads = [hub.origin.head(), *filter(None, (hub.origin.head(branch) for branch in branches))]
    return {
        "branches": branches,
        "trees": [_files(hub, head) for head in heads if head],
        "messages": [hub.origin.message(head) for head in heads if head],
        "pulls": [(pull.number, pull.state, pull.merged, pull.title, pull.body, sorted(pull.labels)) for pull in pulls],
        "comments": {pull.number: [comment.body for comment in hub.server.comments(hub.name, pull.number)] for pull in pulls},
        "statuses": [(each.context, each.state) for sha, _, _ in hub.origin.log() for each in hub.server.statuses(hub.name, sha)],
        "reactions": _reactions(hub),
    }


def _files(hub: Hub, head: Sha) -> dict[str, bytes | None]:
    paths = hub.origin.paths(head, "")
    return dict(zip(paths, hub.origin.read([(head, path) for path in paths]), strict=True))


def _reactions(hub: Hub) -> list[str]:
    seen = getattr(hub, "seen", None)
    return [] if seen is None else sorted(str(each.content) for each in hub.server.reactions(hub.name, seen))


def table(cells: list[Cell]) -> str:
    """A row a write, a column a fault."""
    width = max(len(cell.write) for cell in cells)
    lines = [" " * width + "  " + "  ".join(f"{kind:<15}" for kind in KINDS)]
    for write in dict.fromkeys(cell.write for cell in cells):
        row = {cell.kind: cell for cell in cells if cell.write == write}
        lines.append(f"{write:<{width}}  " + "  ".join(f"{('RED' if row[kind].red else str(row[kind])):<15}" for kind in KINDS))
    return "\n".join([*lines, *(f"RED {cell.write} × {cell.kind}: {cell.wrong}" for cell in cells if cell.red)])
