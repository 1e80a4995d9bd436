"""Files without a release that Flux's first automation made → the same files with that automation turned off there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.manifests.documents import Map, Scalar
from bot.manifests.templates import load
from bot.objections import Objection, Weight
from bot.plans.draft import moved_pins
from bot.releases.authors import flux_released
from bot.releases.release import Commit, DesiredState

_SWITCHES = ("fluxcd.io/automated", "flux.weave.works/automated")


def turned_off(state: DesiredState, commit: Commit, files: Mapping[str, bytes | None]) -> tuple[dict[str, bytes | None], list[Objection]]:
    """Return the files with `automated: "true"` made "false" in the documents whose pins move, if Flux released the commit by itself.

    It takes the newest image that its filter lets through, so its release comes again within minutes: to roll back is to
    deautomate and to release the older one (fluxctl's reference, "Rolling back a Workload").
    """
    quiet, said = dict(files), []
    for path, text in files.items() if flux_released(commit.message) else ():
        moved = {pin.document for pin, _ in moved_pins(state, path, text)}
        off = text or b""
        for switch in sorted(_switches(off, path, moved), key=lambda scalar: -scalar.start):
            off = off[: switch.start] + b"false" + off[switch.end :]
            why = "Flux's automation made this release and would make it again: it is turned off; turn it on for a good one"
            said.append(Objection("automation-off", why, Weight.NOTE, path, switch.line))
            quiet[path] = off
    return quiet, said


def _switches(file: bytes, path: str, documents: set[int]) -> Iterator[Scalar]:
    for document in load(file, path).documents if documents else ():
        if document.index not in documents or not isinstance(document.root, Map):
            continue
        annotations = document.root.at("metadata", "annotations")
        for key in _SWITCHES:
            switch = annotations.get(key) if isinstance(annotations, Map) else None
            if isinstance(switch, Scalar) and switch.anchor is None and file[switch.start : switch.end] == b"true":
                yield switch
