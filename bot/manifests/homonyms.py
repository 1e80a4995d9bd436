"""Services of one name that have nothing to do with each other → told apart by a qualifier: `redis.shop`, `redis.billing`."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.manifests.environments import BASES, MARKERS, Place
from bot.manifests.inclusions import KUSTOMIZATIONS, listed, reached
from bot.manifests.naming import SOURCES, Layout, Owner
from bot.manifests.pin import Pin

_Owned = Sequence[tuple[Pin, tuple[Owner, ...]]]
_Unit = tuple[str, ...]


def told_apart(layout: Layout, owned: _Owned, places: Mapping[str, tuple[Place, ...]]) -> _Owned:
    """Qualify the names under which one environment holds the same object twice, in folders that do not include one another."""
    objects = _objects(layout, owned, places)
    twice = {name for name, seen in objects.items() if any(len(units) > 1 for units in seen.values())}
    if not twice:
        return owned
    lists = _listing(layout)
    groups = {name: _groups(name, objects[name], layout, lists) for name in sorted(twice)}
    labels = {name: _labels(its, layout) for name, its in groups.items() if len(its) > 1}
    beginnings = {name: _beginnings(its) for name, its in labels.items()}
    return [(pin, tuple(_qualified(owner, pin, labels, beginnings, layout) for owner in owners)) for pin, owners in owned]


def _objects(
    layout: Layout, owned: _Owned, places: Mapping[str, tuple[Place, ...]]
) -> Mapping[str, Mapping[tuple[Place | None, str, str], Mapping[_Unit, set[str]]]]:
    """Service name → (place, kind, object's name) → unit → the files that define that object there."""
    found: dict[str, dict[tuple[Place | None, str, str], dict[_Unit, set[str]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(set))
    )
    for pin, owners in owned:
        if pin.object_name and pin.object_kind not in SOURCES and pin.path.rpartition("/")[2] not in KUSTOMIZATIONS:
            for owner in owners:
                if not owner.fixed:
                    unit = layout.locations[pin.path].unit
                    for place in (owner.place,) if owner.place else places[pin.path] or (None,):
                        found[owner.name][place, pin.object_kind, pin.object_name][unit].add(pin.path)
    return found


def _listing(layout: Layout) -> Mapping[str, Sequence[str]]:
    """File → the kustomizations that list it themselves."""
    found: dict[str, list[str]] = defaultdict(list)
    for kustomization in layout.inclusions:
        for file in listed(kustomization, layout.inclusions, layout.files_in):
            found[file].append(kustomization)
    return found


def _groups(
    name: str,
    objects: Mapping[tuple[Place | None, str, str], Mapping[_Unit, set[str]]],
    layout: Layout,
    lists: Mapping[str, Sequence[str]],
) -> list[dict[_Unit, set[str]]]:
    """The units that define this name's objects, joined where one's kustomization changes what the other defines."""
    files: dict[_Unit, set[str]] = defaultdict(set)
    for units in objects.values():
        for unit, paths in units.items():
            files[unit] |= paths
    unit_of = {path: unit for unit, paths in files.items() for path in paths}
    spaces = {unit: _namespaces(paths, name, layout) for unit, paths in files.items()}
    group_of = {unit: {unit} for unit in files}
    for kustomization, changed in _changing(unit_of, lists).items():
        for path in reached([kustomization], layout.inclusions, layout.files_in):
            there = unit_of.get(path)
            if there is None:
                continue
            for here in changed:
                apart = spaces[here] and spaces[there] and not spaces[here] & spaces[there]
                if group_of[here] is not group_of[there] and not apart:
                    joined = group_of[here] | group_of[there]
                    group_of |= dict.fromkeys(joined, joined)
    distinct = {id(group): group for group in group_of.values()}
    return [{unit: files[unit] for unit in group} for group in sorted(distinct.values(), key=min)]


def _changing(unit_of: Mapping[str, _Unit], lists: Mapping[str, Sequence[str]]) -> Mapping[str, set[_Unit]]:
    """Kustomization → the units whose files it lists itself."""
    found: dict[str, set[_Unit]] = defaultdict(set)
    for path, unit in unit_of.items():
        for kustomization in lists.get(path, ()):
            found[kustomization].add(unit)
    return found


def _namespaces(paths: set[str], name: str, layout: Layout) -> set[str]:
    return {pin.namespace for path in paths for pin in layout.pins[path] if pin.namespace and pin.object_name == name}


def _labels(groups: Sequence[Mapping[_Unit, set[str]]], layout: Layout) -> dict[_Unit, str]:
    """A qualifier for each unit: its namespace, else the folder that the others do not share; the same for a group's units."""
    paths = [sorted(set().union(*group.values())) for group in groups]
    spaces = [{pin.namespace for path in its for pin in layout.pins[path]} for its in paths]
    labels = [min(space) if len(space) == 1 else "" for space in spaces]
    if "" in labels or len(set(labels)) < len(labels):
        folders = [[part for part in its[0].split("/")[:-1] if part.lower() not in BASES | MARKERS] for its in paths]
        common = Counter(part for parts in folders for part in set(parts))
        labels = [next((part for part in parts if common[part] == 1), parts[0] if parts else "root") for parts in folders]
    if len(set(labels)) < len(labels):
        labels = ["-".join(min(group)) or "root" for group in groups]
    return {unit: label for group, label in zip(groups, labels, strict=True) for unit in group}


def _qualified(
    owner: Owner,
    pin: Pin,
    labels: Mapping[str, Mapping[_Unit, str]],
    beginnings: Mapping[str, Mapping[_Unit, set[str]]],
    layout: Layout,
) -> Owner:
    its = labels.get(owner.name)
    if not its or owner.fixed:
        return owner
    unit = layout.locations[owner.source or pin.path].unit
    label = its.get(unit) or _nearest(unit, beginnings[owner.name])
    return replace(owner, name=f"{owner.name}.{label}") if label else owner


def _nearest(unit: _Unit, beginnings: Mapping[_Unit, set[str]]) -> str:
    """The label of the unit that begins with most of the same folders; "" where none does, or several do."""
    for length in range(len(unit), 0, -1):
        labels = beginnings.get(unit[:length])
        if labels:
            return min(labels) if len(labels) == 1 else ""
    return ""


def _beginnings(labels: Mapping[_Unit, str]) -> Mapping[_Unit, set[str]]:
    found: dict[_Unit, set[str]] = defaultdict(set)
    for unit, label in labels.items():
        for length in range(1, len(unit) + 1):
            found[unit[:length]].add(label)
    return found
