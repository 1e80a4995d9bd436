"""GitHub, as it fails and as it is guarded: faults, branch protection, the API's contract, and how long a rollback takes us.

A fake GitHub of our own (tests/github/) keeps state as GitHub does, over real HTTP with real Git behind it. Printed: every write ×
every fault; every guard of a branch with what people read; what crossed the wire, judged by GitHub's own descriptions; and from the
webhook at a running server's door to the open pull request, beside the time that the forge itself took of it. Run: make bench-github
"""

from __future__ import annotations

import argparse
import collections
import hashlib
import hmac
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.adapters.forges.github import faults, protection
from tests.github.judge import verdict
from tests.github.packages import Unobtainable, package
from tests.github.server import FakeGitHub
from tests.github.state import Crossed

NAME = "acme/manifests"
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
CONFIG = "version: 1\nattribution: {live_after: 1m}\n"


def latency(server: FakeGitHub, runs: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds from each comment's webhook at the door to its open pull request, those the forge took, and our processor time.

    One service each: `/rollback` on the merged pull request that released it, nothing else going on but the webhooks that our own
    writes bring back.
    """
    names = [f"service-{number:02d}" for number in range(runs)]
    released = estate(server, names)
    took, forge, busy = [], [], []
    with tempfile.TemporaryDirectory() as folder, serving(server, Path(folder)) as (door, process):
        server.deliver_to(door, TOKEN)
        for name in names:
            quiet(server)
            before, told, worked = len(server.requests), len(server.webhooks.made), _worked(process)
            server.say(NAME, released[name], "ada", "/rollback because it fails")
            crossed = _until_opened(server, before, time.perf_counter() + 30)
            busy.append(_worked(process) - worked)
            start = server.webhooks.made[told].posted
            took.append(crossed[-1].ended - start)
            forge.append(_inside(crossed, start))
        quiet(server)
        server.webhooks.delivered()
    if refused := [each for each in server.webhooks.made if each.status != 202]:
        raise SystemExit(f"the door answered {refused[0].status} to {refused[0].event}")
    return took, forge, busy


def _worked(process: int) -> float:
    """Seconds of processor time that a process and its children that have ended have used (proc(5), in hundredths of a second)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _until_opened(server: FakeGitHub, before: int, end: float) -> list[Crossed]:
    """What crossed up to and with the opening of a pull request."""
    while time.perf_counter() < end:
        crossed = server.requests[before:]
        for at, each in enumerate(crossed):
            if (each.method, each.status) == ("POST", 201) and each.path.endswith("/pulls"):
                return crossed[: at + 1]
        time.sleep(0.001)
    raise SystemExit("no pull request within 30 s")


def _inside(crossed: Sequence[Crossed], start: float) -> float:
    """Seconds since `start` in which the forge had at least one request to answer: what overlaps counts once."""
    whole, until = 0.0, start
    for each in sorted(crossed, key=lambda each: each.ended - each.seconds):
        whole += max(0.0, each.ended - max(until, each.ended - each.seconds))
        until = max(until, each.ended)
    return whole


def estate(server: FakeGitHub, names: Sequence[str]) -> dict[str, int]:
    """A repository of services, each released anew some minutes ago by a pull request: its number by the service."""
    files = {".rollbot.yaml": CONFIG}
    for name in names:
        files[f"apps/{name}/base/deployment.yaml"] = DEPLOYMENT.format(name=name)
        files[f"apps/{name}/base/kustomization.yaml"] = "resources:\n  - deployment.yaml\n"
        files[f"apps/{name}/overlays/prod/kustomization.yaml"] = KUSTOMIZATION.format(name=name, version="1.0.0")
    server.create(NAME)
    for number, login in enumerate(("robot", "ada"), 9001):
        server.user(login, number)
        server.grant(NAME, login, "write")
    now = int(time.time())
    stream = [_commit(now - 86400, "Begin", files, first=True)]
    for name in names:
        path = f"apps/{name}/overlays/prod/kustomization.yaml"
        stream.append(_commit(now - 600, f"Update {name} to 1.1.0", {path: KUSTOMIZATION.format(name=name, version="1.1.0")}))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=server.folder(NAME), input="".join(stream).encode(), check=True)
    repo = server.repos[NAME]
    commits = repo.git("rev-list", "--reverse", "main").split()[1:]
    return {name: _merged(server, name, sha, now - 600) for name, sha in zip(names, commits, strict=True)}


def _merged(server: FakeGitHub, name: str, sha: str, at: float) -> int:
    """The pull request whose squashed commit released it."""
    pull = server.add(server.repos[NAME], f"Update {name} to 1.1.0", "", "ada", f"update-{name}", "main", sha)
    pull.state, pull.merged_at, pull.merge_commit = "closed", at, sha
    return pull.number


def _commit(at: int, message: str, files: dict[str, str], first: bool = False) -> str:
    who = f"Ada Byron <ada@shop.example> {at} +0000"
    lines = [f"commit refs/heads/main\nauthor {who}\ncommitter {who}\ndata {len(message)}\n{message}\n"]
    lines += [f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n" for path, text in files.items()]
    return "".join(lines)


@contextmanager
def serving(server: FakeGitHub, folder: Path) -> Iterator[tuple[str, int]]:
    """`rollbot serve` as a process of its own; yields the address of its door and its number."""
    port = _free_port()
    said = {
        "ROLLBOT_FORGE": "github",
        "ROLLBOT_GITHUB_URL": server.api,
        "ROLLBOT_GITHUB_TOKEN": server.token("robot"),
        "ROLLBOT_REPO_URL": server.url(NAME),
        "ROLLBOT_DATABASE_URL": f"sqlite:///{folder}/rollbot.db",
        "ROLLBOT_CACHE": str(folder / "cache"),
        "ROLLBOT_GITHUB_WEBHOOK_SECRET": TOKEN,
        "ROLLBOT_SWEEP_EVERY": "3600",
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROLLBOT_")}
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "bot.cli", "serve", "--port", str(port)]
        process = subprocess.Popen(command, env=clean | said, cwd=Path(__file__).parents[1], stdout=log, stderr=log)
        try:
            _ready(f"http://127.0.0.1:{port}/healthz", process, folder / "log")
            yield f"http://127.0.0.1:{port}/hooks/github", process.pid
        finally:
            process.terminate()
            process.wait(30)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"the server did not start:\n{log.read_text()}")
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the server did not answer within 30 s")


def examples_posted(server: FakeGitHub) -> dict[str, Any]:
    """GitHub's own example payloads, each posted to the door of a running server, signed: taken or turned away, never a defect."""
    try:
        examples = json.loads((package("webhooks-examples") / "api.github.com" / "index.json").read_text())
    except Unobtainable as error:
        print(f"No webhook was posted: {error}")
        return {"webhooks": None, "webhook_errors": None}
    answers: collections.Counter[int] = collections.Counter()
    estate(server, ["service-00"])
    with tempfile.TemporaryDirectory() as folder, serving(server, Path(folder)) as (door, _):
        for event in examples:
            for example in event["examples"]:
                answers[_posted(door, event["name"], json.dumps(example).encode())] += 1
    said = ", ".join(f"{count} × {status}" for status, count in sorted(answers.items()))
    print(f"{answers.total()} of GitHub's own example payloads of {len(examples)} events at the door: {said}\n")
    return {"webhooks": answers.total(), "webhook_errors": sum(count for status, count in answers.items() if status >= 400)}


def _posted(door: str, event: str, body: bytes) -> int:
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": str(uuid.uuid5(uuid.NAMESPACE_URL, hashlib.sha256(body).hexdigest())),
        "X-Hub-Signature-256": f"sha256={hmac.new(TOKEN.encode(), body, 'sha256').hexdigest()}",
    }
    try:
        with urllib.request.urlopen(urllib.request.Request(door, body, headers, method="POST"), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def quiet(server: FakeGitHub) -> None:
    """Wait until nothing has been asked of the forge for a moment."""
    seen = -1
    while seen != len(server.requests):
        seen = len(server.requests)
        time.sleep(0.3)


def quantile(values: Sequence[float], share: float) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1] if len(values) > 1 else values[0]


def contract(servers: Sequence[FakeGitHub]) -> dict[str, Any]:
    """What crossed the wire, judged by GitHub's own descriptions."""
    requests = [request for server in servers for request in server.requests]
    try:
        found = verdict(requests)
    except Unobtainable as error:
        print(f"{len(requests)} requests; not judged: {error}")
        return {"requests": len(requests), "violations": None}
    print(found)
    return {"requests": found.requests, "violations": len(found.violations)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=50, help="comments whose way to a pull request is timed")
    runs = parser.parse_args().runs
    with FakeGitHub() as failing, FakeGitHub() as guarded, FakeGitHub() as timed, FakeGitHub() as hooked:
        print("Faults: every write × what goes wrong; `same` is the end that it has when nothing goes wrong\n")
        cells = faults.matrix(failing)
        print(faults.table(cells), "\n")
        print("Protection: how the branch is guarded, how the merge stands after some minutes, how it ends, what people read\n")
        outcomes = protection.matrix(guarded)
        print(re.sub(r"\b[0-9a-f]{12}\b", "…", protection.table(outcomes)), "\n")
        took, forge, busy = latency(timed, runs)
        ours = [whole - part for whole, part in zip(took, forge, strict=True)]
        print(f"From the webhook of a comment to the open pull request, {runs} times:")
        for who, values in (("all", took), ("forge", forge), ("we", ours)):
            print(f"  {who:<6} p50 {1000 * quantile(values, 0.5):5.0f} ms   p95 {1000 * quantile(values, 0.95):5.0f} ms")
        busiest = os.getloadavg()[0] / (os.cpu_count() or 1)
        print(f"  of ours on the processor: {1000 * statistics.mean(busy):.0f} ms; {busiest:.1f} processes wait for each processor here\n")
        judged = contract((failing, guarded, timed)) | examples_posted(hooked)
    red = sum(cell.red for cell in cells) + sum(each.wrong is not None for each in outcomes)
    figures = {
        "cells": len(cells) + len(outcomes),
        "red": red,
        **judged,
        "overhead_ms_p50": round(1000 * quantile(ours, 0.5), 1),
        "overhead_ms_p95": round(1000 * quantile(ours, 0.95), 1),
    }
    print("RESULT", json.dumps(figures))
    raise SystemExit(bool(red))


if __name__ == "__main__":
    main()
