"""An incident on one screen says what was done, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from bot.incidents.incident import Action, Incident, Kind
from bot.incidents.lifecycle import State
from bot.refs import ServiceRef, Sha
from bot.web.views import card

URL = "https://git.example/shop/pull/7"
MERGED: dict[str, Any] = {"commit": Sha("c" * 40), "merged": 360.0}


def shown(state: State, **action: Any) -> dict[str, Any]:
    done = Action(Kind.ROLLBACK, Sha("b" * 40), version="1.4.0", to="1.3.9", pull=7, **action)
    return card(Incident("i", ServiceRef("git.example/shop", "prod", "checkout"), 110.0, state, (), actions=(done,)), ())


@pytest.mark.parametrize(
    ("found", "did"),
    [
        pytest.param(shown(State.PROPOSED), "would roll back 1.4.0 → 1.3.9: proposed as pull request 7", id="proposed"),
        pytest.param(shown(State.MERGED, **MERGED), f"rolled back 1.4.0 → 1.3.9: merged as {'c' * 12}", id="merged"),
        pytest.param(
            shown(State.MERGED, by_person=True, **MERGED), f"rolled back 1.4.0 → 1.3.9: merged as {'c' * 12} by a person", id="by a person"
        ),
        pytest.param(
            shown(State.MERGED, by_person=True, approved="ada", **MERGED),
            f"rolled back 1.4.0 → 1.3.9: merged as {'c' * 12} as ada approved",
            id="as somebody approved",
        ),
    ],
)
def test_what_is_only_proposed_is_not_called_done(found: dict[str, Any], did: str) -> None:
    assert found["did"] == [did]


@pytest.mark.parametrize(
    ("found", "way"),
    [
        pytest.param(shown(State.PROPOSED, url=URL), "/rollback cancel", id="proposed"),
        pytest.param(shown(State.ARRIVED, url=URL, **MERGED), "/rollback undo", id="arrived"),
        pytest.param(shown(State.PROPOSED), "delete its branch", id="proposed where nobody can talk to us"),
        pytest.param(shown(State.MERGED, **MERGED), "revert the commit", id="merged where nobody can talk to us"),
    ],
)
def test_how_to_stop_it_is_the_nearest_way(found: dict[str, Any], way: str) -> None:
    assert way in found["stop"]
