"""Replayed incidents × the rollbacks that people really made → right, wrong, abstained; and what that says of probabilities and trust."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.incidents.incident import Incident, Kind
from bot.incidents.lifecycle import End
from bot.records.comments import BEGINS
from bot.records.entry import Entry, Stage
from bot.records.scorecard import Verdict
from bot.refs import Instant, ServiceRef, Sha
from bot.releases.release import History
from bot.releases.taken_back import TakenBack

HOUR = 3600.0
UNJUDGED = (Verdict.FIXED, Verdict.OPEN)
"""What people did does not say whether it would have been right."""
AFTER = HOUR
"""A rollback so many seconds after the symptom went still belongs to it: what delivers or measures takes its time."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """An incident as it stood at the end of a backtest, with its record. `over`: when its last alert ended, None where one fires still."""

    incident: Incident
    entries: tuple[Entry, ...]
    over: Instant | None


@dataclass(frozen=True, slots=True)
class Accused:
    """A suspect as the record names it. `probability` is the posterior, None where it was not weighed."""

    commit: Sha
    version: str
    why: str
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What Rollbot would have done. `release` None: nothing; `mode`: how far by itself; `at`: when it knew."""

    release: Sha | None
    version: str
    to: str
    mode: str
    why: str
    at: Instant
    suspects: tuple[Accused, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """`fired`: the first alert; `over`: when the last symptom went, None where it has not. `people`: what they took back.

    `saved`: seconds from what Rollbot would have decided to what people committed, where it was right.
    """

    incident: str
    service: ServiceRef
    alerts: tuple[str, ...]
    fired: Instant
    over: Instant | None
    answer: Answer
    people: TakenBack | None
    verdict: Verdict
    because: str
    saved: float | None = None

    @property
    def known(self) -> bool:
        return self.verdict not in UNJUDGED

    @property
    def likeliest(self) -> tuple[float, Sha] | None:
        """The highest probability that a suspect was given, and whose it is; None where none was."""
        weighed = [(each.probability, each.commit) for each in self.answer.suspects if each.probability is not None]
        return max(weighed, key=lambda each: each[0], default=None)

    @property
    def first(self) -> tuple[float, bool] | None:
        """The probability of the likeliest suspect and whether people took it back; None where either is not known."""
        if self.likeliest is None or not self.known:
            return None
        probability, commit = self.likeliest
        return probability, self.people is not None and commit in self.people.undone


def judge(replayed: Sequence[Replayed], histories: Mapping[ServiceRef, History], backs: Sequence[TakenBack]) -> tuple[Judged, ...]:
    """Judge each incident by what people did, oldest first. Those without a service's symptom (a storm's own) are left out."""
    real = [each for each in replayed if each.incident.symptoms]
    return tuple(_judged(each, _own(each, backs) or _elsewhere(each, backs), histories.get(each.incident.service)) for each in real)


def answer_of(replayed: Replayed) -> Answer:
    """Read what was decided off an incident and its record."""
    incident, suspects = replayed.incident, _suspects(replayed.entries)
    action = next((each for each in incident.actions if each.kind is Kind.ROLLBACK), None)
    decided = [each for each in replayed.entries if each.stage in (Stage.DECISION, Stage.PLAN)]
    at = action.planned if action and action.planned is not None else decided[-1].at if decided else incident.opened
    if action is not None and (action.planned is not None or incident.end is End.OBSERVED):
        why = "; ".join(next((each.because for each in decided if each.stage is Stage.DECISION and each.facts.get(BEGINS)), ()))
        return Answer(action.release, action.version, action.to or _target(replayed.entries), action.mode or "observe", why, at, suspects)
    why = f"{decided[-1].what}: {'; '.join(decided[-1].because)}" if decided else incident.why or "it was not looked at"
    return Answer(None, "", "", "", why, at, suspects)


def _suspects(entries: Sequence[Entry]) -> tuple[Accused, ...]:
    """Those of the last look, as the record has them; behind them releases of other services that were weighed with them."""
    facts = next((each.facts for each in reversed(entries) if each.stage is Stage.SUSPECTS), {})
    own = [
        Accused(Sha(each["commit"]), str(each["version"]), str(each.get("why", "")), _share(each, "chance"))
        for each in facts.get("suspects", ())
    ]
    weighed: Mapping[str, Any] = facts.get("weighed", {})
    beliefs = weighed.get("beliefs", ()) if weighed.get("enough") else ()
    named = {each.commit for each in own}
    others = [each for each in beliefs if each["hypothesis"].get("kind") == "release" and each["hypothesis"]["release"] not in named]
    why = "a release of {}".format
    return (
        *own,
        *(Accused(Sha(e["hypothesis"]["release"]), "", why(e["hypothesis"]["service"]), _share(e, "probability")) for e in others),
    )


def _share(fact: Mapping[str, Any], name: str) -> float | None:
    value = fact.get(name)
    return float(value) if isinstance(value, int | float) else None


def _target(entries: Sequence[Entry]) -> str:
    plan = next((each.facts.get("target") for each in reversed(entries) if each.stage is Stage.PLAN), None)
    return str(plan["version"]) if plan else ""


def _began(incident: Incident) -> Instant:
    fired = min(symptom.started for symptom in incident.symptoms)
    return fired if incident.onset is None else min(fired, incident.onset)


def _own(replayed: Replayed, backs: Sequence[TakenBack]) -> TakenBack | None:
    """The first rollback of its own service while it lasted, or soon after."""
    began, until = _began(replayed.incident), float("inf") if replayed.over is None else replayed.over + AFTER
    found = (each for each in backs if each.service == replayed.incident.service and began <= each.time <= until)
    return min(found, key=lambda each: each.time, default=None)


def _elsewhere(replayed: Replayed, backs: Sequence[TakenBack]) -> TakenBack | None:
    """A rollback of another service in its environment after which the symptom went: then that was it."""
    began, over, service = _began(replayed.incident), replayed.over, replayed.incident.service
    if over is None:
        return None
    others = (each for each in backs if each.service.environment == service.environment and each.service != service)
    return max((each for each in others if began <= each.time <= over <= each.time + AFTER), key=lambda each: each.time, default=None)


def _judged(replayed: Replayed, people: TakenBack | None, history: History | None) -> Judged:
    incident, answer = replayed.incident, answer_of(replayed)
    fired = min(symptom.started for symptom in incident.symptoms)
    verdict, because = _verdict(answer, people, fired, replayed.over, history)
    saved = people.time - answer.at if people and verdict is Verdict.RIGHT else None
    alerts = tuple(dict.fromkeys(symptom.name for symptom in incident.symptoms))
    return Judged(incident.id, incident.service, alerts, fired, replayed.over, answer, people, verdict, because, saved)


def _verdict(
    answer: Answer, people: TakenBack | None, fired: Instant, over: Instant | None, history: History | None
) -> tuple[Verdict, str]:
    if people is not None:
        did = f"people took {people.left} of {people.service} back to {people.to} in {people.commit[:8]}"
        if answer.release is None:
            return (Verdict.MISSED if history and people.service == history.service else Verdict.ABSTAINED), did
        if answer.release in people.undone:
            further = f"; it would have gone to {answer.to}" if answer.to and answer.to != people.to else ""
            return Verdict.RIGHT, did + further
        return Verdict.WRONG, did
    if over is None:
        return Verdict.OPEN, "it still fires, and nobody has taken anything back"
    if forward := next((each for each in history.releases if fired < each.time <= over), None) if history else None:
        return Verdict.FIXED, f"it went after {forward.version} ({forward.commit[:8]}) was released: perhaps a fix"
    return Verdict.ABSTAINED if answer.release is None else Verdict.WRONG, "nobody took anything back, and it went by itself"
