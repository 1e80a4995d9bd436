"""A merge of one of our branches → its record with our commit's trailers: a button's own message leaves them out of the line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from bot.refs import Sha

OBJECT = Callable[[Sha], tuple[str, bytes] | None]
"""A name → type and bytes of a Git object."""
CONTAINS = Callable[[Sha, Sha], bool]

_TRAILER = b"Rollback-"
_BRANCH = b"rollbot/"
_DEEP = 8
"""So many commits that others put on a branch of ours (the button "Update branch" makes one) are looked below."""


def brought(found: Iterable[list[bytes]], read: OBJECT, contains: CONTAINS) -> Iterator[list[bytes]]:
    """Add our trailers, as a last paragraph, to the messages of merges whose merged branch holds a commit with them."""
    for record in found:
        if b" " not in record[1]:
            yield record
            continue
        first, *others = record[1].decode().split()
        trailers = next(filter(None, (_ours(Sha(tip), Sha(first), _BRANCH in record[5], read, contains) for tip in others)), b"")
        if trailers and trailers not in record[5]:
            yield [*record[:5], record[5].rstrip() + b"\n\n" + trailers + b"\n", *record[6:]]
        else:
            yield record


def _ours(tip: Sha, first: Sha, named: bool, read: OBJECT, contains: CONTAINS) -> bytes:
    """Return the trailers of the newest commit of ours that is on the merged branch and not below the merge's first parent."""
    at: Sha | None = tip
    for _ in range(_DEEP):
        found = read(at) if at else None
        if found is None or found[0] != "commit":
            return b""
        head, _, message = found[1].partition(b"\n\n")
        if said := _trailers(message):
            return b"" if contains(first, at or tip) else said
        if not named and _BRANCH not in message:
            return b""
        at = next((Sha(line[7:].decode()) for line in head.split(b"\n") if line.startswith(b"parent ")), None)
    return b""


def _trailers(message: bytes) -> bytes:
    last = message.rstrip().rpartition(b"\n\n")[2].split(b"\n")
    return b"\n".join(line for line in last if line.startswith(_TRAILER))
