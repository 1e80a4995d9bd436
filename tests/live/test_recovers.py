"""A bad release, a real alert, a merge over HTTP, a real recovery: `rollbot serve` among real servers."""

import json
import threading
import time
import urllib.request

import pytest
import sqlalchemy as sa

from bot.world.http import serve_git
from tests.live.monitoring import start_both
from tests.live.servers import free_port, wait_for
from tests.live.shop import KUSTOMIZATION, PATH, Checkout, Remote, tell
from tests.postgres import Absent, postgres

HOOK, API = "live-hook-token-0123456789", "live-api-token-0123456789"
CONFIG = """\
version: 1
policy:
  trust: {prod: merge}
attribution:
  live_after: 1s
outcomes: {arrive_within: 1m, settle: 1s, soak: 3s, min_samples: 1, give_up: 2m}
"""


@pytest.fixture
def remote(tmp_path):
    made = Remote(tmp_path / "git" / "manifests.git")
    made.git("config", "http.receivepack", "true")
    tell(made, CONFIG, bad=None)
    return made


@pytest.fixture
def git_url(tmp_path, remote):
    with serve_git(tmp_path / "git", ("rollbot", "git-password")) as url:
        yield url.replace("://", "://rollbot:git-password@") + "/manifests.git"


@pytest.fixture
def checkout(remote):
    service = Checkout(remote)
    yield service
    service.close()


def called(port, path):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {API}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


@pytest.mark.live
@pytest.mark.timeout(300)
def test_a_bad_release_is_rolled_back_and_the_service_recovers(start, rollbot, debian, remote, git_url, checkout, tmp_path):
    ports = {"shop": checkout.port, "rollbot": free_port(), "prometheus": free_port(), "alertmanager": free_port()}
    start_both(start, debian, tmp_path / "monitoring", ports, HOOK)
    server = rollbot(
        str(ports["rollbot"]),
        ROLLBOT_REPO_URL=git_url,
        ROLLBOT_PROMETHEUS_URL=f"http://127.0.0.1:{ports['prometheus']}",
        ROLLBOT_HOOK_TOKEN_ALERTMANAGER=HOOK,
        ROLLBOT_API_TOKENS=f"live={API}",
        ROLLBOT_SWEEP_EVERY="1",
    )
    wait_for_traffic(ports["prometheus"])

    released, bad = release(remote)
    incidents = lambda: called(ports["rollbot"], "/api/v1/incidents")  # noqa: E731
    ended = wait_for(lambda: [one for one in incidents() if one["end"]], 200, server.said)

    [incident] = ended
    record = called(ports["rollbot"], f"/api/v1/incidents/{incident['id']}")["record"]
    show_time_line(released, checkout, record)
    assert_rolled_back_once(incident, remote, checkout, bad)
    server.stop()


@pytest.fixture
def database():
    try:
        with postgres(durable=True) as server:
            yield server.create()
    except Absent as why:
        pytest.skip(str(why))


@pytest.mark.live
@pytest.mark.timeout(300)
def test_one_of_two_is_killed_at_work_and_the_other_ends_it(start, rollbot, debian, remote, git_url, checkout, database, tmp_path):
    ports = {"shop": checkout.port, "rollbot": free_port(), "prometheus": free_port(), "alertmanager": free_port()}
    doors = [ports["rollbot"], free_port()]
    start_both(start, debian, tmp_path / "monitoring", ports, HOOK, doors[1])
    servers = {
        door: rollbot(
            str(door),
            ROLLBOT_REPO_URL=git_url,
            ROLLBOT_DATABASE_URL=database,
            ROLLBOT_CACHE=str(tmp_path / f"cache-{door}"),
            ROLLBOT_PROMETHEUS_URL=f"http://127.0.0.1:{ports['prometheus']}",
            ROLLBOT_HOOK_TOKEN_ALERTMANAGER=HOOK,
            ROLLBOT_API_TOKENS=f"live={API}",
            ROLLBOT_SWEEP_EVERY="1",
        )
        for door in doors
    }
    wait_for_traffic(ports["prometheus"])

    released, bad = release(remote)
    victim, state = at_work(database, servers)
    servers[victim].kill()
    killed = time.time()
    [left] = [door for door in doors if door != victim]
    [incident] = wait_for(lambda: [one for one in called(left, "/api/v1/incidents") if one["end"]], 200, servers[left].said)
    record = called(left, f"/api/v1/incidents/{incident['id']}")["record"]

    show_time_line(released, checkout, record, (killed, "kill -9", f"of the process at work; the incident is {state}"))
    assert_rolled_back_once(incident, remote, checkout, bad)
    assert killed < incident["ended"]
    assert [entry["seq"] for entry in record] == list(range(1, len(record) + 1))
    servers[left].stop()


def at_work(database, servers):
    """Wait until a process has an incident in its hands that is to be written to Git; its door, and the incident's state."""
    held = sa.text(
        "select holder, incident::json->>'state' as state from rollbot_queue join rollbot_incidents on id = key where leased is not null"
    )
    pids = {str(server.process.pid): door for door, server in servers.items()}
    engine = sa.create_engine(database, isolation_level="AUTOCOMMIT")
    until = time.monotonic() + 100
    try:
        with engine.connect() as connection:
            while time.monotonic() < until:
                row = connection.execute(held).first()
                if row and row.state in ("admitted", "proposed"):
                    return next(door for pid, door in pids.items() if f"-{pid}-" in row.holder), row.state
                threading.Event().wait(0.002)
    finally:
        engine.dispose()
    raise AssertionError("nobody was seen at work")


def wait_for_traffic(prometheus):
    query = f"http://127.0.0.1:{prometheus}/api/v1/query?query=count(rate(http_requests_total[4s]))%3E1"
    wait_for(lambda: json.load(urllib.request.urlopen(query, timeout=5))["data"]["result"], 20, "Prometheus saw no traffic")


def release(remote):
    """Push the bad version; when, and its commit."""
    now = time.time()
    return now, remote.commit("chore(deps): update checkout to 2.8.0 (#12)", {PATH: KUSTOMIZATION.format(tag="2.8.0")}, now)


def assert_rolled_back_once(incident, remote, checkout, bad):
    assert incident["end"] == "recovered", incident["why"]
    [action] = incident["actions"]
    assert (action["release"], action["version"], action["to"], action["helped"]) == (bad, "2.8.0", "2.7.0", True)
    assert (remote.head(), remote.git("rev-parse", "main^").strip()) == (action["commit"], bad)
    assert remote.show() == KUSTOMIZATION.format(tag="2.7.0")
    changed = remote.git("diff", "--name-only", "main^", "main").split()
    assert [path for path in changed if not path.startswith(".rollbot/quarantine/")] == [PATH]
    assert [tag for _, tag in checkout.ran] == ["2.7.0", "2.8.0", "2.7.0"]
    assert all(symptom["resolved"] for symptom in incident["symptoms"])


def show_time_line(released, checkout, record, *more):
    """Print what happened, in seconds since the release: run pytest with `-s` to see it."""
    lines = [(0.0, "git", "2.8.0 is pushed")]
    lines += [(at - released, "world", f"runs {tag}") for at, tag in checkout.ran if at >= released]
    lines += [(entry["at"] - released, entry["stage"], "; ".join([entry["what"], *entry["because"][:2]])) for entry in record]
    lines += [(at - released, who, what) for at, who, what in more]
    print()
    for at, who, what in sorted(lines):
        print(f"{at:7.1f} s  {who:<9} {what}")
