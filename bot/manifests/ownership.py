"""Services by their pins → the other files that belong to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from bot.manifests.environments import Place
from bot.manifests.inclusions import KUSTOMIZATIONS
from bot.manifests.naming import DEPLOYED, Layout
from bot.manifests.pin import Pin

_Key = tuple[Place, str]
_ANCHORS = KUSTOMIZATIONS | {"Chart.yaml"}


def companions(
    layout: Layout, places: Mapping[str, tuple[Place, ...]], pins: Mapping[_Key, Sequence[Pin]], default: Place
) -> Mapping[_Key, Sequence[str]]:
    """Return each service's files without pins: those of the nearest folder upwards that is its own.

    A folder is a service's where a kustomization, Chart, HelmRelease or Application of its stands there, or where it alone has pins.
    In a folder of several services without any of these, a file goes to those whose name it begins with.
    """
    here: dict[str, dict[_Key, None]] = defaultdict(dict)
    units: dict[tuple[Place, tuple[str, ...]], dict[_Key, None]] = defaultdict(dict)
    anchored = {path.rpartition("/")[0] for path in layout.locations if path.rpartition("/")[2] in _ANCHORS}
    for key, its in pins.items():
        for pin in its:
            folder = pin.path.rpartition("/")[0]
            here[folder][key] = None
            units[key[0], layout.locations[pin.path].unit][key] = None
            if pin.object_kind in DEPLOYED:
                anchored.add(folder)
    for folder in anchored - here.keys():
        _adopt(folder, layout, places, units, here, default)
    found: dict[_Key, list[str]] = defaultdict(list)
    for path in layout.locations:
        if path not in layout.pins:
            location = layout.locations[path]
            named = (location.place, location.stem) if location.values and location.place else None
            for key in (named,) if named and named in pins else _owning(path, here, anchored):
                found[key].append(path)
    return found


def _adopt(
    folder: str,
    layout: Layout,
    places: Mapping[str, tuple[Place, ...]],
    units: Mapping[tuple[Place, tuple[str, ...]], Mapping[_Key, None]],
    here: dict[str, dict[_Key, None]],
    default: Place,
) -> None:
    """An overlay without pins of its own belongs to the services of its unit in its environments."""
    for file in layout.files_in[folder]:
        if file.rpartition("/")[2] in _ANCHORS and layout.locations[file].unit:
            for place in places[file] or (default,):
                here[folder].update(units.get((place, layout.locations[file].unit), {}))


def _owning(path: str, here: Mapping[str, Mapping[_Key, None]], anchored: set[str]) -> Sequence[_Key]:
    folder, _, file = path.rpartition("/")
    direct = True
    while folder:
        keys = here.get(folder)
        if keys:
            names = {name for _, name in keys}
            if len(names) == 1 or folder in anchored:
                return tuple(keys)
            stem = file.partition(".")[0]
            return tuple(key for key in keys if direct and (stem == key[1] or stem.startswith((f"{key[1]}-", f"{key[1]}_"))))
        if folder in anchored:
            return ()
        folder, direct = folder.rpartition("/")[0], False
    return ()
