"""Two `rollbot serve` on one PostgreSQL, one of them killed (`kill -9`) fifty times at random moments, under a stream of alerts.

Each service's newest release is bad. Its alerts arrive at either door, and then a person's request to roll it back; a sender whose door is
gone tries the other, as Alertmanager does. In the end Git and the database are looked at: every alert that was accepted is a symptom of one
incident (else it is lost), and every service was rolled back once: one incident, one pull request, one commit on main (more is doubled), no
branch left, its record whole. Takeover: from the kill until nothing is in the killed process' hands any more.

Then the crash matrix on SQLite and PostgreSQL: two workers in virtual time, one killed or held up after every effect. Last, months
of virtual time (bench/month.py), whose laws must hold. Run: make bench-chaos
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import re
import shutil
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import month
import sqlalchemy as sa
from running import Process, alert, environment, free_port, git, pinned, post, ready, repository

sys.path.insert(0, str(Path(__file__).parents[1]))

from bot.adapters.git.address import remote as remote_of
from bot.adapters.store.schema import Database
from bot.adapters.store.sql import SqlStore
from bot.records.entry import broken
from tests.postgres import Absent, Server, postgres
from tests.reconciler.matrix import cells
from tests.reconciler.ways import ALL_WAYS

CONFIG = """version: 1
attribution: {live_after: 1m}
policy: {trust: {prod: merge}}
outcomes: {settle: 1s, soak: 1s, alert_window: 1s, give_up: 10s}
"""
HELD = sa.text("select key from rollbot_queue where leased is not null and holder like :holder")
LOST = 60.0
"""Seconds after which what a killed process held counts as never taken over."""


@dataclass
class Door:
    """One process, started again after each kill; `ready` once it answers."""

    port: int
    log: Path
    environment: dict[str, str]
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.process = Process(["serve", "--port", str(self.port)], self.log, self.environment)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/healthz"


class Stream:
    """Alerts of services, one service after another, sent to either door until one accepts."""

    def __init__(self, doors: Sequence[Door], repositories: Sequence[str], chance: random.Random) -> None:
        self.doors, self.repositories, self.chance = doors, repositories, chance
        self.accepted: dict[str, str] = {}
        """Fingerprint → service."""

    def service(self, name: str, pods: int) -> None:
        for number in range(pods):
            fingerprint = f"{name}-pod-{number}"
            body = alert(name, fingerprint, time.time() - 30)
            for _ in range(self.chance.choice((1, 1, 2))):  # some come twice
                self._send(body, f"/hooks/alertmanager?repository={urllib.parse.quote(self.home(name), safe='')}")
            self.accepted[fingerprint] = name
        wanted = {"repository": self.home(name), "service": name, "environment": "prod", "mode": "merge", "reason": "it fails"}
        self._send(json.dumps(wanted).encode(), "/api/v1/rollbacks", name)

    def home(self, name: str) -> str:
        """The repository of a service, as Rollbot names it."""
        return next(known for known in self.repositories if known.endswith(f"/{name.rpartition('-')[0]}"))

    def _send(self, body: bytes, path: str, key: str = "") -> None:
        for door in self.chance.sample(list(self.doors), len(self.doors)) * 50:
            try:
                if post(door.port, body, path, key) in (200, 202):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise SystemExit("no door took an alert")


def kill(door: Door, engine: sa.Engine) -> tuple[int, float]:
    """`kill -9`; return how many keys the process held, and the seconds until the last of them was another's."""
    pid = door.process.process.pid
    door.process.kill()
    start = time.monotonic()
    found = _held(engine, pid)
    count = len(found)
    while found and time.monotonic() - start < LOST:
        time.sleep(0.01)
        found = _held(engine, pid)
    return count, time.monotonic() - start


def _held(engine: sa.Engine, pid: int) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(HELD, {"holder": f"%-{pid}-%"}).scalars())


def settled(store: SqlStore, wanted: int, seconds: float) -> bool:
    """Wait until every service's incident has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        incidents = store.incidents()
        if len(incidents) >= wanted and all(one.ended is not None for one in incidents):
            return True
        time.sleep(0.5)
    return False


def judged(store: SqlStore, engine: sa.Engine, remotes: Sequence[Path], stream: Stream) -> dict[str, Any]:
    """What was lost, what was done twice, and which records are not whole."""
    lost, doubled = list[str](), list[str]()
    symptoms = collections.Counter(symptom.labels["pod"] for one in store.incidents() for symptom in one.symptoms)
    lost += [f"alert {name}" for name in stream.accepted if not symptoms[name]]
    doubled += [f"alert {name}" for name, count in symptoms.items() if count > 1]
    incidents = collections.Counter(one.service.name for one in store.incidents())
    with engine.connect() as connection:
        pulls = collections.Counter(
            branch.split("/")[2] for branch in connection.execute(sa.text("select branch from rollbot_pulls")).scalars()
        )
    for remote in remotes:
        told = git(remote, "log", "--first-parent", "--format=%B%x00", "main").split("\0")
        commits = collections.Counter(found[1] for text in told if (found := re.search(r"^Rollback-Service: (\S+)", text, re.M)))
        branches = git(remote, "branch", "--format=%(refname:short)").split()
        for name in sorted(set(stream.accepted.values())):
            if remote.stem != name.rpartition("-")[0]:
                continue
            seen = {"incidents": incidents[name], "pulls": pulls[name], "commits": commits[name]}
            lost += [f"{name} has no {what}" for what, count in seen.items() if count == 0]
            doubled += [f"{name} has {count} {what}" for what, count in seen.items() if count > 1]
            if any(f"/{name}/" in branch for branch in branches):
                doubled.append(f"{name} has a branch, though its rollback is merged")
            if 'newTag: "1.0.0"' not in git(remote, "show", f"main:{pinned(name)}"):
                lost.append(f"{name} still is on the bad version")
    flaws = [one.id for one in store.incidents() if broken(store.entries(one.id), one.last, one.entries)]
    for line in (*lost, *doubled, *flaws):
        print(f"  {line}")
    return {"lost": len(lost), "doubled": len(doubled), "broken_records": len(flaws)}


def run(folder: Path, database: str, given: argparse.Namespace) -> dict[str, Any]:
    chance = random.Random(given.seed)
    shops = [f"shop{number}" for number in range(given.repositories)]
    names = [f"{shops[number % len(shops)]}-{number:03d}" for number in range(given.kills + given.repositories)]
    remotes = [
        repository(folder / "git" / f"{shop}.git", [name for name in names if name.startswith(f"{shop}-")], CONFIG) for shop in shops
    ]
    said = environment(folder, remotes[0], database) | {"ROLLBOT_REPO_URL": ",".join(remote.as_uri() for remote in remotes)}
    opened = Database(database)
    engine, store = sa.create_engine(database), SqlStore(opened)
    doors = [Door(free_port(), folder / f"serve-{number}.log", said) for number in range(2)]
    stream = Stream(doors, [found.name for remote in remotes if (found := remote_of(remote.as_uri()))], chance)
    takeovers, held, spread = list[float](), 0, collections.Counter[int]()
    try:
        for door in doors:
            ready(door.url, door.process)
        for number, name in enumerate(names):
            stream.service(name, given.pods)
            if number >= given.kills:
                continue
            time.sleep(chance.uniform(0.0, given.within))
            victim = chance.choice(doors)
            count, seconds = kill(victim, engine)
            held += count > 0
            takeovers += [seconds] if count else []
            spread[doors.index(victim)] += 1
            victim.start()
            ready(victim.url, victim.process)
        whole = settled(store, len(names), given.settle)
        left = [one for one in store.incidents() if one.ended is None]
        figures = judged(store, engine, remotes, stream)
    finally:
        for door in doors:
            door.process.stop()
        engine.dispose()
        opened.close()
    if not whole:
        print(f"  not ended: {collections.Counter(str(one.state) for one in left)}")
    takeovers.sort()
    print(f"{given.kills} kills ({dict(spread)}), {held} of a process at work; {len(stream.accepted)} alerts of {len(names)} services")
    print("takeover, seconds: " + ", ".join(f"{seconds:.2f}" for seconds in takeovers))
    p50, p99 = (statistics.median(takeovers), takeovers[-1]) if takeovers else (None, None)
    return {"kills": given.kills, **figures, "takeover_s_p50": p50 and round(p50, 2), "takeover_s_max": p99 and round(p99, 2)}


def crash_matrix(folder: Path, server: Server, every: int) -> dict[str, int]:
    """Every way × every effect × killed or held up, two workers, on SQLite and on PostgreSQL; every 0: none."""
    found = []
    for name, way in ALL_WAYS.items() if every else ():
        for store in (None, server):
            found += list(cells(name, way, folder, store, every))
        print(f"{len(found):>6} cells, up to {name}", file=sys.stderr, flush=True)
    for cell in found:
        if cell.differs or cell.doubled:
            print(f"  {cell}")
    return {
        "matrix_cells": len(found),
        "matrix_differing": sum(bool(cell.differs) for cell in found),
        "matrix_doubled": sum(bool(cell.doubled) for cell in found),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--repositories", type=int, default=3)
    parser.add_argument("--pods", type=int, default=3, help="alerts of each service")
    parser.add_argument("--within", type=float, default=1.5, help="a kill comes so many seconds after a service's alerts at most")
    parser.add_argument("--settle", type=float, default=120.0)
    parser.add_argument("--every", type=int, default=1, help="every so-manyth cell of the crash matrix; 0: none")
    parser.add_argument("--months", type=int, default=2000, help="months of virtual time that are lived through in the end")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes that live through them")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rollbot-chaos-"))
    try:
        with postgres(durable=True) as server:
            result = run(folder, server.create("rollbot"), given)
        with postgres(durable=False) as server:
            result |= crash_matrix(folder / "matrix", server, given.every)
    except Absent as why:
        raise SystemExit(str(why)) from why
    finally:
        if given.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    result |= month.live(given.months, given.workers)
    print("RESULT " + json.dumps(result))
    if result["lost"] or result["doubled"] or result["broken_records"] or result["law_breaks"] or result["matrix_differing"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
