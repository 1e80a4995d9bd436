"""Which step a power cut may take: only one that would be taken again just so."""

from __future__ import annotations

import pytest

from bot.incidents.incident import Action, Incident, Kind
from bot.incidents.lifecycle import End, State
from bot.reconciler.reconcile import done_again
from bot.reconciler.step import Step, end, move, stay, told
from bot.refs import ServiceRef, Sha

NOW = 100.0


def an_incident(state: State) -> Incident:
    action = Action(Kind.ROLLBACK, Sha("a" * 40))
    return Incident("i", ServiceRef("shop/deploy", "prod", "checkout"), NOW, state, (), actions=(action,))


OPENED = an_incident(State.OPENED)


@pytest.mark.parametrize(
    ("incident", "step", "again"),
    [
        pytest.param(OPENED, move(OPENED, State.DECIDED, NOW), True, id="decided, and nobody knows of it yet"),
        pytest.param(OPENED, told(move(OPENED, State.DECIDED, NOW), "storm", "a storm", "it is one"), False, id="decided, and told"),
        pytest.param(OPENED, end(OPENED, End.OBSERVED, "so it is", NOW), False, id="ended"),
        pytest.param(OPENED, stay(OPENED, NOW + 60), False, id="waits"),
        pytest.param(
            an_incident(State.DECIDED),
            move(an_incident(State.DECIDED), State.ADMITTED, NOW),
            False,
            id="admitted: what follows changes Git",
        ),
        pytest.param(an_incident(State.ADMITTED), move(an_incident(State.ADMITTED), State.DECIDED, NOW), False, id="decided anew"),
    ],
)
def test_only_a_decision_that_nobody_knows_of_need_not_last(incident: Incident, step: Step, again: bool) -> None:
    assert done_again(incident, step) is again
