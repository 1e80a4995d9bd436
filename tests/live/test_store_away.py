"""The database gone, or its disk full: nothing accepted is lost, it is said, and the work goes on when it is back."""

import json
import resource
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.world.http import serve_git
from tests.live.servers import free_port, wait_for
from tests.live.shop import Remote, tell
from tests.postgres import Absent, postgres

HOOK, API = "live-hook-token-0123456789", "live-api-token-0123456789"
CONFIG = "version: 1\npolicy: {trust: {prod: propose}}\n"
FULL = 2_000_000
"""Bytes after which no file grows."""


@pytest.fixture
def git_url(tmp_path):
    tell(Remote(tmp_path / "git" / "manifests.git"), CONFIG, since=3600)
    with serve_git(tmp_path / "git") as url:
        yield f"{url}/manifests.git"


@pytest.fixture
def environment(git_url):
    return {
        "ROLLBOT_REPO_URL": git_url,
        "ROLLBOT_API_TOKENS": f"live={API}",
        "ROLLBOT_HOOK_TOKEN_ALERTMANAGER": HOOK,
        "ROLLBOT_SWEEP_EVERY": "1",
    }


def asked(port, path, body=None, token=API):
    """The answer's status and text."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers, data=body)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def alert(number, padding=0):
    started = datetime.fromtimestamp(time.time() - 60, UTC).isoformat()
    labels = {"alertname": f"Failing{number}", "service": "checkout", "environment": "prod", "severity": "critical", "rollbot": "act"}
    one = {"status": "firing", "labels": labels, "annotations": {"runbook": "x" * padding}, "startsAt": started}
    return json.dumps({"version": "4", "status": "firing", "alerts": [one]}).encode()


def sent(port, number, padding=0):
    return asked(port, "/hooks/alertmanager", alert(number, padding), HOOK)[0]


def symptoms(port):
    return {symptom["name"] for incident in json.loads(asked(port, "/api/v1/incidents")[1]) for symptom in incident["symptoms"]}


@pytest.mark.live
def test_a_database_that_goes_away_is_waited_for(rollbot, environment):
    port = free_port()
    try:
        running = postgres(durable=True)
        database = running.__enter__()
    except Absent as why:
        pytest.skip(str(why))
    try:
        server = rollbot(str(port), ROLLBOT_DATABASE_URL=database.create(), **environment)
        before = sent(port, 1)
        database.stop()
        away = sent(port, 2)
        wait_for(lambda: asked(port, "/readyz")[0] == 503, 30, server.said)
        said = asked(port, "/readyz")[1]
        numbers = asked(port, "/metrics")[1]
        database.start()
        wait_for(lambda: sent(port, 2) == 202, 30, server.said)
        found = wait_for(lambda: symptoms(port) >= {"Failing1", "Failing2"}, 30, server.said)
        wait_for(lambda: asked(port, "/readyz")[0] == 200, 30, server.said)
        server.stop()
    finally:
        running.__exit__(None, None, None)

    assert (before, away, found) == (202, 503, True)
    assert '"ready":false' in said and "database" in said
    assert "rollbot_store_up 0" in numbers and "rollbot_up 1" in numbers


@pytest.mark.live
def test_a_full_disk_turns_alerts_away_and_keeps_those_it_took(start, environment, tmp_path):
    port, path = free_port(), tmp_path / "rollbot.db"
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "ROLLBOT_DATABASE_URL": f"sqlite:///{path}", **environment}
    command = [Path(sys.executable).with_name("rollbot"), "serve", "--host", "127.0.0.1", "--port", str(port)]

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (FULL, FULL))

    server = start("full", command, cwd=tmp_path, env=bare, preexec_fn=small).ready(f"http://127.0.0.1:{port}/healthz")
    statuses = {}
    for size in (400_000, 40_000, 4_000, 0):  # until nothing at all fits any more
        for _ in range(12):
            number = len(statuses)
            statuses[number] = sent(port, number, size)
            if statuses[number] != 202:
                break
    wait_for(lambda: asked(port, "/readyz")[0] == 503, 40, server.said)
    server.kill()
    server = start("again", command, cwd=tmp_path, env=bare).ready(f"http://127.0.0.1:{port}/healthz")
    again = sent(port, 99)
    took = {f"Failing{number}" for number, status in statuses.items() if status == 202} | {"Failing99"}
    found = wait_for(lambda: symptoms(port) >= took, 40, server.said)
    server.stop()

    assert set(statuses.values()) == {202, 503}
    assert (again, found) == (202, True)
    with sqlite3.connect(path) as whole:
        assert whole.execute("pragma integrity_check").fetchone() == ("ok",)
    whole.close()
