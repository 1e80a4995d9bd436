"""What a place has held, told by a history that is not always readable."""

from __future__ import annotations

import pytest

from bot.plans.timeline import held, touching

FILE = "apps/web/values.yaml"


def values(tag: str, broken: bool = False) -> str:
    return f"image:\n  repository: ghcr.io/x/web\n  tag: {tag}\n" + ("hosts: [*.example.org\n" if broken else "")


@pytest.mark.parametrize(
    "versions",
    [
        pytest.param([("1.0", False), ("1.1", False), ("1.1", True), ("1.1", False)], id="broken after the bump"),
        pytest.param([("1.0", False), ("1.1", True), ("1.1", False)], id="broken by the bump"),
        pytest.param([("1.0", False), ("1.0", True), ("1.1", True), ("1.1", False)], id="bumped while broken"),
        pytest.param([("1.0", True), ("1.0", False), ("1.1", False)], id="broken at first"),
    ],
)
def test_a_version_that_cannot_be_read_hides_none_before_it(tell, versions):
    state = tell(*({FILE: values(tag, broken)} for tag, broken in versions))
    pin = state.readings[(FILE, state.tree[FILE])].pins[0]

    segments = list(held(state, pin, touching(state, [FILE])[FILE]))

    assert [segment.value for segment in segments] == ["1.1", "1.0"]
    assert segments[0].since == segments[1].until
