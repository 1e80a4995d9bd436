"""Our records × a service's history → where to go back to, where the records speak against what the history alone would choose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.attribution.goodness import Known, best, goodness
from bot.attribution.learnt import track_record
from bot.attribution.markov import Health, Spell
from bot.incidents.incident import Incident, Kind
from bot.plans.make import make
from bot.plans.plan import ByRelease, Plan, Target
from bot.ports import Ports
from bot.quarantine import read
from bot.reconciler.casing import releases_of
from bot.reconciler.view import View
from bot.refs import Instant, Sha
from bot.releases.release import Release

EXPECTED, COUNTED = 0.1, 20.0
"""A release is to blame once in ten times, and so many releases have to say otherwise to halve what that counts."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The version to go back to instead; `why` it and why not the one that the history would choose."""

    version: str
    why: tuple[str, ...]


def instead(incident: Incident, release: Sha, view: View, ports: Ports) -> Chosen | None:
    """Another target than the history's, None where the records say nothing against that one (which is nearly always)."""
    others = [other for other in ports.store.incidents(service=incident.service) if other.id != incident.id and other.ended is not None]
    if not others:
        return None
    plan = make(ByRelease(incident.service, release), view.state, quarantines=read(view.state))
    if not isinstance(plan, Plan) or plan.target is None:
        return None
    releases = releases_of(incident.service, view.state)
    known = [_known(target, releases.releases, others, incident.opened) for target in plan.alternatives]
    if not known or not _spoken_against(known[0]):
        return None
    record = track_record(releases, frozenset(), view.now, view.config.attribution.good_after)
    rate = (EXPECTED * COUNTED + record.blamed) / (COUNTED + record.blamed + record.harmless)
    judged = goodness(known, incident.opened, rate)
    found = best(judged)
    if found is None or found.version == plan.target.version:
        return None
    return Chosen(found.version, (f"back to {found.version}: {found.why}", f"not to {plan.target.version}: {judged[0].why}"))


def _known(target: Target, releases: Sequence[Release], others: Sequence[Incident], now: Instant) -> Known:
    """How a version fared, span by span: well, but for the incidents that began while it ran."""
    spells: list[Spell] = []
    for start, end in reversed(list(_ran(target.version, releases, now))):
        spells += _fared(start, end, others)
    blamed = next((other.id for other in others if _blamed(other, target.version)), "")
    return Known(target.version, tuple(spells), target.left, blamed)


def _fared(start: Instant, end: Instant, others: Sequence[Incident]) -> Iterator[Spell]:
    """From `start` to `end`, oldest first. An incident that ended while it still ran left it as good as before."""
    at = start
    found = sorted((other.onset or other.opened, other.ended or end) for other in others if not other.asked)
    for began, over in found:
        if at <= began < end:
            yield Spell(Health.GOOD, began - at)
            at = min(max(over, began), end)
            yield Spell(Health.DEGRADED, at - began)
    if at < end:
        yield Spell(Health.GOOD, end - at)


def _ran(version: str, releases: Sequence[Release], now: Instant) -> Iterator[tuple[Instant, Instant]]:
    """The spans in which the history had it, newest first."""
    until = now
    for release in releases:
        if not release.changes:
            continue
        if release.version == version:
            yield release.time, until
        until = release.time


def _spoken_against(known: Known) -> bool:
    """It was to blame, or it was replaced while something was wrong."""
    return bool(known.blamed) or (bool(known.spells) and known.spells[-1].health is Health.DEGRADED)


def _blamed(other: Incident, version: str) -> bool:
    """It was taken back, and that helped."""
    return any(action.kind is Kind.ROLLBACK and action.helped and action.version == version for action in other.actions)
