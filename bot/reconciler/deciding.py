"""Opened → whom to suspect, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.attribution.suspects import Attribution, Suspect
from bot.incidents.incident import Action, Incident, Kind
from bot.incidents.lifecycle import End, State
from bot.incidents.storm import PLATFORM
from bot.policy.case import Case
from bot.policy.decide import Comply, Escalate, Refuse, Rollback, Wait, decide
from bot.ports import Ports
from bot.reconciler.arriving import healed
from bot.reconciler.casing import case_of
from bot.reconciler.step import Step, end, move, reasons, stay
from bot.reconciler.storming import see_it_pass, storm_around, wait_out
from bot.reconciler.targeting import instead
from bot.reconciler.view import View
from bot.reconciler.weighing import weighed
from bot.records.beliefs import said
from bot.records.comments import BEGINS
from bot.records.entry import Note, Stage
from bot.releases.release import Release

SHOWN = 20


def decide_what(incident: Incident, view: View, ports: Ports) -> Step:
    if incident.resolved is not None and not incident.asked:
        return _gone(incident, view, ports)
    if incident.service.name == PLATFORM:
        return see_it_pass(incident, view, ports)
    if found := storm_around(incident, view, ports):
        return wait_out(incident, found, view, ports)
    case = case_of(incident, view, ports)
    if case.attribution:
        onset = case.attribution.onset
        incident = replace(incident, onset=onset.earliest, onset_latest=onset.latest)
    verdict = weighed(decide(case), case, incident, view, ports)
    case, suspicion = verdict.case, _suspicion(verdict.case.attribution, verdict.facts)
    match verdict.decision:
        case Comply():
            return _act(incident, Action(Kind.ROLLBACK, None), view, Note(Stage.DECISION, "do what was asked", _wish(incident)))
        case Rollback(suspect=suspect, objections=objections):
            release = suspect.release
            other = instead(incident, release.commit, view, ports)
            action = Action(Kind.ROLLBACK, release.commit, release.identity, release.version, toward=other.version if other else "")
            what = f"roll back {release.version} ({release.commit[:8]}, {release.subject[:80]})"
            back = healed(incident, view, ports)
            because = (
                suspect.why,
                *(other.why if other else ()),
                *([f"the cluster went back by itself, and this makes Git say so: {back}"] if back else ()),
            )
            return _act(incident, action, view, *suspicion, Note(Stage.DECISION, what, (*because, *reasons(objections)), _inputs(case)))
        case Wait() if case.quiet:
            return end(incident, End.RESOLVED, "its alerts do not fire any more", view.now, *suspicion, urgent=False)
        case Wait(why=why, again=again):
            note = Note(Stage.DECISION, "nothing for now", (why,), _inputs(case))
            return stay(incident, view.now + again, *suspicion, note)
        case Refuse(objections=objections):
            note = Note(Stage.DECISION, "no rollback", reasons(objections), _inputs(case))
            return end(incident, End.DECLINED, str(objections[0]), view.now, *suspicion, note)
        case Escalate(why=why):
            note = Note(Stage.DECISION, "a person has to look", (why,), _inputs(case))
            return end(incident, End.ESCALATED, why, view.now, *suspicion, note)


def _gone(incident: Incident, view: View, ports: Ports) -> Step:
    """The symptom went. Where that was the cluster's own doing, Git still asks for what was bad, and somebody has to know."""
    if incident.actions:
        return end(incident, End.ESCALATED, "the symptom went after the undo; what it was is not known", view.now, urgent=False)
    why = "the symptom went before anything was changed"
    if back := healed(incident, view, ports):
        command = f"/rollback {incident.service.name} in {incident.service.cluster or incident.service.environment}"
        why = f"{why}: the cluster went back by itself, and Git still asks for the bad version ({back}); `{command}` repairs Git"
    return end(incident, End.RESOLVED, why, view.now, urgent=False)


def _act(incident: Incident, action: Action, view: View, *notes: Note) -> Step:
    *before, decision = notes
    begun = replace(decision, facts={**decision.facts, BEGINS: len(incident.actions) + 1})
    return move(replace(incident, actions=(*incident.actions, action)), State.DECIDED, view.now, *before, begun)


def _wish(incident: Incident) -> tuple[str, ...]:
    return (f"{incident.request.actor} asked for it", *filter(None, (incident.request.reason,))) if incident.request else ()


def _suspicion(attribution: Attribution | None, weighed: Mapping[str, Any]) -> tuple[Note, ...]:
    """Say who is suspected and why, and who is not and why not; and, where it was weighed, how likely each of them is."""
    if attribution is None:
        return ()
    suspects = [f"{_named(suspect.release)}: {suspect.why}{_likely(suspect)}" for suspect in attribution.suspects[:SHOWN]]
    cleared = [f"not {_named(each.release)}: {each.why}" for each in attribution.cleared[:SHOWN]]
    onset = attribution.onset
    facts = {
        "onset": {"earliest": onset.earliest, "latest": onset.latest, "why": onset.why},
        "suspects": [_facts(suspect.release) | _accused(suspect) for suspect in attribution.suspects[:SHOWN]],
        "cleared": [_facts(each.release) | {"why": each.why} for each in attribution.cleared[:SHOWN]],
    }
    count, order = len(suspects), "likeliest first" if weighed.get("enough") else "newest first"
    what = f"{count} releases are suspected, {order}" if count > 1 else "one release is suspected" if count else "no release is suspected"
    return (Note(Stage.SUSPECTS, what, (*suspects, *said(weighed), *cleared), facts | ({"weighed": weighed} if weighed else {})),)


def _likely(suspect: Suspect) -> str:
    return "" if suspect.chance is None else f"; probability {suspect.chance:.0%}"


def _accused(suspect: Suspect) -> dict[str, Any]:
    return {"why": suspect.why, "sure": suspect.sure} | ({} if suspect.chance is None else {"chance": suspect.chance})


def _named(release: Release) -> str:
    return f"{release.version} ({release.commit[:8]})"


def _facts(release: Release) -> dict[str, Any]:
    return {
        "version": release.version,
        "commit": release.commit,
        "time": release.time,
        "author": release.author,
        "identity": release.identity,
    }


def _inputs(case: Case) -> dict[str, Any]:
    return {
        "confirmed": case.confirmed,
        "acts": case.acts,
        "undone": case.undone,
        "changed": case.changed,
        "past": [{"release": past.release, "at": past.at, "incident": past.incident} for past in case.past[:SHOWN]],
        "since": [release.commit for release in case.since[:SHOWN]],
        "trust": case.policy.trust_at(case.service.environment, case.now).value,
        "cooldown": case.policy.cooldown,
    }
