"""A service × its files → which pins of then, and which parts of shared files, are its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.manifests.estate import Service
from bot.manifests.pin import Pin
from bot.releases.release import DesiredState

_Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Share:
    """What a service and the others have of one file that they share, by where pins stand today."""

    ours: frozenset[_Place]
    theirs: frozenset[_Place]

    def has(self, pin: Pin) -> bool:
        """Say whether a pin of any time is the service's. One that is nowhere today goes by its object, then by its artefact."""
        place = pin.place[1:]
        if place in self.ours or place in self.theirs:
            return place in self.ours
        objects = {place[0] for place in self.ours}, {place[0] for place in self.theirs}
        if (place[0] in objects[0]) != (place[0] in objects[1]):
            return place[0] in objects[0]
        return _last(pin.artefact) in {_last(place[2]) for place in self.ours} - {_last(place[2]) for place in self.theirs}


def _last(artefact: str) -> str:
    return artefact.rstrip("/").rpartition("/")[2]


def shares(state: DesiredState, service: Service) -> Mapping[str, Share]:
    """Return the shares of those files that others have pins in too; all that is in the other files is the service's."""
    holders = {path: [ref for ref in state.estate.owners.get(path, ()) if ref != service.ref] for path in service.files}
    if not any(holders.values()):
        return {}
    services = {other.ref: other for other in state.estate.services}
    found = {}
    for path in service.files:
        others = [services[ref] for ref in holders[path] if ref in services]
        ours = _places(service, path)
        theirs = frozenset(place for other in others for place in _places(other, path)) - ours
        if theirs:
            found[path] = Share(ours, theirs)
    return found


def _places(service: Service, path: str) -> frozenset[_Place]:
    return frozenset(pin.place[1:] for pin in service.pins if pin.path == path)


def folders(state: DesiredState, service: Service) -> frozenset[str]:
    """Return the folders whose files are all the service's: what was in them and is gone was its too."""
    mine = {path.rpartition("/")[0] for path in service.files if state.estate.owners.get(path, ()) in ((), (service.ref,))}
    mine.discard("")
    beginnings = tuple(f"{folder}/" for folder in mine)
    near = ((path, owners) for path, owners in state.estate.owners.items() if path.startswith(beginnings))
    theirs = {path.rpartition("/")[0] for path, owners in near if owners and service.ref not in owners}
    return frozenset(mine - theirs)


def documents_of_others(pins: Iterable[Pin], share: Share, changed: Iterable[Pin]) -> frozenset[int]:
    """Return the documents of a shared file where only others have pins, or where this time only theirs changed."""
    ours: set[int] = set()
    theirs: set[int] = set()
    for pin in pins:
        (ours if share.has(pin) else theirs).add(pin.document)
    moved = [(pin.document, share.has(pin)) for pin in changed]
    only_theirs = {document for document, own in moved if not own} - {document for document, own in moved if own}
    return frozenset(theirs - ours | only_theirs)
