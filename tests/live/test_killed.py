"""`kill -9` of `rollbot serve` at any moment: after a restart there is one branch, one merge, one record."""

import json
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest

from bot.world.http import serve_git
from tests.live.servers import free_port, wait_for
from tests.live.shop import KUSTOMIZATION, PATH, Remote, tell

HOOK, API = "live-hook-token-0123456789", "live-api-token-0123456789"
CONFIG = """\
version: 1
policy: {trust: {prod: merge}}
outcomes: {settle: 1s}
"""
# Milliseconds after the request was accepted: within deciding, planning, writing, opening, merging, and after it.
MOMENTS = (0, 80, 160, 240, 320, 400, 550, 800)


@pytest.fixture
def remote(tmp_path):
    made = Remote(tmp_path / "git" / "manifests.git")
    tell(made, CONFIG, since=3600)
    return made


@pytest.fixture
def git_url(tmp_path, remote):
    with serve_git(tmp_path / "git") as url:
        yield f"{url}/manifests.git"


def call(port, path, body=None):
    headers = {"Authorization": f"Bearer {API}", "Content-Type": "application/json", "Idempotency-Key": "one"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1{path}", headers=headers, data=body and json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def wait(seconds):
    threading.Event().wait(seconds)


@pytest.mark.live
@pytest.mark.timeout(120)
@pytest.mark.parametrize("moments", [MOMENTS[:4], MOMENTS[4:]], ids=["early", "late"])
def test_killed_at_any_moment_it_ends_in_one_branch_one_merge_one_record(rollbot, remote, git_url, moments):
    port, bad = free_port(), remote.head()
    environment = {
        "ROLLBOT_REPO_URL": git_url,
        "ROLLBOT_API_TOKENS": f"live={API}",
        "ROLLBOT_HOOK_TOKEN_ALERTMANAGER": HOOK,
        "ROLLBOT_SWEEP_EVERY": "1",
    }
    wanted = {"service": "checkout", "environment": "prod", "mode": "merge", "reason": "it fails"}

    for moment in moments:
        server = rollbot(str(port), **environment)
        call(port, "/rollbacks", wanted)
        wait(moment / 1000)
        server.kill()
    server = rollbot(str(port), **environment)
    [incident] = wait_for(lambda: [one for one in call(port, "/incidents") if one["end"]], 60, server.said)

    assert (incident["end"], len(incident["actions"])) == ("done", 1)
    assert [name for name in remote.branches() if name != "main"] == [], "a merged branch goes"
    assert remote.git("rev-list", "--count", f"{bad}..main").strip() == "1"
    assert remote.git("rev-parse", "main^", "main").split() == [bad, incident["actions"][0]["commit"]]
    assert remote.show() == KUSTOMIZATION.format(tag="2.7.0")
    assert PATH in remote.git("diff", "--name-only", "main^", "main")
    record = call(port, f"/incidents/{incident['id']}")["record"]
    assert [entry["seq"] for entry in record] == list(range(1, len(record) + 1))
    said = [entry["what"].partition(":")[0] for entry in record]
    assert [said.count(what) for what in ("live asks", "do what was asked", "merged", "done")] == [1, 1, 1, 1], said
    server.stop()


@pytest.mark.live
def test_an_alert_that_was_accepted_survives_a_kill(rollbot, remote, git_url):
    port = free_port()
    environment = {"ROLLBOT_REPO_URL": git_url, "ROLLBOT_API_TOKENS": f"live={API}", "ROLLBOT_HOOK_TOKEN_ALERTMANAGER": HOOK}
    started = datetime.fromtimestamp(time.time() - 60, UTC).isoformat()
    labels = {"alertname": "CheckoutFailing", "service": "checkout", "environment": "prod", "severity": "critical", "rollbot": "act"}
    body = {"version": "4", "status": "firing", "alerts": [{"status": "firing", "labels": labels, "startsAt": started}]}
    hook = urllib.request.Request(
        f"http://127.0.0.1:{port}/hooks/alertmanager",
        headers={"Authorization": f"Bearer {HOOK}", "Content-Type": "application/json"},
        data=json.dumps(body).encode(),
    )

    server = rollbot(str(port), **environment)
    with urllib.request.urlopen(hook, timeout=10) as response:
        assert response.status == 202
    server.kill()
    server = rollbot(str(port), **environment)

    [incident] = wait_for(lambda: call(port, "/incidents"), 30, server.said)
    assert [symptom["name"] for symptom in incident["symptoms"]] == ["CheckoutFailing"]
    server.stop()
