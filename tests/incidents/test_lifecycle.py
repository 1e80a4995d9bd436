"""Legal moves, and no others."""

from __future__ import annotations

import pytest

from bot.incidents.lifecycle import MOVES, IllegalMove, State, check


def test_every_state_has_its_row_and_what_ended_goes_on_only_to_be_taken_back() -> None:
    assert set(MOVES) == set(State)
    assert MOVES[State.ENDED] == {State.DECIDED}
    assert all(State.ENDED in after for state, after in MOVES.items() if state is not State.ENDED)


def test_every_state_can_be_reached() -> None:
    reached, edge = {State.OPENED}, [State.OPENED]
    while edge:
        new = MOVES[edge.pop()] - reached
        reached |= new
        edge += new

    assert reached == set(State)


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_a_move_is_in_the_table_or_illegal(before: State, after: State) -> None:
    if before is after or after in MOVES[before]:
        check(before, after)
    else:
        with pytest.raises(IllegalMove):
            check(before, after)


def test_nothing_is_proposed_without_being_admitted() -> None:
    assert [state for state, after in MOVES.items() if State.PROPOSED in after] == [State.ADMITTED]
