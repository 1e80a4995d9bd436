import pytest
from starlette.testclient import TestClient

from bot.web.app import create_app
from bot.world.story import ToldCommit


@pytest.fixture
def page(client):
    def get(path):
        return client.get(path, auth=("anybody", "api-token-0123456789"))

    return get


def test_nothing_is_wrong(page):
    answer = page("/")

    assert answer.status_code == 200
    assert "Nothing is wrong" in answer.text


def test_an_incident_on_one_screen_and_its_whole_record(page, send, alert, work_off, ports):
    send(alert())
    work_off()
    [incident] = ports.store.incidents()

    shown = page("/").text
    for part in ("prod/checkout", "HighErrorRate", "104e6d2", "how to stop it"):
        assert part in shown
    told = page(f"/incidents/{incident.id}").text
    for part in ("Time line", "suspect", "@@", "whole:"):
        assert part in told


def test_strangers_text_is_shown_and_not_obeyed(page, send, alert, work_off):
    send(alert())
    work_off()

    answer = page("/")

    assert "&lt;script&gt;" in answer.text and "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "http://" not in answer.text.replace("http://127.0.0.1", "")


def test_pages_need_a_token_where_there_are_tokens(client):
    answer = client.get("/")

    assert (answer.status_code, answer.headers["www-authenticate"][:5]) == (401, "Basic")
    assert client.get("/", auth=("ada", "wrong")).status_code == 401
    assert client.get("/", headers={"Authorization": "Basic !!!"}).status_code == 401


@pytest.mark.parametrize(
    ("peer", "host", "status"),
    [
        pytest.param("127.0.0.1", "http://127.0.0.1:8080", 200, id="this machine"),
        pytest.param("127.0.0.1", "http://localhost", 200, id="by its name"),
        pytest.param("127.0.0.1", "http://evil.example", 403, id="another site's name for this machine"),
        pytest.param("10.1.2.3", "http://127.0.0.1", 403, id="another machine"),
    ],
)
def test_without_tokens_only_this_machine_sees_pages(settings, house, peer, host, status):
    app = create_app(settings.model_copy(update={"api_tokens": {}}), house.ports)

    assert TestClient(app, base_url=host, client=(peer, 5000)).get("/").status_code == status


def test_incidents_that_are_not_there(page):
    assert page("/incidents/nobody").status_code == 404
    assert page("/nowhere").json() == {"error": "Not Found"}


def test_the_api_is_described(page):
    shown = page("/docs").text

    assert "/api/v1/rollbacks" in shown and "/hooks/{source}" in shown


def test_style_is_our_own(client):
    answer = client.get("/static/style.css")

    assert answer.status_code == 200 and "url(" not in answer.text and "@import" not in answer.text


class TestHealth:
    def test_alive(self, client):
        assert client.get("/healthz").json() == {"ok": True}

    def test_dead_when_the_work_stopped(self, settings, house):
        client = TestClient(create_app(settings, house.ports, alive=lambda: False))

        assert client.get("/healthz").status_code == 503
        assert "rollbot_up 0" in client.get("/metrics").text

    def test_ready(self, page, ports):
        answer = page("/readyz")

        assert answer.status_code == 200
        [repository] = answer.json()["repositories"]
        assert (repository["repository"], repository["git"], repository["config"]) == (ports.repository.name, "ok", "ok")

    def test_a_broken_configuration_is_said_and_the_last_good_one_stays(self, settings, house, client, origin):
        client.get("/readyz")
        when = origin.log()[-1][1] + 60
        origin.tell([ToldCommit(when, "Ada <ada@shop.example>", "Break it\n", {".rollbot.yaml": "polcy: {}\n"})])

        fresh = TestClient(create_app(settings, house.ports))
        assert fresh.get("/readyz").json() == {"ready": True, "failing": ["config"]}
        answer = fresh.get("/readyz", auth=("", "api-token-0123456789"))

        [repository] = answer.json()["repositories"]
        assert answer.status_code == 200
        assert repository["config"].startswith("last good config in use: .rollbot.yaml:1:") and "policy" in repository["config"]

    def test_a_repository_that_is_gone_is_said_and_alerts_are_still_taken(self, send, alert, client, origin):
        origin.folder.rename(origin.folder.with_name("gone.git"))

        assert client.get("/readyz").json() == {"ready": True, "failing": ["git"]}
        assert client.get("/readyz", auth=("", "api-token-0123456789")).json()["repositories"][0]["git"] != "ok"
        assert send(alert()).status_code == 202

    def test_numbers(self, client, send, alert):
        send(alert())
        send(alert(), Authorization="Bearer wrong")

        text = client.get("/metrics").text
        assert 'rollbot_deliveries_total{source="alertmanager",outcome="accepted"} 1' in text
        assert 'rollbot_deliveries_total{source="alertmanager",outcome="unauthenticated"} 1' in text
        assert "rollbot_inbox_waiting" in text and "rollbot_up 1" in text

    @pytest.mark.parametrize("path", ["/metrics", "/readyz", "/healthz", "/openapi.json", "/docs"])
    def test_a_stranger_learns_no_repository(self, client, send, alert, ports, path):
        send(alert())

        answer = client.get(path)

        assert answer.status_code == (401 if path in ("/openapi.json", "/docs") else 200)
        assert ports.repository.name not in answer.text and "shop" not in answer.text

    def test_a_token_shows_numbers_by_repository(self, client, ports):
        labelled = f'rollbot_inbox_waiting{{repository="{ports.repository.name}"}} 0'

        assert labelled in client.get("/metrics", headers={"Authorization": "Bearer api-token-0123456789"}).text
        assert "rollbot_inbox_waiting 0" in client.get("/metrics").text

    def test_a_token_shows_the_description_of_the_api(self, page):
        assert "/api/v1/rollbacks" in page("/openapi.json").json()["paths"]
