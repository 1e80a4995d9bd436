"""A rollback that somebody merged in words of their own → its record with our trailers, so that the line says what it was.

Of a merge they are those of the commit it brought in; of a squash, what the quarantine that came with it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import yaml

from bot.quarantine import FOLDER, Quarantine
from bot.refs import Sha

OBJECT = Callable[[Sha], tuple[str, bytes] | None]
"""A name → type and bytes of a Git object."""
CONTAINS = Callable[[Sha, Sha], bool]

_TRAILER = b"Rollback-"
_BRANCH = b"rollbot/"
_QUARANTINE = f"{FOLDER}/".encode()
_DEEP = 8
"""So many commits that others put on a branch of ours (the button "Update branch" makes one) are looked below."""


def brought(found: Iterable[list[bytes]], read: OBJECT, contains: CONTAINS) -> Iterator[list[bytes]]:
    """Add our trailers, as a last paragraph, to the messages of such commits."""
    for record in found:
        trailers = b"" if _TRAILER in record[5] else _merged(record, read, contains) or _squashed(record, read)
        if trailers:
            yield [*record[:5], record[5].rstrip() + b"\n\n" + trailers + b"\n", *record[6:]]
        else:
            yield record


def _merged(record: list[bytes], read: OBJECT, contains: CONTAINS) -> bytes:
    if b" " not in record[1]:
        return b""
    first, *others = record[1].decode().split()
    return next(filter(None, (_ours(Sha(tip), Sha(first), _BRANCH in record[5], read, contains) for tip in others)), b"")


def _squashed(record: list[bytes], read: OBJECT) -> bytes:
    """Return the trailers of a rollback whose quarantine this commit added."""
    added = (raw for raw, name in zip(record[7::2], record[8::2], strict=True) if name.startswith(_QUARANTINE) and raw.endswith(b" A"))
    kept = [quarantine for raw in added if (quarantine := _quarantine(read(Sha(raw.split(b" ")[3].decode()))))]
    pairs = [(name, value) for each in kept for name, value in (("Service", each.service), ("Environment", each.environment))]
    if kept:
        pairs += [("Release", kept[0].commit), ("From", kept[0].version), ("Incident", kept[0].incident)]
    lines = (f"Rollback-{name}: {' '.join(value.split())}".encode() for name, value in pairs if value.strip())
    return b"\n".join(lines)


def _quarantine(found: tuple[str, bytes] | None) -> Quarantine | None:
    try:
        return Quarantine.of(yaml.safe_load(found[1])) if found else None
    except (yaml.YAMLError, KeyError, TypeError, ValueError):
        return None  # somebody's own file: it says nothing of us


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
