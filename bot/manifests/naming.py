"""A pin among the others → the names of the services that run what it fixes."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.manifests.environments import Location, Place, suffix, word
from bot.manifests.globs import matches
from bot.manifests.inclusions import KUSTOMIZATIONS, reached
from bot.manifests.items import names_of
from bot.manifests.pin import Pin, PinKind
from bot.manifests.rules import ManifestRules, ServiceRule

CHART_FILES = frozenset(("Chart.yaml", "Chart.lock", "requirements.yaml", "requirements.lock"))
IMAGES = frozenset((PinKind.IMAGE, PinKind.TAG, PinKind.DIGEST))
DEPLOYED = frozenset(("Application", "ApplicationSet", "HelmRelease"))
SOURCES = frozenset(("OCIRepository", "GitRepository", "HelmRepository", "HelmChart", "Bucket", "Kustomization", "ImagePolicy"))
_STEMS = frozenset(
    ("kustomization", "Kustomization", "Chart", "requirements", "values", "deployment", "helmrelease", "helm-release", "release")
)
_UNREADABLE = re.compile(r"[{}$*?\s]")
_ITEM_NAMES = frozenset(("name", "repository", "alias"))


@dataclass(frozen=True, slots=True)
class Layout:
    """A tree with what its paths say. `files_in`: what lies directly in a folder, folders with a slash at their end. `pins`: by path."""

    repository: str
    locations: Mapping[str, Location]
    files_in: Mapping[str, Sequence[str]]
    pins: Mapping[str, Sequence[Pin]]
    inclusions: Mapping[str, tuple[str, ...]]
    rules: ManifestRules
    charts: dict[str, str | None] = field(default_factory=dict)
    """Folder → name of the chart it lies in; filled on the way."""
    running: set[tuple[str, str, str]] = field(default_factory=set)
    """The objects (path, kind, name) that run an image or deploy a chart."""
    hosts: dict[tuple[Place | None, tuple[str, ...]], set[str]] = field(default_factory=lambda: defaultdict(set))
    """Place and unit → the names of what runs there."""

    def rule(self, pin: Pin) -> tuple[ServiceRule, tuple[str, ...]] | None:
        """Return the first rule that names this pin's service, with the texts of its stars."""
        for rule in self.rules.services:
            stars = matches(rule.files, pin.path) if rule.artefact in (None, pin.artefact) else None
            if stars is not None:
                return rule, stars
        return None


@dataclass(frozen=True, slots=True)
class Owner:
    """A service's name; `place` where the pin itself says it, `fixed` where a rule does (no convention adds to it).

    `source`: the file of the workload that lent its name, where that is another one.
    """

    name: str
    place: Place | None = None
    fixed: bool = False
    source: str | None = None


def filled(template: str, stars: Sequence[str]) -> str:
    """Put the texts of the stars in the place of `{1}`, `{2}`."""
    return re.sub(r"\{(\d+)\}", lambda group: stars[int(group[1]) - 1] if 0 < int(group[1]) <= len(stars) else "", template)


def owners(layout: Layout) -> Iterator[tuple[Pin, tuple[Owner, ...]]]:
    """Yield every pin with those whose it is: at least one."""
    workloads = _workloads(layout)
    _note_running(layout)
    for path, pins in layout.pins.items():
        overlay = _overlaid(path, layout) if path.rpartition("/")[2] in KUSTOMIZATIONS and any(p.kind in IMAGES for p in pins) else None
        for pin in pins:
            ruled = _ruled(pin, layout)
            if ruled and ruled.name and ruled.place:
                yield pin, (ruled,)
                continue
            lenders = [] if overlay is None else _by_image(pin, overlay, workloads, layout)
            found = [replace(_split(name, pin, layout), source=path) for path, name in lenders] or [_named(pin, layout)]
            yield pin, tuple(dict.fromkeys(_merged(owner, ruled) for owner in found))


def _ruled(pin: Pin, layout: Layout) -> Owner | None:
    found = layout.rule(pin)
    if not found:
        return None
    rule, stars = found
    return Owner(
        filled(rule.name, stars) if rule.name else "",
        Place(filled(rule.environment, stars)) if rule.environment else None,
        fixed=bool(rule.environment),
    )


def _merged(owner: Owner, ruled: Owner | None) -> Owner:
    if ruled is None:
        return owner
    return Owner(ruled.name or owner.name, ruled.place or owner.place, ruled.fixed or bool(ruled.name), owner.source)


def _named(pin: Pin, layout: Layout) -> Owner:
    file = pin.path.rpartition("/")[2]
    if file in CHART_FILES or (layout.locations[pin.path].values and _chart(pin.path, layout)):
        return Owner(_chart(pin.path, layout) or _by_path(pin, layout))
    if (pin.path, pin.object_kind, pin.object_name) in layout.running:
        return _split(pin.object_name, pin, layout)
    if pin.object_kind or file in KUSTOMIZATIONS:
        # a ConfigMap, a label, a chart's source: of what runs beside it, where that is one thing
        location = layout.locations[pin.path]
        hosts = layout.hosts.get((location.place, location.unit), set()) if location.unit else set()
        if len(hosts) == 1:
            return Owner(min(hosts))
    return Owner(_by_path(pin, layout))


def _note_running(layout: Layout) -> None:
    for path, pins in layout.pins.items():
        if path.rpartition("/")[2] not in KUSTOMIZATIONS:
            for pin in pins:
                running = pin.object_kind in DEPLOYED or pin.kind in IMAGES or pin.kind is PinKind.CHART
                named = pin.object_name and pin.object_kind not in SOURCES and not _UNREADABLE.search(pin.object_name)
                key = (path, pin.object_kind, pin.object_name)
                if running and named and key not in layout.running:
                    layout.running.add(key)
                    location = layout.locations[path]
                    layout.hosts[location.place, location.unit].add(_split(pin.object_name, pin, layout).name)


def _split(name: str, pin: Pin, layout: Layout) -> Owner:
    """`checkout-prod` is checkout in prod where the folders agree, or say nothing and it is an Application or HelmRelease."""
    place, parts = layout.locations[pin.path].place, suffix(name, layout.rules.environments)
    if pin.object_kind == "ApplicationSet" and not place:
        names = [value for _, value in names_of(pin.yaml_path)]
        meant = next((meaning for item in names if (meaning := word(item, layout.rules.environments))), None)
        place = Place(*meant) if meant else None
        if place:
            return Owner(name, place)
    if parts and (place.environment == parts[1] if place else pin.object_kind in DEPLOYED):
        return Owner(parts[0], place or Place(parts[1]))
    return Owner(name)


def _by_path(pin: Pin, layout: Layout) -> str:
    location = layout.locations[pin.path]
    if location.values and location.stem and location.stem not in _STEMS:
        return location.stem
    if location.unit:
        return location.unit[-1]
    if location.stem and location.stem not in _STEMS:
        return location.stem
    if sole := _sole_chart(layout):
        return sole
    if pin.kind in IMAGES and pin.artefact:
        return last(pin.artefact)
    return last(layout.repository).removesuffix(".git") or "default"


def _sole_chart(layout: Layout) -> str | None:
    """The repository's chart, where it is one: values that say nothing of themselves are for it."""
    if "*" not in layout.charts:
        files = [path for path in layout.locations if path.endswith("Chart.yaml") and path.count("/") <= 2]
        layout.charts["*"] = _chart(files[0], layout) if len(files) == 1 else None
    return layout.charts["*"]


def _chart(path: str, layout: Layout) -> str | None:
    """The chart that a file is part of: that of the nearest folder upwards with a Chart.yaml."""
    folder = path.rpartition("/")[0]
    if folder not in layout.charts:
        file = f"{folder}/Chart.yaml" if folder else "Chart.yaml"
        if file in layout.locations:
            own = next((pin.artefact for pin in layout.pins.get(file, ()) if pin.yaml_path in ("version", "appVersion")), "")
            layout.charts[folder] = own or last(folder) or last(layout.repository)
        else:
            layout.charts[folder] = _chart(folder, layout) if folder else None
    return layout.charts[folder]


def _workloads(layout: Layout) -> Mapping[str, Sequence[tuple[str, str]]]:
    """Image → the (path, workload) that run it."""
    found: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
    for path, pins in layout.pins.items():
        if path.rpartition("/")[2] not in KUSTOMIZATIONS:
            for pin in pins:
                if pin.kind in IMAGES and pin.object_name and pin.artefact and pin.object_kind not in SOURCES:
                    found[pin.artefact][path, pin.object_name] = None
    return {image: tuple(where) for image, where in found.items()}


def _overlaid(path: str, layout: Layout) -> frozenset[str]:
    """The files that a kustomization changes, as far as the repository holds them."""
    return frozenset(file for file in reached([path], layout.inclusions, layout.files_in) if file in layout.pins)


def _by_image(
    pin: Pin, overlay: frozenset[str], workloads: Mapping[str, Sequence[tuple[str, str]]], layout: Layout
) -> list[tuple[str, str]]:
    """Files and names of the workloads whose image this kustomization sets: among what it includes, else in folders of the same unit."""
    where = [place for image in names_in(pin) for place in workloads.get(image, ())]
    near = [(path, name) for path, name in where if path in overlay]
    if not near and pin.path not in layout.inclusions:
        unit = layout.locations[pin.path].unit
        near = [(path, name) for path, name in where if layout.locations[path].unit == unit]
    return sorted(set(near))


def names_in(pin: Pin) -> tuple[str, ...]:
    """Return the artefact and the names that list items on the pin's way go by."""
    return tuple(dict.fromkeys(name for name in (pin.artefact, *_item_names(pin)) if name))


def _item_names(pin: Pin) -> list[str]:
    return [value for key, value in names_of(pin.yaml_path) if key in _ITEM_NAMES]


def last(text: str) -> str:
    """The last component of an image, chart, folder or repository name."""
    return text.rstrip("/").rpartition("/")[2]


def aliases(name: str, pins: Iterable[Pin]) -> tuple[str, ...]:
    """Other names that alerts and people may use for a service."""
    found: dict[str, None] = {}
    for pin in pins:
        if pin.object_name:
            found[pin.object_name] = None
            found[f"{pin.object_kind}/{pin.object_name}"] = None
        if pin.kind in IMAGES and pin.artefact:
            found[pin.artefact] = None
            found[last(pin.artefact)] = None
            found.update(dict.fromkeys(part for part in _item_names(pin) if "/" not in part))
        elif pin.kind is PinKind.CHART and pin.artefact:
            found[last(pin.artefact)] = None
    return tuple(sorted(alias for alias in found if alias != name))
