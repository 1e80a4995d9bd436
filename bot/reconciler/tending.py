"""Quarantines at HEAD → what the other bots are told of them, as a pull request that follows the rollback and never holds it up (F17).

Level-triggered: what their files should say now is worked out from HEAD; where they say something else, one pull request says it. A
quarantine that was lifted leaves them as they were before. It is always a person's to merge: those files have owners of their own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.changes.change import Change
from bot.changes.markdown import code, prose, unlinked
from bot.errors import Refused, Stale, Unavailable
from bot.manifests.exclusions import EXCLUSIONS, Exclusion, Unwritable, excluded
from bot.manifests.exclusions.image_updater import image_behind
from bot.ports import Ports
from bot.quarantine import FOLDER, Quarantine, read
from bot.reconciler.expiring import expire
from bot.reconciler.repinning import repin
from bot.reconciler.saving import news, note_alone
from bot.reconciler.stopping import why_stopped
from bot.reconciler.view import View, look_around
from bot.records.entry import Note, Stage
from bot.refs import Instant, Sha
from bot.releases.release import DesiredState

TEND = "tend:"
EVERY = 300.0


@dataclass(frozen=True, slots=True)
class Told:
    """`files`: those that other bots read, as they should be. `silent`: files that cannot be written, and why."""

    files: Mapping[str, bytes]
    silent: Mapping[str, str]


def due(ports: Ports, now: Instant) -> bool:
    """Whether it is time to look after the quarantines."""
    return now - float(_kept(ports).get("at", "-inf")) >= EVERY


def tend(ports: Ports) -> Instant | None:
    """Open, replace or take back the pull request; nothing is done while stop is pressed."""
    now, before = ports.clock.now(), _kept(ports)
    try:
        view = look_around(ports)
        if why_stopped(view, ports):
            return now + EVERY
        if repin(view, ports) or expire(view, ports):
            return now
        if before.get("head") != view.state.head:
            before = _carried_out(view, before, ports)
    except Stale:
        return now
    except (Unavailable, Refused) as error:
        _note(Note(Stage.CHANGE, "other bots cannot be told what is kept out; tried again soon", (str(error),)), ports)
        return now + EVERY
    _keep(ports, {**before, "at": repr(now)})
    return None


def told(state: DesiredState, quarantines: tuple[Quarantine, ...]) -> Told:
    """Work out what the files that other bots read should say at a revision."""
    places = {place for each in quarantines for place in each.places}
    wanted = {Exclusion(artefact or _behind(path, at, state), value.partition("@")[0]) for path, at, artefact, value in places}
    files: dict[str, bytes] = {}
    silent: dict[str, str] = {}
    for path, blob in sorted(state.tree.items()):
        if path.startswith(f"{FOLDER}/") or not path.endswith((".yaml", ".yml", ".json", "rc")):
            continue
        text = state.blobs.get(blob)
        if text is None or not any(row.reads(path, text) for row in EXCLUSIONS.values()):
            continue
        try:
            made = excluded(path, text, wanted)
        except Unwritable as error:
            silent[path] = str(error)
        else:
            if made != text:
                files[path] = made
    return Told(files, silent)


def _behind(path: str, at: str, state: DesiredState) -> str:
    """The image of a version that stands alone, where the bot that writes it says which one it is."""
    return image_behind((state.file(path) or b"").decode("utf-8", "replace"), at)


def _carried_out(view: View, before: Mapping[str, str], ports: Ports) -> dict[str, str]:
    """Carry it out for a new HEAD and say what to remember."""
    quarantines = read(view.state)
    if not quarantines and not before.get("any"):
        return {"head": view.state.head}
    found = told(view.state, quarantines)
    now = {"head": view.state.head, "any": "yes" if quarantines or found.files else ""}
    change = _change(found, quarantines, view, ports) if found.files else None
    old = before.get("branch", "")
    if old and (change is None or old != change.branch) and (pull := ports.forge.find(old)) and pull.state == "open":
        ports.forge.close(pull, "What is kept out has changed.")
    if change is None:
        return now
    pull = ports.forge.find(change.branch)
    if pull is None or pull.state == "open":
        _keep(ports, {**before, "branch": change.branch})  # killed after it was opened, it is still found when it is to be closed
        ports.forge.commit(change)
        pull = ports.forge.open(change)
    said = (
        f"pull request {pull.number} tells other bots what is kept out" if pull.state == "open" else "what other bots are told was declined"
    )
    reasons = (*(f"changes {path}" for path in found.files), *(f"{path} is left alone: {why}" for path, why in found.silent.items()))
    _note(Note(Stage.CHANGE, said, reasons), ports)
    return {**now, "branch": change.branch}


def _change(found: Told, quarantines: tuple[Quarantine, ...], view: View, ports: Ports) -> Change:
    """The same bytes have the same branch."""
    words = [ports.repository.name, *(f"{path}\0{hashlib.sha256(text).hexdigest()}" for path, text in sorted(found.files.items()))]
    key = hashlib.sha256("\0".join(words).encode(errors="surrogateescape")).hexdigest()
    title = "Tell other bots what is kept out"
    kept = [f"- {code(each.version)} of {code(each.service)}: {prose(each.reason)}" for each in quarantines[:20]]
    skipped = [f"- {code(path)} could not be written: {prose(why)}" for path, why in list(found.silent.items())[:20]]
    lines = [
        f"<!-- rollbot:exclude:{key} -->",
        "**No bot that chooses versions by these files picks a release that is kept out.**",
        "",
        *(kept or ["Nothing is kept out any more: the files are as they were before."]),
        *skipped,
        "",
        "The rollback itself is merged already and does not wait for this. It deploys nothing; lifting a quarantine takes it back.",
    ]
    message = f"{title}\n\n{unlinked(f'{len(quarantines)} releases are in quarantine.')}\n\nRollback-Exclude: {key[:12]}\n"
    base: Sha = view.state.head
    return Change(
        f"rollbot/exclude/{key[:8]}", ports.repository.branch, base, message, found.files, title, "\n".join(lines) + "\n", lines[0]
    )


def _note(note: Note, ports: Ports) -> None:
    if news((note,), ports.store.entries("")):
        note_alone(note, ports)


def _kept(ports: Ports) -> dict[str, str]:
    text = ports.store.kept(f"tended:{ports.repository.name}")
    return json.loads(text) if text else {}


def _keep(ports: Ports, values: Mapping[str, str]) -> None:
    ports.store.keep(f"tended:{ports.repository.name}", json.dumps(values, sort_keys=True).encode())
