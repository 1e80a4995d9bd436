"""A token names environments and what it may do there; tested at the door."""

from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from bot.errors import Unavailable
from bot.web.app import create_app
from bot.web.guard import RIGHTS, identity


class Away:
    """A forge that goes away before it closes anything."""

    def __init__(self, forge):
        self._forge = forge

    def __getattr__(self, name):
        return getattr(self._forge, name)

    def close(self, pull, why):
        raise Unavailable("the forge does not answer")


TOKENS = {
    "ada": "all-everything-0123",
    "reader:read@prod*": "reader-prod-01234567",
    "ci:read+ask@staging+dev-*": "ci-staging-012345678",
    "asker:read+ask@prod": "asker-prod-012345678",
    "lead:read+ask+approve@prod": "lead-prod-0123456789",
    "pager:stop@prod": "pager-prod-012345678",
}
CHECKOUT = {"service": "checkout", "environment": "prod"}


@pytest.fixture
def ask(settings, house):
    """Call the API as somebody."""
    given = settings.model_copy(update={"api_tokens": {name: type(settings.api_tokens["ada"])(token) for name, token in TOKENS.items()}})
    with TestClient(create_app(given, house.ports), base_url="http://127.0.0.1") as client:

        def call(who, path, method="GET", **options):
            token = next((token for name, token in TOKENS.items() if identity(name).name == who), who)
            headers = {"Authorization": f"Bearer {token}"} | options.pop("headers", {})
            return client.request(method, path if path == "/" else f"/api/v1{path}", headers=headers, **options)

        yield call


@pytest.mark.parametrize(
    ("grant", "name", "rights", "within", "without"),
    [
        ("ada", "ada", RIGHTS, ["prod", "several"], []),
        ("ada@shop.example", "ada@shop.example", RIGHTS, ["prod"], []),
        ("ci:read+ask@staging+dev-*", "ci", {"read", "ask"}, ["staging", "dev-7"], ["prod", "several", "dev", "Staging"]),
        ("ci:read", "ci", {"read"}, ["prod", "several"], []),
    ],
)
def test_a_grant_is_read(grant, name, rights, within, without):
    found = identity(grant)

    assert (found.name, found.rights) == (name, rights)
    assert all(found.may("read", each) for each in within) and not any(found.may("read", each) for each in without)


@pytest.mark.parametrize(
    ("who", "environments"), [("ada", {"prod", "staging"}), ("reader", {"prod"}), ("ci", {"staging"}), ("asker", {"prod"})]
)
def test_what_is_shown_is_what_may_be_read(ask, who, environments):
    assert {row["environment"] for row in ask(who, "/services").json()} == environments
    found = ask(who, "/releases?service=checkout").json()
    assert {row["environment"] for row in found} <= environments


@pytest.mark.parametrize("path", ["/services", "/incidents", "/rollbacks", "/quarantine", "/releases?service=checkout"])
def test_who_may_not_read_reads_nothing(ask, path):
    assert ask("pager", path).status_code == 403


@pytest.mark.parametrize(
    ("who", "wanted", "status"),
    [
        pytest.param("ada", {}, 202, id="everything everywhere"),
        pytest.param("asker", {}, 202, id="may ask there"),
        pytest.param("asker", {"mode": "merge"}, 403, id="may ask, not merge"),
        pytest.param("asker", {"mode": "push"}, 403, id="may ask, not push"),
        pytest.param("lead", {"mode": "merge"}, 202, id="may approve too"),
        pytest.param("reader", {}, 403, id="may only read"),
        pytest.param("ci", {}, 403, id="elsewhere"),
        pytest.param("pager", {}, 403, id="may only stop"),
        pytest.param("nobody-0123456789", {}, 401, id="nobody"),
    ],
)
def test_asking_needs_the_right_where_something_is_changed(ask, ports, origin, who, wanted, status):
    before = origin.head()

    answer = ask(who, "/rollbacks", "POST", json={**CHECKOUT, **wanted})

    assert (answer.status_code, len(ports.store.incidents())) == (status, int(status == 202)), answer.text
    assert status != 403 or "has no right to" in answer.json()["error"]
    assert origin.head() == before


def test_what_is_named_by_its_file_or_commit_needs_the_right_where_it_stands(ask, ports):
    path = "apps/checkout/overlays/prod/kustomization.yaml"

    assert ask("ci", "/rollbacks", "POST", json={"path": path}).status_code == 403
    assert ask("asker", "/rollbacks", "POST", json={"path": path}).status_code == 202


def test_a_key_of_somebody_else_shows_nothing_of_theirs(ask):
    headers = {"Idempotency-Key": "same"}
    assert ask("asker", "/rollbacks", "POST", json=CHECKOUT, headers=headers).status_code == 202

    answer = ask("ci", "/rollbacks", "POST", json={"service": "checkout"}, headers=headers)

    assert "incident" not in answer.text and answer.status_code in (403, 409)


@pytest.fixture
def proposed(ask, work_off):
    """The id of an incident whose pull request waits."""
    found = ask("ada", "/rollbacks", "POST", json={**CHECKOUT, "mode": "pr"}).json()["id"]
    work_off()
    return found


@pytest.mark.parametrize(("verb", "may"), [("approve", {"ada", "lead"}), ("cancel", {"ada", "pager"}), ("acknowledge", {"ada", "pager"})])
@pytest.mark.parametrize("who", ["ada", "reader", "ci", "asker", "lead", "pager"])
def test_acting_on_an_incident_needs_the_right(ask, proposed, verb, may, who):
    assert ask(who, f"/incidents/{proposed}/{verb}", "POST").status_code == (202 if who in may else 403)


def test_approved_is_merged_and_twice_is_once(ask, proposed, ports, work_off, origin):
    before = origin.head()

    answers = [ask("lead", f"/incidents/{proposed}/approve", "POST").status_code for _ in range(2)]
    work_off()

    assert answers == [202, 202] and origin.head() != before
    assert [entry.what for entry in ports.store.entries(proposed) if "lead approves" in entry.what] == [
        f"lead approves commit {ports.store.incident(proposed).actions[-1].head[:12]}"
    ]
    assert ask("pager", f"/incidents/{proposed}/cancel", "POST").status_code == 409


def test_cancelled_is_ended_and_its_pull_request_closed(ask, proposed, ports):
    branch = ports.store.incident(proposed).action.branch

    answers = [ask("pager", f"/incidents/{proposed}/cancel", "POST").status_code for _ in range(2)]

    assert answers == [202, 202]
    assert str(ports.store.incident(proposed).end) == "cancelled" and ports.forge.find(branch).state == "closed"


def test_a_call_that_was_killed_before_it_closed_the_pull_request_closes_it_when_it_comes_again(ask, proposed, ports, house, settings):
    branch = ports.store.incident(proposed).action.branch
    killed = replace(ports, forge=Away(ports.forge))
    with TestClient(create_app(settings, {ports.repository.name: killed}), base_url="http://127.0.0.1") as client:
        headers = {"Authorization": "Bearer api-token-0123456789"}
        first = client.post(f"/api/v1/incidents/{proposed}/cancel", headers=headers)
    before = ports.forge.find(branch).state

    again = ask("ada", f"/incidents/{proposed}/cancel", "POST")

    assert first.status_code == 503 and again.status_code == 202
    assert (before, ports.forge.find(branch).state) == ("open", "closed")


def test_that_somebody_is_at_it_is_recorded_once(ask, proposed, ports):
    for _ in range(2):
        ask("pager", f"/incidents/{proposed}/acknowledge", "POST")

    assert [entry.what for entry in ports.store.entries(proposed)].count("pager is at it") == 1


def test_what_is_not_there_is_404_and_an_unknown_verb_400(ask, proposed):
    assert ask("ada", "/incidents/none/approve", "POST").status_code == 404
    assert ask("ada", f"/incidents/{proposed}/explode", "POST").status_code == 400


def test_the_pages_show_everything_and_need_the_right_to_read_it(ask):
    assert [ask(who, "/").status_code for who in ("ada", "reader", "pager")] == [200, 403, 403]


def test_acting_needs_a_bearer_token_so_no_web_page_can_do_it_for_a_visitor(settings, house):
    with TestClient(create_app(settings, house.ports), base_url="http://127.0.0.1") as client:
        assert client.post("/api/v1/incidents/x/approve", auth=("ada", "api-token-0123456789")).status_code == 401
