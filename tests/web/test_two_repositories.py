import shutil

import pytest
from starlette.testclient import TestClient

from bot import wiring
from bot.web.app import create_app

HOOK = {"Authorization": "Bearer hook-token-0123456789"}
API = {"Authorization": "Bearer api-token-0123456789"}


@pytest.fixture
def both(settings, origin, tmp_path):
    other = shutil.copytree(origin.folder, tmp_path / "other.git")
    with wiring.house(settings, (str(origin.folder), str(other))) as house:
        yield house, TestClient(create_app(settings, house.ports))


def test_each_repository_hears_an_alert_unless_one_is_named(both, alert):
    house, client = both
    shop, other = house.ports

    client.post("/hooks/alertmanager", content=alert(), headers={**HOOK, "Content-Type": "application/json"})
    client.post(f"/hooks/alertmanager?repository={other}", content=alert("resolved"), headers={**HOOK, "Content-Type": "application/json"})

    heard = {name: len(ports.store.inbox(name)) for name, ports in house.ports.items()}
    assert heard == {shop: 1, other: 2}


def test_a_rollback_needs_to_say_which_repository_and_reading_shows_all(both):
    house, client = both

    assert {row["repository"] for row in client.get("/api/v1/services", headers=API).json()} == set(house.ports)
    wanted = {"service": "checkout", "environment": "prod"}
    answer = client.post("/api/v1/rollbacks", json=wanted, headers=API)
    assert (answer.status_code, "say which repository" in answer.json()["error"]) == (400, True)
    other = list(house.ports)[1]
    answer = client.post("/api/v1/rollbacks", json={**wanted, "repository": other}, headers=API)
    assert (answer.status_code, answer.json()["repository"]) == (202, other)
