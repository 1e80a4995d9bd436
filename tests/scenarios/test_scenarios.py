"""Every scenario ends as it is told to, every rule has one, and what is missing is known."""

from __future__ import annotations

import pytest

from tests.scenarios.scenario import live, names, told


def _marked(name: str) -> object:
    missing = told(name).get("missing")
    return pytest.param(name, marks=pytest.mark.xfail(reason=missing, raises=AssertionError, strict=True)) if missing else name


@pytest.mark.parametrize("name", [_marked(name) for name in names()])
def test_scenario(name: str) -> None:
    lived = live(name)

    assert lived.wrong == ""
