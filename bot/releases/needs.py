"""A desired state × a service × one of its releases → what that release declares to need of others, each with file and line.

Annotations live in the manifests, so the manifests as they were last while an old release stood say what that one needs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

from bot.manifests.declared import Annotation
from bot.manifests.documents import Map, Seq, parse_each
from bot.manifests.estate import Service
from bot.manifests.read import OURS
from bot.manifests.rules import GroupRule
from bot.objections import Objection, Weight
from bot.refs import ServiceRef, Sha
from bot.releases.lineage import reading
from bot.releases.ordering import Order
from bot.releases.release import DesiredState
from bot.releases.requires import Clause, Unreadable, admits, bounds, names, requires, wave
from bot.releases.touched import touched

CONFIG = f"{OURS}.yaml"
REQUIRES, ALONG, WAVE = "requires", "rollback-with", "wave"
KEYS = frozenset((REQUIRES, ALONG, WAVE))


@dataclass(frozen=True, slots=True)
class Said:
    """One declaration as it is written, and where."""

    key: str
    text: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Requirement:
    """`of` needs one service's version to be within the clause's bounds."""

    of: ServiceRef
    other: ServiceRef
    clause: Clause
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Along:
    """Where `of` goes back, `other` goes back with it."""

    of: ServiceRef
    other: ServiceRef
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Needs:
    """What one release declares. `wave`: None where it does not say. `wrong`: what cannot be read of it, or names nobody."""

    requires: tuple[Requirement, ...] = ()
    along: tuple[Along, ...] = ()
    wave: int | None = None
    wrong: tuple[Objection, ...] = ()


@lru_cache(maxsize=4)  # the steps of an incident ask of the same state
def declared(state: DesiredState) -> Mapping[ServiceRef, tuple[Said, ...]]:
    """What manifests at HEAD declare, by service; only services whose manifests say something."""
    heads = (key for key in state.readings if state.tree.get(key[0]) == key[1])
    speaking = {path for path, blob in heads if any(each.key in KEYS for each in state.readings[path, blob].annotations)}
    owners = {ref for path in speaking for ref in state.estate.owners.get(path, ())}
    services = [service for service in state.estate.services if service.ref in owners] if owners else []
    return {service.ref: said for service in services if (said := said_now(state, service))}


def said_now(state: DesiredState, service: Service) -> tuple[Said, ...]:
    """What a service's manifests declare at HEAD."""
    return tuple(_said(state, service, ((path, state.tree.get(path)) for path in service.files)))


def said_before(state: DesiredState, service: Service, commit: Sha) -> tuple[Said, ...]:
    """What a service's manifests declared just before a commit of the line."""
    return tuple(_said(state, service, _blobs_before(state, service.files, commit)))


def _blobs_before(state: DesiredState, paths: Iterable[str], commit: Sha) -> Iterator[tuple[str, Sha | None]]:
    index = touched(state.log)
    position = next((at for at, each in enumerate(state.log, -len(state.log)) if each.sha == commit), 0)
    for path in paths:
        since = [change for at, change in index.by_path.get(path, ()) if at <= position]
        yield path, since[-1].before if since else state.tree.get(path)


def _said(state: DesiredState, service: Service, files: Iterable[tuple[str, Sha | None]]) -> Iterator[Said]:
    for path, blob in files:
        for each in reading(state, path, blob).annotations if blob is not None else ():
            if each.key in KEYS and _speaks_of(state, service, path, each):
                yield Said(each.key, each.value, path, each.line)


def _speaks_of(state: DesiredState, service: Service, path: str, said: Annotation) -> bool:
    """Whether an annotation in a file of several services is this one's: by its object's name, else by the pins of its document."""
    owners = {ref for ref in state.estate.owners.get(path, ()) if ref.name != service.ref.name}
    others = [other for other in state.estate.services if other.ref in owners] if owners else []
    if not others or said.object_name in _names(service):
        return True
    if any(said.object_name in _names(other) for other in others):
        return False
    here = {ref for ref, pins in ((each.ref, each.pins) for each in (service, *others)) if _in(pins, path, said.document)}
    return not here or service.ref in here


def _in(pins: Iterable[object], path: str, document: int) -> bool:
    return any((getattr(pin, "path", ""), getattr(pin, "document", -1)) == (path, document) for pin in pins)


def _names(service: Service) -> frozenset[str]:
    return frozenset((service.ref.name, *(alias.rpartition("/")[2] for alias in service.aliases)))


def needs(state: DesiredState, service: ServiceRef, version: str, order: Order, said: Iterable[Said]) -> Needs:
    """Read what was said of a release, and what `.rollbot.yaml` says of that version; what cannot be read is told, not guessed."""
    found: list[Requirement] = []
    along: list[Along] = []
    waves: list[int] = []
    wrong: list[Objection] = []
    for each in dict.fromkeys((*said, *_configured(state, service, version, order))):
        try:
            match each.key:
                case "requires":
                    for clause in requires(each.text):
                        found += [Requirement(service, ref, clause, each.path, each.line) for ref in _meant(state, service, clause.name)]
                case "rollback-with":
                    along += [
                        Along(service, ref, each.path, each.line) for name in names(each.text) for ref in _meant(state, service, name)
                    ]
                case _:
                    waves.append(wave(each.text))
        except Unreadable as error:
            why = f"{service}'s {each.key} cannot be read: {error}"
            wrong.append(Objection("unreadable-requirement", why, Weight.FORBIDS, each.path, each.line))
        except _Unknown as error:
            why = f"{service}'s {each.key} names {error.name}, {error}"
            wrong.append(Objection("unknown-requirement", why, Weight.FORBIDS, each.path, each.line))
    return Needs(tuple(found), tuple(along), max(waves, default=None), tuple(wrong))


class _Unknown(Exception):
    def __init__(self, name: str, why: str) -> None:
        super().__init__(why)
        self.name = name


def _meant(state: DesiredState, service: ServiceRef, name: str) -> tuple[ServiceRef, ...]:
    """The services that a name means to another: of its own environment and cluster, unless it says which. Raises _Unknown."""
    place, _, own = name.rpartition("/")
    found = [each.ref for each in state.estate.named(own, place or service.environment)]
    near = [ref for ref in found if ref.cluster == service.cluster] or found
    if not near:
        like = ", ".join(map(str, state.estate.like(own)[:3]))
        raise _Unknown(name, f"and there is no such service in {place or service.environment}" + (f" (near: {like})" if like else ""))
    if len({ref.name for ref in near}) > 1:
        raise _Unknown(name, f"which fits several services: {', '.join(map(str, near[:5]))}")
    return tuple(near)


def _configured(state: DesiredState, service: ServiceRef, version: str, order: Order) -> Iterator[Said]:
    for number, rule in enumerate(state.rules.groups):
        if _covers(rule, service) and (not rule.versions or admits(bounds(rule.versions), version, order)):
            line = _line(state, number)
            texts = ((REQUIRES, rule.requires), (ALONG, rule.rollback_with), (WAVE, "" if rule.wave is None else str(rule.wave)))
            yield from (Said(key, text, CONFIG, line) for key, text in texts if text)


def spoken_for(state: DesiredState, service: ServiceRef) -> bool:
    """Whether `.rollbot.yaml` declares something of a service."""
    return any(_covers(rule, service) for rule in state.rules.groups)


def _covers(rule: GroupRule, service: ServiceRef) -> bool:
    places = [place for place in (service.environment, service.cluster) if place]
    return fnmatchcase(service.name, rule.service) and any(fnmatchcase(place, rule.environment) for place in places)


@lru_cache(maxsize=64)
def _line(state: DesiredState, number: int) -> int:
    """The line of a row of `groups` in `.rollbot.yaml` as it stands at HEAD."""
    documents = parse_each(state.file(CONFIG) or b"").documents
    root = documents[0].root if documents else None
    groups = root.at("groups") if isinstance(root, Map) else None
    rows = groups.items if isinstance(groups, Seq) else []
    return (rows[number].line or 1) if number < len(rows) else 1
