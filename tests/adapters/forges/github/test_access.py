"""Logging in: an App's tokens come and go, a token that is turned down says so, and no secret is ever said."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from bot import wiring
from bot.adapters.forges.github.examine import examine
from bot.adapters.forges.github.opening import Login, opened
from bot.errors import BadConfig, Refused, RollbotError
from bot.settings import Settings
from tests.adapters.forges.github.hub import BRANCH, Hub
from tests.github.server import FakeGitHub

RIGHTS = {"contents": "write", "pull_requests": "write", "issues": "write", "statuses": "write", "checks": "read", "metadata": "read"}


@pytest.fixture
def login(server: FakeGitHub, hub: Hub, key: str) -> Login:
    server.app(4711, key, "rollbot-test", RIGHTS)
    return Login(server.api, app_id="4711", key=key)


def test_an_app_does_all_that_a_token_does(hub: Hub, login: Login, tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        repo_url=(hub.server.url(hub.name),),
        forge="github",
        github_url=hub.server.api,
        github_app_id="4711",
        github_private_key=login.key,  # type: ignore[arg-type]
        database_url=f"sqlite:///{tmp_path}/rollbot.db",  # type: ignore[arg-type]
        cache=tmp_path / "app-cache",
    )

    with wiring.house(settings) as house:
        [ports] = house.ports.values()
        ports.repository.fetch()
        change = hub.change()
        ports.forge.commit(change)
        pull = ports.forge.open(change)
        ports.forge.comment(pull.number, "state", "waiting")
        ports.forge.comment(pull.number, "state", "merged")

    assert len(hub.server.comments(hub.name, pull.number)) == 1
    assert hub.origin.head(BRANCH) == pull.head


def test_we_are_the_app_to_github(hub: Hub, login: Login) -> None:
    with opened(login, hub.server.url(hub.name), hub.repository.name, hub.patient.timing()) as client:
        assert client and client.identity().login == "rollbot-test[bot]"


def test_a_token_is_renewed_before_it_expires(hub: Hub, login: Login) -> None:
    with opened(login, hub.server.url(hub.name), hub.repository.name, hub.patient.timing()) as client:
        assert client
        first = client.access.token()
        assert client.access.token() == first

        hub.patient.sleep(56 * 60)

        assert client.access.token() != first


def test_a_token_that_is_turned_down_is_renewed_once(hub: Hub, login: Login) -> None:
    with opened(login, hub.server.url(hub.name), hub.repository.name, hub.patient.timing()) as client:
        assert client
        first = client.access.token()
        hub.server.revoke(first)

        assert client.get(client.at(""))["full_name"] == hub.name
        assert client.access.token() != first


def test_doctor_says_what_the_app_lacks_and_what_does_not_reach_us(hub: Hub, key: str) -> None:
    given = {**RIGHTS, "statuses": "read", "administration": "write"}
    hub.server.app(4712, key, "rollbot-less", given)
    hub.server.apps.deliveries = [{"status_code": 502, "event": "issue_comment"}, {"status_code": 202, "event": "push"}]
    login = Login(hub.server.api, app_id="4712", key=key)

    with opened(login, hub.server.url(hub.name), hub.repository.name, hub.patient.timing()) as client:
        assert client
        said = [(each.check, each.state, each.what) for each in examine(client, "main", False)]

    assert ("app", "bad", "it lacks statuses: write (it marks the bad commit)") in said
    assert ("app", "note", "it has administration: write, which Rollbot never uses") in said
    assert ("webhook", "note", "1 of 2 deliveries failed (the newest: issue_comment, answered 502)") in said


def test_git_is_shown_the_token_and_keeps_it_nowhere(hub: Hub, tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        forge="github",
        github_url=hub.server.api,
        github_token=hub.token,  # type: ignore[arg-type]
        cache=tmp_path / "own",
    )

    with wiring.repository(hub.server.url(hub.name), settings) as repository:
        repository.fetch()
        assert repository.resolve("main") == hub.base
        repository.rehearse()

    kept = [path for path in (tmp_path / "own").rglob("*") if path.is_file() and hub.token.encode() in path.read_bytes()]
    assert kept == []


def test_a_wrong_token_says_what_to_do_and_not_what_it_is(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "ghp_averysecrettokenofmine"

    with (
        pytest.raises(Refused, match="ROLLBOT_GITHUB_TOKEN") as error,
        opened(Login(hub.server.api, secret), hub.server.url(hub.name), hub.repository.name) as client,
    ):
        assert client
        client.get(client.at(""))

    assert secret not in str(error.value) + repr(error.value) + caplog.text


def test_what_is_no_key_is_refused_unsaid(hub: Hub) -> None:
    login = Login(hub.server.api, app_id="1", key="-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n")

    with pytest.raises(BadConfig, match="no private key") as error, opened(login, hub.server.url(hub.name), hub.repository.name):
        pass

    assert "c2VjcmV0" not in str(error.value)


def test_a_server_that_is_down_is_unavailable_and_names_no_secret(tmp_path: Path) -> None:
    with (
        pytest.raises(RollbotError, match="did not answer") as error,
        opened(Login("http://127.0.0.1:9/api/v3", "ghp_secret"), "http://127.0.0.1:9/a/b.git", "127.0.0.1:9/a/b") as client,
    ):
        assert client
        client.timing.sleep(0)
        client.get(client.at(""))

    assert "ghp_secret" not in str(error.value)


def test_what_has_not_changed_is_not_sent_again(hub: Hub) -> None:
    hub.client.get(hub.client.at(""))
    hub.client.get(hub.client.at(""))

    answered = [request.status for request in hub.server.requests if request.path.endswith(f"/repos/{hub.name}")]
    assert answered[-2:] == [200, 304]
