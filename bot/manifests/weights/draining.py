"""A bad backend's traffic onto the others of its routes, by an exact edit of the weights; and back, to the same bytes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.manifests import spans
from bot.manifests.pin import Pin
from bot.manifests.weights.split import Share, Split, objection
from bot.manifests.weights.table import splits, unreadable
from bot.objections import Objection


@dataclass(frozen=True, slots=True)
class Shift:
    """One weight that was changed. `object` and `yaml_path` find it again, `line` is 1-based in the file before."""

    path: str
    object: str
    yaml_path: str
    line: int
    backend: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Drained:
    """The file with nothing of its traffic on the bad side; `cautions`: what goes there all the same."""

    text: bytes
    shifts: tuple[Shift, ...]
    cautions: tuple[Objection, ...] = ()


def routed(file: bytes, path: str, backends: Collection[str]) -> tuple[Split, ...]:
    """The splits of a file that know one of the backends."""
    return tuple(split for split in splits(file, path) if split.backends & frozenset(backends))


def share_of(file: bytes, path: str, backend: str) -> float:
    """The greatest part of a route's traffic that goes to a backend now, 0 to 1; 0 where no route that can be read knows it."""
    found = (split for split in routed(file, path, (backend,)) if not any(share.why for share in split.shares))
    return max((_part(split, backend) for split in found), default=0.0)


def _part(split: Split, backend: str) -> float:
    whole = (split.total or 0) if split.rest else sum(share.weight for share in split.shares)
    return sum(share.weight for share in split.shares if share.backend == backend) / whole if whole else 0.0


def drain(file: bytes, path: str, bad: Collection[str]) -> Drained | Objection:
    """Take all traffic of the bad backends (names as in `Share.backend`) away, in every split that knows them.

    Each split's sum stays as it was: the others get what the bad ones had, in proportion to what they have; all other bytes stay.
    The answer is read again before it is given. Anything that is not certain is an objection, with its line.
    """
    names = frozenset(bad)
    found = routed(file, path, names)
    if not found:
        return unreadable(file, path) or objection("no-route", f"no route here knows {', '.join(sorted(names))}", path, 1)
    wanted: dict[Pin, str] = {}
    for split in found:
        weights = _weights(split, names)
        if isinstance(weights, Objection):
            return weights
        wanted |= weights
    changes = {pin: value for pin, value in wanted.items() if pin.value != value}
    if not changes:
        return objection("already-drained", f"{', '.join(sorted(names))} gets no traffic here as it is", path, found[0].line)
    edited = spans.edit(file, changes)
    if isinstance(edited, Objection):
        return edited
    if (why := _unproven(edited, path, names, found, wanted)) is not None:
        return why
    shifts = tuple(_shift(pin, value) for pin, value in sorted(changes.items(), key=lambda each: each[0].start))
    return Drained(edited, shifts, tuple(caution for split in found for caution in split.cautions))


def restore(file: bytes, path: str, shifts: Sequence[Shift]) -> bytes | Objection:
    """Put the weights back that `drain` changed. Of a file that nobody touched since, the very bytes from before.

    An objection where one of them is not what `drain` left: somebody has set it since.
    """
    pins = [share.pin for split in splits(file, path) for share in split.shares if share.pin is not None]
    values: dict[Pin, str] = {}
    for shift in shifts:
        here = {pin for pin in pins if (_object(pin), pin.yaml_path) == (shift.object, shift.yaml_path)}
        held = [pin for pin in here if pin.value == shift.after]
        if len(held) != 1:
            line = next((pin.line for pin in here), shift.line)
            return objection("moved-on", f"{shift.yaml_path} is not {shift.after} any more; left as it is", path, line)
        values[held[0]] = shift.before
    return spans.edit(file, values)


def _weights(split: Split, bad: frozenset[str]) -> Mapping[Pin, str] | Objection:
    """What every weight of a split becomes."""
    if split.against is not None:
        return split.against
    if unread := next((share for share in split.shares if share.why), None):
        if len(split.shares) == 1 and not split.rest:
            return _one_backend(split)
        return objection("weights-unreadable", unread.why, split.path, unread.line)
    lost = [share for share in split.shares if share.backend in bad]
    others = [share for share in split.shares if share.backend not in bad]
    gone = {share.pin: "0" for share in lost if share.pin is not None}
    if split.rest:
        shared = next((share for share in others if share.pin in gone), None)
        why = f"{split.object} routes {shared.backend} by the same weight" if shared else ""
        return objection("weights-shared", why, split.path, split.line) if shared else gone
    return _one_backend(split) if not others else _onto(split, lost, others, gone)


def _onto(split: Split, lost: Sequence[Share], others: Sequence[Share], gone: dict[Pin, str]) -> Mapping[Pin, str] | Objection:
    whole = sum(share.weight for share in split.shares)
    if whole != split.total and split.total is not None:
        return objection("weights-sum", f"the weights of {split.object} sum to {whole}, not {split.total}", split.path, split.line)
    if whole == 0:
        return objection("weights-sum", f"the weights of {split.object} are all 0: nothing is routed", split.path, split.line)
    parts = _parts(sum(share.weight for share in lost), [share.weight for share in others])
    if parts is None:
        names = ", ".join(share.backend for share in others)
        return objection("weights-unclear", f"none of {names} gets traffic now: which is to take it is not said", split.path, split.line)
    pairs = zip(others, parts, strict=True)
    return gone | {share.pin: str(share.weight + part) for share, part in pairs if share.pin is not None}


def _one_backend(split: Split) -> Objection:
    names = ", ".join(sorted(split.backends))
    return objection("one-backend", f"{split.object} routes to nothing but {names} here: there is no other side", split.path, split.line)


def _parts(amount: int, weights: Sequence[int]) -> list[int] | None:
    """Cut an amount into whole parts in proportion to the weights (largest remainders, the first of equals); None where nobody says how."""
    whole = sum(weights)
    if whole == 0:
        return [amount] if len(weights) == 1 else None if amount else [0] * len(weights)
    parts = [amount * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: (-(amount * weights[index] % whole), index))
    for index in order[: amount - sum(parts)]:
        parts[index] += 1
    return parts


def _unproven(edited: bytes, path: str, bad: frozenset[str], before: Sequence[Split], wanted: Mapping[Pin, str]) -> Objection | None:
    """Read the answer as a stranger's: the same splits, and in each the weights that were meant."""
    meant = [[wanted[share.pin] for share in split.shares if share.pin] for split in before]
    read = [[share.pin.value for share in split.shares if share.pin] for split in routed(edited, path, bad)]
    if read == meant:
        return None
    return objection("inexact-edit", "not edited: the route does not read as it was meant to", path, before[0].line)


def _shift(pin: Pin, value: str) -> Shift:
    return Shift(pin.path, _object(pin), pin.yaml_path, pin.line, pin.artefact, pin.value, value)


def _object(pin: Pin) -> str:
    return f"{pin.object_kind}/{pin.namespace}/{pin.object_name}"
