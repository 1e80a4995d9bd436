"""What the benches of the running bot share: a repository of services, `rollbot` as processes of their own, alerts for their doors."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]

TOKEN = "0123456789abcdef0123456789abcdef"
KUSTOMIZATION = """apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../base
images:
  - name: registry.example/{name}
    newTag: "{version}"
"""
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
spec:
  template:
    spec:
      containers:
        - name: {name}
          image: registry.example/{name}
"""


def repository(folder: Path, names: Sequence[str], config: str) -> Path:
    """A bare repository of services, each released anew (1.0.0 → 1.1.0) ten minutes ago."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main")
    files = {".rollbot.yaml": config}
    for name in names:
        files[f"apps/{name}/base/deployment.yaml"] = DEPLOYMENT.format(name=name)
        files[f"apps/{name}/base/kustomization.yaml"] = "resources:\n  - deployment.yaml\n"
        files[pinned(name)] = KUSTOMIZATION.format(name=name, version="1.0.0")
    now = int(time.time())
    told = [_commit(now - 30 * 86400, "Begin", files)]
    told += [
        _commit(now - 600, f"Update {name} to 1.1.0", {pinned(name): KUSTOMIZATION.format(name=name, version="1.1.0")}) for name in names
    ]
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input="".join(told).encode(), check=True)
    return folder


def pinned(name: str) -> str:
    return f"apps/{name}/overlays/prod/kustomization.yaml"


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True, timeout=60).stdout


def _commit(at: int, message: str, files: dict[str, str]) -> str:
    who = f"Renovate Bot <bot@renovateapp.com> {at} +0000"
    lines = [f"commit refs/heads/main\nauthor {who}\ncommitter {who}\ndata {len(message)}\n{message}\n"]
    lines += [f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n" for path, text in files.items()]
    return "".join(lines)


class Process:
    """One `rollbot` process, its log in a file."""

    def __init__(self, verb: Sequence[str], log: Path, environment: dict[str, str]) -> None:
        clean = {name: value for name, value in os.environ.items() if not name.upper().startswith("ROLLBOT_")}
        self.log = log
        with log.open("ab") as out:
            command = [sys.executable, "-m", "bot.cli", *verb]
            self.process = subprocess.Popen(command, env=clean | environment, cwd=ROOT, stdout=out, stderr=out)

    def kill(self) -> None:
        """`kill -9`."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def said(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def serving(folder: Path, environment: dict[str, str]) -> Iterator[tuple[Process, int]]:
    """`rollbot serve` on a free port for as long as the block lasts."""
    port = free_port()
    process = Process(["serve", "--port", str(port)], folder / "serve.log", environment)
    try:
        ready(f"http://127.0.0.1:{port}/healthz", process)
        yield process, port
    finally:
        process.stop()


def environment(folder: Path, remote: Path, database: str) -> dict[str, str]:
    return {
        "ROLLBOT_REPO_URL": remote.as_uri(),
        "ROLLBOT_DATABASE_URL": database,
        "ROLLBOT_CACHE": str(folder / "cache"),
        "ROLLBOT_HOOK_TOKEN_ALERTMANAGER": TOKEN,
        "ROLLBOT_API_TOKENS": f"bench={TOKEN}",
        "ROLLBOT_SWEEP_EVERY": "5",
        "HOME": str(folder),
    }


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def alert(service: str, fingerprint: str, at: float) -> bytes:
    """What Alertmanager sends when a pod of a service fails."""
    labels = {"alertname": "HighErrorRate", "service": service, "environment": "prod", "severity": "critical", "rollbot": "act"}
    one = {
        "status": "firing",
        "labels": labels | {"pod": fingerprint},
        "annotations": {"summary": f"{service} fails"},
        "startsAt": datetime.fromtimestamp(at, UTC).isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": fingerprint,
    }
    said = {"version": "4", "groupKey": fingerprint, "truncatedAlerts": 0, "status": "firing", "receiver": "rollbot", "alerts": [one]}
    return json.dumps(said).encode()


def post(port: int, body: bytes, path: str = "/hooks/alertmanager", key: str = "") -> int:
    """Bring one delivery to a door and answer its status. `key`: under which the same request may come again."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return int(answer.status)


def ready(address: str, process: Process) -> None:
    for _ in range(600):
        if process.process.poll() is not None:
            raise SystemExit(f"the server did not start:\n{process.said()}")
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not answer within 30 s")
