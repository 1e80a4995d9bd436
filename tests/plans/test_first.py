"""A release before which there was nothing: taking it back would delete the service, so there is no plan."""

from __future__ import annotations

import pytest

from bot.plans.make import make
from bot.plans.plan import ByRelease, Plan, Unplanned
from tests.plans.conftest import Telling

APP = "kind: Deployment\nmetadata: {name: app}\nspec: {template: {spec: {containers: [{name: app, image: acme/app:1.0}]}}}\n"


@pytest.mark.parametrize("before", [[], [{"README.md": "hello\n"}]])
def test_the_commit_that_brought_a_service_in_is_not_taken_back_by_an_alert(tell: Telling, before: list[dict[str, str | None]]) -> None:
    state = tell(*before, {"overlays/prod/app.yaml": APP})
    [service] = state.estate.services

    answer = make(ByRelease(service.ref, state.head), state)

    assert isinstance(answer, Unplanned)
    assert [objection.code for objection in answer.objections] == ["no-earlier-version"]


def test_a_later_release_still_is(tell: Telling) -> None:
    state = tell({"overlays/prod/app.yaml": APP}, {"overlays/prod/app.yaml": APP.replace("1.0", "1.1")})
    [service] = state.estate.services

    assert isinstance(make(ByRelease(service.ref, state.head), state), Plan)
