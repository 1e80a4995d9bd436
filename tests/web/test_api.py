import pytest


@pytest.mark.parametrize(
    "path", ["/services", "/releases?service=checkout", "/incidents", "/incidents/x", "/rollbacks", "/quarantine", "/scorecard"]
)
@pytest.mark.parametrize("token", [None, "wrong-token-0123456789"])
def test_reading_needs_a_token(call, path, token):
    answer = call(path, token=token)

    assert (answer.status_code, "ROLLBOT_API_TOKENS" in answer.json()["error"]) == (401, True)


def test_services_with_the_version_they_are_to_run(call, ports):
    rows = call("/services").json()

    found = {(row["environment"], row["service"]): row["version"] for row in rows}
    assert found["prod", "checkout"] == "2.7.0"
    assert {row["repository"] for row in rows} == {ports.repository.name}


def test_releases_newest_first(call):
    rows = call("/releases?service=checkout&environment=prod").json()

    bumps = [change["to"] for row in rows for change in row["changes"]]
    assert bumps[0] == "2.7.0"
    assert [row["time"] for row in rows] == sorted((row["time"] for row in rows), reverse=True)
    assert call("/releases?service=nobody").status_code == 404


def test_a_rollback_asked_for_is_carried_out_by_the_runner(call, work_off, origin):
    answer = call("/rollbacks", "POST", json={"service": "checkout", "environment": "prod", "mode": "merge", "reason": "it fails"})

    assert answer.status_code == 202
    incident = answer.json()
    assert incident["request"]["actor"] == "ada"
    before = origin.head()
    work_off()
    assert origin.head() != before
    [row] = call("/rollbacks").json()
    assert (row["incident"], row["version"], row["to"], row["commit"]) == (incident["id"], "2.7.0", "2.6.0", origin.head())
    assert [one["version"] for one in call("/quarantine").json()] == ["2.7.0"]
    whole = call(f"/incidents/{incident['id']}").json()
    assert [entry["stage"] for entry in whole["record"]][:3] == ["signal", "decision", "plan"]
    assert [one["id"] for one in call("/incidents?open=true&service=checkout").json()] == [incident["id"]]
    assert call("/incidents?service=payments").json() == []


def test_the_same_key_asked_twice_is_one_incident(call):
    wanted = {"service": "checkout", "environment": "prod"}

    ids = {call("/rollbacks", "POST", json=wanted, headers={"Idempotency-Key": "abc"}).json()["id"] for _ in range(2)}

    assert len(ids) == 1


@pytest.mark.parametrize(
    ("wanted", "status", "says"),
    [
        pytest.param({"service": "chekout"}, 409, "checkout", id="unknown service, nearest offered"),
        pytest.param({"service": "checkout"}, 409, "prod/checkout", id="several environments"),
        pytest.param({"service": "checkout", "environment": "prod", "to": "9.9"}, 409, "2.6.0", id="unknown version, known ones offered"),
        pytest.param({}, 400, "exactly one", id="nothing selected"),
        pytest.param({"service": "a", "commit": "b"}, 400, "exactly one", id="two selectors"),
        pytest.param({"commit": "abcd", "environment": "prod"}, 400, "environment", id="environment without service"),
        pytest.param({"service": "a", "from": "1"}, 400, "path", id="filter without path"),
        pytest.param({"servce": "checkout"}, 400, "servce", id="unknown key"),
        pytest.param({"service": "a", "mode": "yolo"}, 400, "mode", id="unknown mode"),
        pytest.param({"service": "a", "repository": "b"}, 404, "shop", id="unknown repository"),
    ],
)
def test_what_cannot_be_done_says_why_and_what_can(call, wanted, status, says):
    answer = call("/rollbacks", "POST", json=wanted)

    assert (answer.status_code, says in answer.text) == (status, True), answer.text


def test_asking_needs_a_bearer_token_so_no_web_page_can_do_it_for_a_visitor(client):
    answer = client.post("/api/v1/rollbacks", json={"service": "checkout"}, auth=("ada", "api-token-0123456789"))

    assert answer.status_code == 401


def test_without_tokens_the_api_is_closed(settings, house):
    from starlette.testclient import TestClient

    from bot.web.app import create_app

    client = TestClient(create_app(settings.model_copy(update={"api_tokens": {}}), house.ports))

    assert client.get("/api/v1/incidents", headers={"Authorization": "Bearer "}).status_code == 401
