"""Pins of a tree → whose they are: the services of a repository, their environments and files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bot.manifests.environments import ARCHIVES, STRONG, WEAK, Location, Place, locate, word
from bot.manifests.estate import Estate, Service
from bot.manifests.homonyms import told_apart
from bot.manifests.inclusions import includes, may_include, reached
from bot.manifests.naming import IMAGES, Layout, Owner, aliases, last, names_in, owners
from bot.manifests.ownership import companions
from bot.manifests.pin import Pin, PinKind, Reading
from bot.manifests.read import is_ours
from bot.manifests.rules import ManifestRules
from bot.refs import ServiceRef

__all__ = ["assign", "includes", "may_include"]

DEFAULT = Place("default")
_ORDER = {PinKind.CHART: 1, PinKind.APP_VERSION: 2, PinKind.VARIABLE: 3, PinKind.REF: 4}
_Key = tuple[Place, str]


def assign(
    repository: str,
    tree: Iterable[str],
    readings: Mapping[str, Reading],
    rules: ManifestRules,
    inclusions: Mapping[str, tuple[str, ...]] | None = None,
) -> Estate:
    """Say whose every pin and file is. `inclusions`: what `includes` found in each kustomization; without it folders tell.

    A pin that several services or environments use belongs to each of them, and its file is listed in their `shared`.
    """
    layout = _layout(repository, [path for path in tree if not is_ours(path)], readings, rules, inclusions or {})
    places = _places(layout)
    owned = told_apart(layout, list(owners(layout)), places)
    named = _environments_of(layout, owned, places)
    pins: dict[_Key, list[Pin]] = defaultdict(list)
    for pin, found in owned:
        for owner in found:
            for place in _where(pin, owner, places, named):
                pins[place, owner.name].append(pin)
    files = companions(layout, places, pins, DEFAULT)
    return _estate(layout, pins, files)


def _layout(
    repository: str, tree: Iterable[str], readings: Mapping[str, Reading], rules: ManifestRules, inclusions: Mapping[str, tuple[str, ...]]
) -> Layout:
    pins = {path: reading.pins for path, reading in readings.items() if reading.pins}
    paths = list(dict.fromkeys((*tree, *pins)))
    locations = {path: locate(path, rules.environments) for path in paths}
    return Layout(repository, locations, _folders(paths), pins, inclusions, rules)


def _folders(paths: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """Folder → what lies directly in it, folders with a slash at their end."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for path in paths:
        entry, known = path, False
        while entry and not known:
            folder = entry.rstrip("/").rpartition("/")[0]
            known = entry in found[folder]
            found[folder][entry] = None
            entry = f"{folder}/" if folder else ""
    return {folder: tuple(entries) for folder, entries in found.items()}


def _places(layout: Layout) -> Mapping[str, tuple[Place, ...]]:
    """Where each file is used: what its path says, and the environments of the kustomizations that include it; empty where none tells."""
    roots: dict[Place, list[str]] = defaultdict(list)
    units: dict[tuple[str, ...], set[Place]] = defaultdict(set)
    for path, location in layout.locations.items():
        if location.place:
            if location.place.environment not in ARCHIVES:
                units[location.unit].add(location.place)
            if path in layout.inclusions:
                roots[location.place].append(path)
    used: dict[str, set[Place]] = defaultdict(set)
    for place, kustomizations in roots.items():
        for path in reached(kustomizations, layout.inclusions, layout.files_in):
            used[path].add(place)
    return {
        path: tuple(sorted(_combined(location.place, used.get(path) or _neighbours(location, units))))
        for path, location in layout.locations.items()
    }


def _neighbours(location: Location, units: Mapping[tuple[str, ...], set[Place]]) -> set[Place]:
    """Who uses a base that no kustomization is seen to include: the environments beside it, or the clusters of its own."""
    found = units.get(location.unit, set()) if location.base else set()
    return {place for place in found if location.place is None or (place.cluster and place.environment == location.place.environment)}


def _combined(own: Place | None, users: set[Place]) -> set[Place]:
    """The places of a file that says `own` itself and is included from `users`."""
    if own is None or not users:
        return users or ({own} if own else set())
    if own.cluster:
        return users | {own} if any(user.environment != own.environment for user in users) else {own}
    closer = {Place(own.environment, user.environment) if _only_cluster(user) else user for user in users}
    return closer if any(place.environment == own.environment for place in closer) else closer | {own}


def _only_cluster(place: Place) -> bool:
    return not place.cluster and place.environment.lower() not in STRONG | WEAK


def _environments_of(
    layout: Layout, owned: Sequence[tuple[Pin, tuple[Owner, ...]]], places: Mapping[str, tuple[Place, ...]]
) -> Mapping[str, tuple[Place, ...]]:
    """Service name → the environments that some file of its own names."""
    found: dict[str, set[Place]] = defaultdict(set)
    for pin, its in owned:
        for owner in its:
            found[owner.name].update((owner.place,) if owner.place else places[pin.path])
    for location in layout.locations.values():
        if location.values and location.place and location.stem in found:
            found[location.stem].add(location.place)  # values without a version serve it too
    return {name: tuple(sorted(place for place in where if place.environment not in ARCHIVES)) for name, where in found.items()}


def _where(pin: Pin, owner: Owner, places: Mapping[str, tuple[Place, ...]], named: Mapping[str, tuple[Place, ...]]) -> Sequence[Place]:
    if owner.place:
        return (owner.place,)
    if places[pin.path]:
        return places[pin.path]
    meaning = word(pin.namespace, {}) if pin.namespace else None
    if meaning and meaning[0].lower() in STRONG:
        return (Place(meaning[0]),)
    if not pin.object_name or pin.object_kind in ("", "HelmfileRelease"):
        return named[owner.name] or (DEFAULT,)  # a chart, its values or a release list serve all environments of their name
    return (DEFAULT,)


def _estate(layout: Layout, pins: Mapping[_Key, Sequence[Pin]], files: Mapping[_Key, Sequence[str]]) -> Estate:
    refs = {key: ServiceRef(layout.repository, key[0].environment, key[1], key[0].cluster or None) for key in sorted({*pins, *files})}
    held: dict[str, list[ServiceRef]] = defaultdict(list)
    for key, ref in refs.items():
        for path in dict.fromkeys((*(pin.path for pin in pins.get(key, ())), *files.get(key, ()))):
            held[path].append(ref)
    its: dict[ServiceRef, list[str]] = defaultdict(list)
    for path in sorted(held):
        for ref in held[path]:
            its[ref].append(path)
    services = []
    for key, ref in refs.items():
        mine = tuple(sorted(pins.get(key, ()), key=lambda pin: (pin.path, pin.start)))
        shared = tuple(path for path in its[ref] if len(held[path]) > 1)
        services.append(Service(ref, mine, tuple(its[ref]), shared, _primary(ref, mine, shared, layout), aliases(ref.name, mine)))
    return Estate(tuple(services), {path: tuple(refs) for path, refs in held.items()})


def _primary(ref: ServiceRef, pins: Sequence[Pin], shared: Sequence[str], layout: Layout) -> Pin | None:
    """The pin that names the service's version: a rule's, else image before chart before ref, its own name first, own file first."""
    for pin in pins:
        found = layout.rule(pin)
        if found and found[0].primary == pin.yaml_path:
            return pin
    common, plain = frozenset(shared), _letters(ref.name)

    def rank(pin: Pin) -> tuple[int, int, bool, bool, int, str, int]:
        its_own = (
            0 if ref.name in {last(name) for name in names_in(pin)} else 1 if plain in _letters(last(pin.artefact), pin.yaml_path) else 2
        )
        main = pin.kind is not PinKind.DIGEST and "initContainers" not in pin.yaml_path
        return (
            0 if pin.kind in IMAGES else _ORDER[pin.kind],
            its_own,
            not main,
            pin.path in common,
            pin.yaml_path.count("."),
            pin.path,
            pin.start,
        )

    return min(pins, key=rank, default=None)


def _letters(*texts: str) -> str:
    """`mediawiki-143` and `mediaWiki143` are the same word."""
    return " ".join("".join(filter(str.isalnum, text)).lower() for text in texts)
