import json
import os

import pytest
from starlette.testclient import TestClient

from bot import wiring
from bot.adapters.queues.local import LocalRunner
from bot.reconciler.work import work
from bot.settings import Settings
from bot.web.app import create_app
from bot.world import story
from bot.world.origin import Origin

HOOK, API = "hook-token-0123456789", "api-token-0123456789"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in list(os.environ):
        if name.upper().startswith("ROLLBOT_"):
            monkeypatch.delenv(name)


@pytest.fixture
def origin(tmp_path):
    """The shop's Git server."""
    told = story.load(story.SHOP)
    made = Origin(tmp_path / "shop.git", told.branch)
    made.tell(told.history)
    return made


@pytest.fixture
def settings(origin, tmp_path):
    return Settings(
        _env_file=None,
        repo_url=(str(origin.folder),),
        database_url=f"sqlite:///{tmp_path}/rollbot.db",
        cache=tmp_path / "cache",
        hook_tokens={"alertmanager": HOOK},
        api_tokens={"ada": API},
    )


@pytest.fixture
def house(settings):
    with wiring.house(settings) as opened:
        yield opened


@pytest.fixture
def ports(house):
    [only] = house.ports.values()
    return only


@pytest.fixture
def client(settings, house):
    with TestClient(create_app(settings, house.ports), base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as made:
        yield made


@pytest.fixture
def work_off(house):
    """Do all the work that is due now."""
    runner = LocalRunner(house.rows, wiring.clock(), lambda key: work(key, house.ports))

    def until_idle():
        while runner.run_one():
            pass

    return until_idle


@pytest.fixture
def alert():
    """An Alertmanager payload about checkout in prod."""

    def payload(status="firing", **labels):
        told = {
            "alertname": "HighErrorRate",
            "service": "checkout",
            "environment": "prod",
            "severity": "critical",
            "rollbot": "act",
            **labels,
        }
        one = {
            "status": status,
            "labels": told,
            "annotations": {"summary": "checkout <script>alert(1)</script> fails"},
            "startsAt": "2026-03-12T02:44:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "fbab788ec4c1018b",
        }
        return json.dumps(
            {"version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": status, "receiver": "rollbot", "alerts": [one]}
        )

    return payload


@pytest.fixture
def send(client):
    """POST a body to the Alertmanager door as Alertmanager does."""

    def post(body, source="alertmanager", **headers):
        said = {"Authorization": f"Bearer {HOOK}", "Content-Type": "application/json", **headers}
        return client.post(f"/hooks/{source}", content=body, headers={name: value for name, value in said.items() if value})

    return post


@pytest.fixture
def call(client):
    """Call the API with a token."""

    def ask(path, method="GET", token=API, **options):
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})} if token else {}
        return client.request(method, f"/api/v1{path}", headers=headers, **options)

    return ask
