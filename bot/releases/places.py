"""Two versions of a file's pins → which are the same place, and what changed there."""

from __future__ import annotations

from collections.abc import Iterable

from bot.manifests.items import akin
from bot.manifests.pin import Pin, PinKind
from bot.releases.release import PinChange


def same_place(pin: Pin, pins: Iterable[Pin]) -> Pin | None:
    """Find a pin again in another version of its file.

    By its place; else, where the file was rearranged or a repository renamed, by what it fixes, if only one pin fits.
    """
    candidates = list(pins)
    exact = [other for other in candidates if other.place == pin.place]
    if exact:
        return exact[0]
    for match in (_same_artefact, _same_path, _akin):
        near = [other for other in candidates if match(pin, other)]
        if len(near) == 1:
            return near[0]
    return None


def _same_artefact(pin: Pin, other: Pin) -> bool:
    image = {PinKind.IMAGE, PinKind.TAG}
    alike = other.kind is pin.kind or {other.kind, pin.kind} <= image
    return alike and bool(pin.artefact) and (other.artefact, other.object_name) == (pin.artefact, pin.object_name)


def _same_path(pin: Pin, other: Pin) -> bool:
    return (other.yaml_path, other.object_kind, other.object_name) == (pin.yaml_path, pin.object_kind, pin.object_name)


def _akin(pin: Pin, other: Pin) -> bool:
    """The list may name its items by one key more, since one alone no longer tells them apart."""
    same = (other.object_kind, other.object_name, other.artefact) == (pin.object_kind, pin.object_name, pin.artefact)
    return same and akin(pin.yaml_path, other.yaml_path)


def pin_changes(before: Iterable[Pin], after: Iterable[Pin]) -> tuple[PinChange, ...]:
    """List the places whose value differs, those that came (`before` None) and those that went (`after` None)."""
    old, new = list(before), list(after)
    places = {pin.place for pin in new}
    moved = [pin for pin in old if pin.place not in places]
    known = {pin.place: pin for pin in old}
    pairs = {pin.place: (pin, known.get(pin.place) or same_place(pin, moved)) for pin in new}
    found = {then.place for _, then in pairs.values() if then}
    changes = [
        _change(now, then.value if then else None, now.value) for now, then in pairs.values() if then is None or then.value != now.value
    ]
    return (*changes, *(_change(pin, pin.value, None) for pin in old if pin.place not in found))


def _change(pin: Pin, before: str | None, after: str | None) -> PinChange:
    return PinChange(pin.path, pin.yaml_path, pin.artefact, before, after)
