"""A few new commits → what `git log` would print of them, out of objects that are mostly at hand and without a process of its own.

Only where that is beyond doubt: whatever is unusual is left to git.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.adapters.git.blobs import Blobs
from bot.adapters.git.trees import FOLDER, Entry, Trees
from bot.refs import Sha

_MOST = 4
"""So many commits at most: each costs an exchange with git before it is known whether they suffice."""
_HEAD = re.compile(
    rb"tree [0-9a-f]+\n(?P<parents>(?:parent [0-9a-f]+\n)+)"
    rb"author (?P<name>[^<>\s](?:[^<>\n]*[^<>\s])?) <(?P<email>[^<>\s]+)> \d+ [+-]\d{4}\n"
    rb"committer [^<>\n]+ <[^<>\s]+> (?P<time>\d+) [+-]\d{4}(?P<more>(?:\n.*)*)"
)
_NONE = b"000000"


def walked(blobs: Blobs, trees: Trees, head: Sha, tip: Sha) -> list[list[bytes]] | None:
    """Return the records of the first-parent line from `head` down to `tip`, which is left out; None where git has to say.

    Where the repository was cut, or its history grafted, commits have other parents than they name: not to be asked then.
    """
    found: list[tuple[Sha, Sha, list[bytes]]] = []
    at = head
    while at != tip:
        told = _told(blobs, at) if len(found) < _MOST else None
        if told is None:
            return None
        first, record = told
        found.append((at, first, record))
        at = first
    return [[*record, *_changes(trees, first, commit)] for commit, first, record in found]


def _told(blobs: Blobs, name: Sha) -> tuple[Sha, list[bytes]] | None:
    """Read a commit's first parent and what is printed of it besides its files, None where anything is unusual."""
    found = blobs.object(name)
    if found is None or found[0] != "commit":
        return None
    head, _, message = found[1].partition(b"\n\n")
    match = _HEAD.fullmatch(head)
    if match is None or b"\nencoding " in match["more"] or b"\0" in found[1]:  # git would print another text, or a part of it
        return None
    parents = [line.removeprefix(b"parent ") for line in match["parents"].splitlines()]
    record = [b"\x01" + name.encode(), b" ".join(parents), match["time"], match["name"], match["email"], message, b""]
    return Sha(parents[0].decode()), record


def _changes(trees: Trees, before: Sha, after: Sha) -> Iterator[bytes]:
    """Yield `:modes blobs status` and path of each file that is another, in git's order."""
    size = len(after)
    changes = sorted(_differences(trees, trees.root(before), trees.root(after), ""), key=lambda change: change[0])
    for number, (path, was, now) in enumerate(changes):
        modes = [entry.mode.encode() if entry else _NONE for entry in (was, now)]
        names = [entry.name.encode() if entry else b"0" * size for entry in (was, now)]
        yield b"\n:"[number > 0 :] + b" ".join([*modes, *names, _status(was, now)])
        yield path


def _status(was: Entry | None, now: Entry | None) -> bytes:
    if was is None or now is None:
        return b"A" if was is None else b"D"
    return b"M" if was.mode[:3] == now.mode[:3] else b"T"


def _differences(trees: Trees, old: Sha | None, new: Sha | None, under: str) -> Iterator[tuple[bytes, Entry | None, Entry | None]]:
    before, after = ({} if tree is None else trees.entries(tree) for tree in (old, new))
    for name in {**before, **after}:
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        inside = [entry.name if entry and entry.mode == FOLDER else None for entry in (was, now)]
        if any(inside):
            yield from _differences(trees, inside[0], inside[1], f"{under}{name}/")
        files = [entry if entry and entry.mode != FOLDER else None for entry in (was, now)]
        if any(files):
            yield (under + name).encode(errors="surrogateescape"), files[0], files[1]
