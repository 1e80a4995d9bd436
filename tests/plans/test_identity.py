"""A release has one identity: the one that its history tells is the one that its rollback undoes (F4)."""

from __future__ import annotations

import pytest

from bot.plans.make import make
from bot.plans.plan import ByCommit, ByPath, ByRelease, ByService, Plan
from bot.releases.history import history

ALL = "prod/all.yaml"
NOTES = "prod/web/notes.md"


def deployments(web: str, api: str) -> str:
    return "---\n".join(
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      containers:\n"
        f"        - name: {name}\n          image: registry:5000/{name}:{tag}\n"
        for name, tag in (("web", web), ("api", api))
    )


@pytest.mark.parametrize("selector", ["service", "release"])
def test_the_plan_undoes_what_the_history_tells(tell, selector):
    state = tell({ALL: deployments("1.0", "5.0")}, {ALL: deployments("1.1", "5.1")})
    (web,) = (service for service in state.estate.services if service.ref.name == "web")
    newest = history(web.ref, state).releases[0]

    plan = make(ByService("web", "prod") if selector == "service" else ByRelease(web.ref, newest.commit), state)

    assert isinstance(plan, Plan)
    assert [(change.before, change.after) for change in newest.changes] == [("1.0", "1.1")]
    assert plan.release == newest.identity


def test_two_services_of_one_commit_have_two_identities(tell):
    state = tell({ALL: deployments("1.0", "5.0")}, {ALL: deployments("1.1", "5.1")})

    web, api = (make(ByService(name, "prod"), state) for name in ("web", "api"))

    assert isinstance(web, Plan)
    assert isinstance(api, Plan)
    assert web.release != api.release


def test_the_same_bump_released_again_is_the_same_release(tell):
    told = [{ALL: deployments("1.0", "5.0")}, {ALL: deployments("1.1", "5.0")}]
    first = make(ByService("web", "prod"), tell(*told))
    again = make(ByService("web", "prod"), tell({ALL: deployments("1.0", "5.0")}, {ALL: deployments("1.1", "5.0")}))

    assert isinstance(first, Plan)
    assert isinstance(again, Plan)
    assert first.release == again.release


def test_a_path_of_one_service_and_its_service_agree(tell):
    state = tell({ALL: deployments("1.0", "5.0")}, {ALL: deployments("1.1", "5.0")})

    path = make(ByPath(ALL, artefact="registry:5000/web"), state)
    commit = make(ByCommit("HEAD"), state)
    service = make(ByService("web", "prod"), state)

    assert isinstance(path, Plan)
    assert isinstance(commit, Plan)
    assert isinstance(service, Plan)
    assert path.release == service.release == commit.release
