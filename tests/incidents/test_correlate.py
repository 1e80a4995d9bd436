"""Symptoms of one service are one incident; what was told before changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.incidents.correlate import MOST_SYMPTOMS, alerted, asked, over
from bot.incidents.incident import Incident
from bot.incidents.lifecycle import End, State
from bot.incidents.resolve import Acting
from bot.refs import ServiceRef
from bot.signals.signal import Alert, Asked, Status

CHECKOUT = ServiceRef("git.example/shop", "prod", "checkout")
ACTS, LOOKS = Acting(True, "opted in"), Acting(False, "no label")


def an_alert(name: str = "Errors", status: Status = Status.FIRING, started: float = 100.0) -> Alert:
    return Alert(
        source="alertmanager",
        key=f"{name}:{status}:{started}",
        name=name,
        status=status,
        labels={"service": "checkout"},
        annotations={"summary": "too many errors"},
        severity="critical",
        started_at=started,
        ended_at=None if status is Status.FIRING else started + 50,
        fingerprint=name,
        generator_url=None,
        received_at=started + 60,
        instance=f"{name}:{started}",
    )


def opened(alert: Alert | None = None, acting: Acting = ACTS) -> Incident:
    incident = alerted(alert or an_alert(), acting, CHECKOUT, (), 200.0).incident
    assert incident is not None
    return incident


def test_the_first_alert_opens_an_incident_named_after_it() -> None:
    incident = opened()

    assert incident == opened()
    assert incident.id != opened(an_alert(started=300.0)).id
    assert incident.id.startswith("prod-checkout-")
    assert (incident.state, incident.acts, incident.resolved, incident.due) == (State.OPENED, True, None, 200.0)


def test_the_same_alert_again_changes_nothing() -> None:
    assert alerted(an_alert(), ACTS, CHECKOUT, (opened(),), 300.0).incident is None


def test_another_symptom_joins() -> None:
    joined = alerted(an_alert("Latency"), LOOKS, CHECKOUT, (opened(),), 300.0).incident

    assert joined is not None and joined.id == opened().id
    assert [symptom.name for symptom in joined.symptoms] == ["Errors", "Latency"]


def test_an_alert_that_may_act_joining_one_that_may_not_makes_the_incident_act() -> None:
    evidence = opened(acting=LOOKS)
    joined = alerted(an_alert("Latency"), ACTS, CHECKOUT, (evidence,), 300.0).incident

    assert not evidence.acts
    assert joined is not None and joined.acts


def test_it_is_resolved_when_its_last_symptom_is() -> None:
    both = alerted(an_alert("Latency"), ACTS, CHECKOUT, (opened(),), 300.0).incident
    assert both is not None
    one = alerted(an_alert("Latency", Status.RESOLVED), ACTS, CHECKOUT, (both,), 300.0).incident
    assert one is not None
    none = alerted(an_alert("Errors", Status.RESOLVED), ACTS, CHECKOUT, (one,), 300.0).incident
    assert none is not None

    assert (one.resolved, none.resolved) == (None, 150.0)


def test_firing_again_within_the_incident_joins_it() -> None:
    resolved = alerted(an_alert(status=Status.RESOLVED), ACTS, CHECKOUT, (opened(),), 300.0).incident
    assert resolved is not None
    again = alerted(an_alert(started=400.0), ACTS, CHECKOUT, (resolved,), 460.0).incident

    assert again is not None and again.id == resolved.id
    assert again.resolved is None


@pytest.mark.parametrize("status", Status)
def test_what_belongs_to_an_ended_incident_opens_no_other(status: Status) -> None:
    ended = replace(opened(), end=End.DECLINED, state=State.ENDED)

    answer = alerted(an_alert(status=status), ACTS, CHECKOUT, (ended,), 300.0)

    assert answer.incident is None and ended.id in answer.what


def test_a_new_alert_after_the_end_opens_another() -> None:
    ended = replace(opened(), end=End.RECOVERED, state=State.ENDED)
    new = alerted(an_alert(started=900.0), ACTS, CHECKOUT, (ended,), 960.0).incident

    assert new is not None and new.id != ended.id


def test_a_resolution_that_nobody_knows_of_opens_nothing() -> None:
    assert alerted(an_alert(status=Status.RESOLVED), ACTS, CHECKOUT, (), 300.0).incident is None


ASKED = Asked("r1", "ada", 300.0, service="checkout", mode="merge")


def test_a_request_opens_one_and_the_same_request_no_other() -> None:
    incident = asked(ASKED, CHECKOUT, (), 300.0).incident
    assert incident is not None

    assert (incident.asked, incident.acts, incident.symptoms) == (True, True, ())
    assert asked(ASKED, CHECKOUT, (incident,), 301.0).incident is None


@pytest.mark.parametrize(
    ("state", "after"),
    [
        pytest.param(State.OPENED, State.OPENED, id="nothing decided yet"),
        pytest.param(State.DECIDED, State.DECIDED, id="decided"),
        pytest.param(State.PROPOSED, State.DECIDED, id="our proposal is open"),
    ],
)
def test_a_request_leads_the_open_incident_while_nothing_is_merged(state: State, after: State) -> None:
    taken = asked(ASKED, CHECKOUT, (replace(opened(), state=state),), 300.0).incident

    assert taken is not None
    assert (taken.state, taken.request, taken.symptoms) == (after, ASKED, opened().symptoms)


@pytest.mark.parametrize("state", [State.MERGED, State.ARRIVED])
def test_a_request_supersedes_an_incident_whose_rollback_is_merged_and_takes_over_what_still_fires(state: State) -> None:
    latency = alerted(an_alert("Latency"), ACTS, CHECKOUT, (opened(),), 300.0).incident
    assert latency is not None
    half = alerted(an_alert("Latency", Status.RESOLVED), ACTS, CHECKOUT, (latency,), 300.0).incident
    assert half is not None
    waiting = replace(half, state=state)

    taken = asked(ASKED, CHECKOUT, (waiting,), 300.0)
    ended = replace(waiting, state=State.ENDED, end=End.SUPERSEDED)
    killed = asked(ASKED, CHECKOUT, (ended,), 300.0)

    assert taken.before == waiting and taken.incident is not None
    assert (taken.incident.state, taken.incident.symptoms) == (State.OPENED, opened().symptoms)
    assert killed.before is None and killed.incident == taken.incident


def a_resolution(at: float, name: str = "Errors") -> Alert:
    """Of a sender that does not say which start it ends."""
    return replace(an_alert(name, Status.RESOLVED), instance="", ended_at=at, key=f"{name}:over:{at}")


def test_an_alert_that_flaps_is_one_symptom() -> None:
    incident = opened()
    for start in (200.0, 300.0, 400.0):
        ended = alerted(an_alert(status=Status.RESOLVED, started=start - 100), ACTS, CHECKOUT, (incident,), start).incident
        assert ended is not None
        again = alerted(an_alert(started=start), ACTS, CHECKOUT, (ended,), start + 60).incident
        assert again is not None
        incident = again

    [symptom] = incident.symptoms
    assert (symptom.started, symptom.again, symptom.times, symptom.resolved) == (100.0, 400.0, 4, None)


def test_a_lost_resolution_does_not_leave_a_symptom_behind() -> None:
    later = alerted(an_alert(started=300.0), ACTS, CHECKOUT, (opened(),), 360.0).incident
    assert later is None  # it still fires, for all that we know

    done = alerted(an_alert(status=Status.RESOLVED, started=300.0), ACTS, CHECKOUT, (opened(),), 400.0).incident
    assert done is not None and done.resolved == 350.0


def test_a_late_resolution_of_an_earlier_start_changes_nothing() -> None:
    resolved = alerted(an_alert(status=Status.RESOLVED), ACTS, CHECKOUT, (opened(),), 200.0).incident
    assert resolved is not None
    again = alerted(an_alert(started=400.0), ACTS, CHECKOUT, (resolved,), 460.0).incident
    assert again is not None

    late = alerted(an_alert(status=Status.RESOLVED), ACTS, CHECKOUT, (again,), 470.0)

    assert late.incident is None and "begun again" in late.what


def test_a_late_start_before_the_one_that_is_known_changes_nothing() -> None:
    late = alerted(an_alert(started=50.0), ACTS, CHECKOUT, (opened(),), 470.0)

    assert late.incident is None


def test_a_resolution_without_an_instance_ends_what_it_names_and_nothing_that_began_later() -> None:
    incident = opened()

    assert over(a_resolution(90.0), incident).incident is None
    assert over(a_resolution(500.0, "Latency"), incident).incident is None
    ended = over(a_resolution(500.0), incident).incident
    assert ended is not None and ended.resolved == 500.0


def test_what_is_told_again_a_day_after_the_end_opens_another_and_only_one() -> None:
    ended = replace(opened(), end=End.ESCALATED, state=State.ENDED, ended=1000.0)
    soon, later = replace(an_alert(), started_at=2000.0), replace(an_alert(), started_at=200_000.0)

    assert alerted(soon, ACTS, CHECKOUT, (ended,), 2000.0).incident is None
    new = alerted(later, ACTS, CHECKOUT, (ended,), 200_000.0).incident
    assert new is not None and new.id != ended.id
    again = alerted(replace(later, started_at=200_600.0), ACTS, CHECKOUT, (new, ended), 200_600.0)
    assert again.incident is None
    over_too = replace(new, end=End.ESCALATED, state=State.ENDED, ended=201_000.0)
    assert alerted(replace(later, started_at=201_600.0), ACTS, CHECKOUT, (over_too, ended), 201_600.0).incident is None


def test_symptoms_of_one_incident_are_capped_but_never_the_first_that_may_act() -> None:
    incident = replace(
        opened(acting=LOOKS),
        symptoms=tuple(replace(opened(acting=LOOKS).symptoms[0], key=f"k{n}", fingerprint=f"{n}") for n in range(MOST_SYMPTOMS)),
    )

    assert alerted(an_alert("Other"), LOOKS, CHECKOUT, (incident,), 300.0).incident is None
    joined = alerted(an_alert("Other"), ACTS, CHECKOUT, (incident,), 300.0).incident
    assert joined is not None and joined.acts
