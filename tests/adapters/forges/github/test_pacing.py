"""What GitHub lets us ask for in an hour, and how long a token serves: told by each answer, kept to, and never a rollback lost for it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping

import pytest
import requests

from bot.adapters.forges.github.client import Client
from bot.adapters.forges.github.forge import GitHubForge
from bot.adapters.forges.github.opening import Login, credentials, opened
from bot.adapters.git import GitRepository
from bot.errors import Refused, Unavailable
from tests.adapters.forges.github.hub import BRANCH, Hub
from tests.github.server import FakeGitHub

CORE, GRAPHQL = ("robot", "core"), ("robot", "graphql")
HOUR = 3600.0


def told(hub: Hub, path: str, **headers: str) -> tuple[int, Mapping[str, str]]:
    said = {"Authorization": f"token {hub.token}", **headers}
    answer = requests.get(f"{hub.server.api}{path}", headers=said, timeout=10)
    return answer.status_code, answer.headers


def an_hour_later(hub: Hub) -> None:
    hub.patient.sleep(HOUR)
    hub.server.quota.ahead += HOUR


def test_every_answer_says_its_name_and_what_is_left(hub: Hub) -> None:
    first, second = (told(hub, f"/repos/{hub.name}")[1] for _ in range(2))

    assert int(second["X-RateLimit-Remaining"]) == int(first["X-RateLimit-Remaining"]) - 1
    assert int(second["X-RateLimit-Used"]) + int(second["X-RateLimit-Remaining"]) == int(second["X-RateLimit-Limit"])
    assert (first["X-RateLimit-Resource"], first["X-RateLimit-Reset"]) == ("core", second["X-RateLimit-Reset"])
    assert 0 < int(first["X-RateLimit-Reset"]) - time.time() <= HOUR
    assert first["X-GitHub-Request-Id"] != second["X-GitHub-Request-Id"]


def test_refusals_and_git_have_a_name_too_and_nobody_has_little(hub: Hub) -> None:
    _, nowhere = told(hub, "/repos/acme/nowhere")
    status, stranger = told(hub, "/user", Authorization="token nobody's")
    git = requests.get(f"{hub.server.url(hub.name)}/info/refs?service=git-upload-pack", timeout=10)

    assert (status, stranger["X-RateLimit-Limit"], git.status_code) == (401, "60", 401)
    assert all("X-GitHub-Request-Id" in each for each in (nowhere, stranger, git.headers))


def test_what_has_not_changed_costs_nothing(hub: Hub) -> None:
    _, first = told(hub, f"/repos/{hub.name}")
    status, second = told(hub, f"/repos/{hub.name}", **{"If-None-Match": first["ETag"]})

    assert (status, second["X-RateLimit-Remaining"]) == (304, first["X-RateLimit-Remaining"])

    hub.client.get(hub.client.at("/pulls"))
    before = hub.server.quota.told(*CORE)["used"]
    hub.client.get(hub.client.at("/pulls"))
    assert hub.server.quota.told(*CORE)["used"] == before

    hub.proposed()
    assert [each["number"] for each in hub.client.get(hub.client.at("/pulls"))] == [1]


def test_a_limit_that_is_used_up_is_waited_for(hub: Hub) -> None:
    hub.server.quota.limits[CORE] = hub.server.quota.told(*CORE)["used"]

    with pytest.raises(Unavailable, match=r"wait until \d\d:\d\d:\d\d UTC"):
        hub.proposed()
    asked = len(hub.server.requests)
    with pytest.raises(Unavailable):
        hub.proposed()
    assert len(hub.server.requests) == asked, "it was asked before its time"

    hub.server.quota.limits.clear()
    an_hour_later(hub)
    assert hub.proposed().number == 1


def test_the_last_tenth_is_kept_for_incidents(hub: Hub) -> None:
    hub.server.quota.limits[CORE] = 100
    while hub.server.quota.told(*CORE)["remaining"] > 9:
        told(hub, "/user")
    hub.client.get("/user")

    with pytest.raises(Unavailable, match="kept for incidents"):
        hub.talk.commands(0.0)
    assert hub.proposed().number == 1


def test_graphql_that_is_limited_for_a_moment_is_sat_out(hub: Hub) -> None:
    hub.server.fault("createCommitOnBranch", "rate_limited")

    head = hub.forge.commit(hub.change())

    assert 0.9 <= hub.patient.slept <= 5.0
    assert (hub.origin.head(BRANCH), len(hub.origin.log(BRANCH))) == (head, 2)


def test_graphql_that_is_used_up_is_waited_for(hub: Hub) -> None:
    hub.server.quota.limits[GRAPHQL] = 0

    with pytest.raises(Unavailable, match="wait until"):
        hub.forge.commit(hub.change())
    hub.server.quota.limits.clear()
    an_hour_later(hub)
    head = hub.forge.commit(hub.change())

    assert (hub.origin.head(BRANCH), len(hub.origin.log(BRANCH))) == (head, 2)


@pytest.fixture
def installed(server: FakeGitHub, hub: Hub, key: str) -> Iterator[Client]:
    """An App's client, whose clock does not go with the server's."""
    rights = {"contents": "write", "pull_requests": "write", "issues": "write", "statuses": "write", "metadata": "read"}
    server.app(4711, key, "rollbot-test", rights)
    with opened(Login(server.api, app_id="4711", key=key), server.url(hub.name), hub.repository.name, hub.patient.timing()) as client:
        assert client
        yield client


def test_an_installation_s_token_that_has_expired_is_renewed_in_mid_rollback(hub: Hub, installed: Client, key: str) -> None:
    forge, first = GitHubForge(installed, hub.repository), installed.access.token()
    for step in (lambda: forge.commit(hub.change()), lambda: forge.open(hub.change()), lambda: forge.comment(1, "state", "waiting")):
        hub.server.quota.ahead += HOUR + 1
        step()

    turned_down = [each for each in hub.server.requests if each.status == 401]
    assert len(turned_down) == 3, "each time the old token is shown once"
    assert (len(hub.server.pulls(hub.name)), len(hub.server.comments(hub.name, 1))) == (1, 1)
    assert requests.get(f"{hub.server.api}/user", headers={"Authorization": f"token {first}"}, timeout=10).status_code == 401


def test_git_is_shown_a_token_that_serves(hub: Hub, installed: Client, tmp_path: object) -> None:
    """By its own clock, which goes with GitHub's, the adapter renews before the end: Git never meets an old one."""
    login, url = Login(hub.server.api), hub.server.url(hub.name)
    with GitRepository(url, "main", hub.repository._folder.parent / "apps", credentials=credentials(login, url, installed)) as repository:
        repository.fetch()
        an_hour_later(hub)
        hub.somebody_pushes()
        repository.fetch()
        assert repository.resolve("main") == hub.base

        hub.server.quota.ahead += HOUR  # GitHub's clock alone
        with pytest.raises((Refused, Unavailable)) as failed:
            repository.fetch()
        assert not re.search("ghs_", str(failed.value))
        installed.get(installed.at(""))
        repository.fetch()
