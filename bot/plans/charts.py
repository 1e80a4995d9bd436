"""A chart of this repository whose content goes back, though it was released again since → the version that it needs now.

A chart's version names its content: registries refuse a second push of it, `helm repo index --merge` keeps the first, and
`ct lint` wants it raised with every change (Chart Testing, `check-version-increment`). Where all of a release goes back the
version that it had then is right again; where later releases stay, no version that it ever had is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.manifests import spans
from bot.manifests.pin import Pin
from bot.manifests.read import read
from bot.objections import Objection, Weight
from bot.releases.lineage import reading
from bot.releases.release import Commit, DesiredState, FileChange

_PLAIN = re.compile(r"(v?\d+\.\d+\.)(\d+)")


def own_version(pins: Iterable[Pin]) -> Pin | None:
    """Find the chart's own version among the pins of its Chart.yaml."""
    return next((pin for pin in pins if pin.path.rpartition("/")[2] == "Chart.yaml" and pin.yaml_path == "version"), None)


def raised(version: str) -> str | None:
    """Return the next patch; None for versions of another form."""
    plain = _PLAIN.fullmatch(version)
    return f"{plain[1]}{int(plain[2]) + 1}" if plain else None


def said(pin: Pin, value: str) -> Objection:
    why = f"{pin.artefact or 'the chart'} has been released since as {pin.value}; with what goes back it is {value}"
    return Objection("chart-version", why, Weight.PERSON, pin.path, pin.line)


def with_versions(
    state: DesiredState, commit: Commit, files: Mapping[str, bytes | None]
) -> tuple[dict[str, bytes | None], dict[tuple[str, int], Objection]]:
    """Return the files with the versions raised of those charts whose version the commit moved, and that moved on since.

    The objections go by path and line.
    """
    done, objections = dict(files), {}
    for change in commit.files:
        pin = _moved_on(state, change, files)
        value = raised(pin.value) if pin else None
        text = files.get(change.path, state.file(change.path))
        if pin is None or value is None or text is None:
            continue
        edited = spans.edit(text, {pin: value})
        if not isinstance(edited, Objection):
            done[change.path] = edited
            objections[change.path, pin.line] = said(pin, value)
    return done, objections


def _moved_on(state: DesiredState, change: FileChange, files: Mapping[str, bytes | None]) -> Pin | None:
    """Return the version as it is to stand, where the chart's content goes back and its version does not."""
    then, brought = (own_version(reading(state, change.path, blob).pins) for blob in (change.before, change.after))
    folder = change.path.rpartition("/")[0]
    if then is None or brought is None or then.value == brought.value or not any(_inside(path, folder) for path in files):
        return None
    text = files.get(change.path, state.file(change.path))
    now = own_version(read(text, change.path, state.rules).pins) if text is not None else None
    return now if now is not None and now.value not in (then.value, brought.value) else None


def _inside(path: str, folder: str) -> bool:
    return not folder or path.startswith(folder + "/")
