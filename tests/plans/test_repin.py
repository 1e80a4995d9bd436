"""What another bot brings back goes back, and its setter is muted; what a person brings back stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.objections import Objection
from bot.plans.repin import repinned, returned
from bot.releases.release import Commit, DesiredState
from tests.plans.conftest import Telling
from tests.plans.test_keeping import FIRST, PROD, app, kept

BOT = ("fluxcdbot", "fluxcdbot@users.noreply.github.com")


def by_bot(state: DesiredState) -> DesiredState:
    """The same history with its newest commit by a bot."""
    newest, *others = state.log
    author, email = BOT
    mine = Commit(newest.sha, newest.parent, newest.time, author, email, newest.message, newest.files)
    return replace(state, log=(mine, *others))


@pytest.mark.parametrize(
    ("version", "bot", "forward", "back_to"),
    [
        pytest.param("1.1.0", True, False, "1.0.0", id="the bad version by a bot"),
        pytest.param("1.1.0", False, False, None, id="the bad version by a person"),
        pytest.param("1.2.0", True, False, None, id="another version by a bot"),
        pytest.param("1.2.0", True, True, "1.0.0", id="another version by a bot while forward is held"),
        pytest.param("1.2.0", False, True, None, id="another version by a person while forward is held"),
    ],
)
def test_what_came_back(tell: Telling, version: str, bot: bool, forward: bool, back_to: str | None) -> None:
    told = tell(FIRST, {PROD: app("1.1.0")}, {PROD: app("1.0.0")}, {PROD: app(version)})
    state = by_bot(told) if bot else told

    found = returned(kept(state), state, forward)

    assert (found and found.back_to) == back_to


def test_it_goes_back_byte_for_byte_with_its_setter_muted(tell: Telling) -> None:
    state = by_bot(tell(FIRST, {PROD: app("1.1.0")}, {PROD: app("1.0.0")}, {PROD: app("1.1.0")}))
    quarantine = kept(state)
    found = returned(quarantine, state)
    assert found is not None

    files = repinned(found, quarantine, state)

    assert not isinstance(files, Objection)
    assert files == {PROD: app("1.0.0", 'rollbot held until 2023-11-18: {"$imagepolicy": "flux-system:app"}').encode()}


def test_nothing_came_back(tell: Telling) -> None:
    state = tell(FIRST, {PROD: app("1.1.0")}, {PROD: app("1.0.0")})

    assert returned(kept(state), state, forward=True) is None
