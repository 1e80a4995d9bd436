"""A quarantine × HEAD → what another bot has brought back, or moved on, at the places that it holds, and the values to go back to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.manifests import spans
from bot.manifests.pin import Pin
from bot.manifests.read import read
from bot.manifests.setters import mute
from bot.objections import Objection
from bot.quarantine import Quarantine
from bot.releases.history import history
from bot.releases.release import DesiredState, Release


@dataclass(frozen=True, slots=True)
class Returned:
    """`release` is the bot's, `values` what its pins held before it."""

    release: Release
    values: Mapping[Pin, str]

    @property
    def back_to(self) -> str:
        return next(iter(self.values.values()))


def returned(quarantine: Quarantine, state: DesiredState, forward: bool = False) -> Returned | None:
    """Return what a bot has brought back since the quarantine began; with `forward`, any version that it moved its places on to (F3).

    What a person brought back is theirs to decide; only known bots are answered (F13).
    """
    service = next(
        (s for s in state.estate.services if (s.ref.environment, s.ref.name) == (quarantine.environment, quarantine.service)), None
    )
    bad = {(path, at, artefact): value for path, at, artefact, value in quarantine.places}
    if service is None or not bad:
        return None
    pins = {(pin.path, pin.yaml_path, pin.artefact): pin for pin in service.pins if (pin.path, pin.yaml_path, pin.artefact) in bad}
    for release in history(service.ref, state).releases:
        if release.time <= quarantine.since:
            return None
        values = {}
        for change in release.changes:
            place = (change.path, change.yaml_path, change.artefact)
            pin = pins.get(place)
            moved = pin is not None and pin.value == change.after and (forward or change.after == bad[place])
            if pin is not None and moved and change.before is not None and change.before != bad[place]:
                values[pin] = change.before
        if values:
            return Returned(release, values) if release.bot and not release.rollback else None
    return None


def repinned(found: Returned, quarantine: Quarantine, state: DesiredState) -> Mapping[str, bytes] | Objection:
    """Return the files with the values from before, their setters muted until the quarantine ends."""
    day = datetime.fromtimestamp(quarantine.expires, UTC).strftime("%Y-%m-%d")
    files: dict[str, bytes] = {}
    for path in sorted({pin.path for pin in found.values}):
        text = state.file(path)
        mine = {pin: value for pin, value in found.values.items() if pin.path == path}
        edited = Objection("gone", f"{path} is not there any more") if text is None else spans.edit(text, mine)
        if isinstance(edited, Objection):
            return edited
        places = {(pin.yaml_path, pin.artefact) for pin in mine}
        lines = [pin.line for pin in read(edited, path, state.rules).pins if (pin.yaml_path, pin.artefact) in places]
        files[path] = mute(edited, lines, day)
    return files
