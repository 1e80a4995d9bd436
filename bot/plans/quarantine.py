"""A plan → the same plan with what keeps the bad release out of Git: its record, a file a service, and muted setters; and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from bot.manifests.pin import Pin
from bot.manifests.read import read
from bot.manifests.rules import ManifestRules
from bot.manifests.setters import mute, unmute
from bot.plans.plan import Plan, QuarantineEdit
from bot.quarantine import Files, Quarantine
from bot.refs import Instant

EVERYBODY = "every bot"
FLUX = "Flux image automation"
_EVERYTHING = ManifestRules()


def keep_out(
    plan: Plan,
    incident: str,
    reason: str,
    *,
    owner: str = "rollbot",
    since: Instant,
    expires: Instant,
    rules: ManifestRules = _EVERYTHING,
) -> Plan:
    """Record the values that the plan takes away as quarantined until `expires`, and mute the setters that would bring them back."""
    places = tuple((edit.path, edit.yaml_path, edit.artefact, edit.before) for edit in plan.edits)
    edits = []
    for part in plan.parts or (plan,):
        for service in part.services:
            kept = Quarantine(
                environment=service.environment,
                service=service.name,
                version=part.undone_version,
                release=part.release,
                commit=part.undone or "",
                places=tuple((edit.path, edit.yaml_path, edit.artefact, edit.before) for edit in part.edits),
                reason=reason if part.services == plan.services[:1] else f"it goes with {plan.services[0]} {plan.undone_version}: {reason}",
                owner=owner,
                incident=incident,
                since=since,
                expires=expires,
            )
            edits.append(QuarantineEdit(kept.path, kept.text(), EVERYBODY, kept.reason, expires))
    muted = _muted(plan, places, expires, rules)
    edits += [QuarantineEdit(path, text, FLUX, "it would set the newest version again", expires) for path, text in muted]
    return replace(plan, quarantine=(*plan.quarantine, *edits))


def lift(
    state: Files, lifted: Quarantine, others: Iterable[Quarantine] = (), rules: ManifestRules = _EVERYTHING
) -> Mapping[str, bytes | None]:
    """Return the files that end a quarantine: its own goes, the setters it muted work again. Deploys nothing by itself (F2).

    What one of the `others` holds at the same place stays muted.
    """
    held = {place[:3] for other in others if other != lifted for place in other.places}
    files: dict[str, bytes | None] = {lifted.path: None} if lifted.path in state.tree else {}
    for path in sorted({path for path, *_ in lifted.places}):
        text = state.file(path)
        wanted = {(at, artefact) for where, at, artefact, _ in lifted.places if where == path and (where, at, artefact) not in held}
        if text is None:
            continue
        free = unmute(text, [pin.line for pin in _pins(text, path, rules, wanted)])
        if free != text:
            files[path] = free
    return files


def _muted(plan: Plan, places: Iterable[tuple[str, str, str, str]], expires: Instant, rules: ManifestRules) -> Iterable[tuple[str, bytes]]:
    """Return the plan's files whose setters have to be muted, with them muted: in the very commit, or the automation wins the race."""
    day = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%d")
    for path, text in sorted(plan.files.items()):
        wanted = {(at, artefact) for where, at, artefact, _ in places if where == path}
        if text is None or b"$imagepolicy" not in text or not wanted:
            continue
        quiet = mute(text, [pin.line for pin in _pins(text, path, rules, wanted)], day)
        if quiet != text:
            yield path, quiet


def _pins(text: bytes, path: str, rules: ManifestRules, wanted: set[tuple[str, str]]) -> list[Pin]:
    return [pin for pin in read(text, path, rules).pins if (pin.yaml_path, pin.artefact) in wanted]
