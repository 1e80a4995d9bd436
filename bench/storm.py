"""The door under a storm: 10,000 alerts within a minute, over real HTTP, to one `rollbot serve` that works on them at the same time.

On SQLite and on PostgreSQL, both flushing to the disk as in production. Alerts leave when they are due, whatever the answers do (an
open loop), a twentieth of them twice. Afterwards the database is looked at, not the bot: each alert that was answered 202 is in it, once,
and each service has one incident. Run: make bench-storm
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa
from running import TOKEN, alert, environment, repository, serving

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.postgres import Absent, postgres

CONFIG = "version: 1\nattribution: {live_after: 1m}\npolicy: {trust: {prod: propose}}\n"
CONNECTIONS = 64


@dataclass
class Storm:
    """What came of it: seconds each answer took from the moment its alert was due, and how many answers of each kind."""

    took: list[float] = field(default_factory=list)
    answers: collections.Counter[str] = field(default_factory=collections.Counter)
    rss: list[float] = field(default_factory=list)
    seconds: float = 0.0


async def storm(port: int, bodies: Sequence[bytes], seconds: float, process: psutil.Process) -> Storm:
    """Send every body at its time over kept connections; watch the process' memory meanwhile."""
    found, start = Storm(), time.perf_counter()
    due = collections.deque((start + seconds * number / len(bodies), body) for number, body in enumerate(bodies))

    async def send() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while due:
            at, body = due.popleft()
            if (early := at - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            writer.write(_request(body))
            await writer.drain()
            found.answers[await _answer(reader)] += 1
            found.took.append(time.perf_counter() - at)
        writer.close()

    async def watch() -> None:
        while len(found.took) < len(bodies):
            found.rss.append(process.memory_info().rss / 1e6)
            await asyncio.sleep(0.5)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
    await watching
    found.seconds = time.perf_counter() - start
    return found


def _request(body: bytes) -> bytes:
    head = f"POST /hooks/alertmanager HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
    return head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _answer(reader: asyncio.StreamReader) -> str:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    length = next(int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length"))
    await reader.readexactly(length)
    return head.split()[1]


def bodies(alerts: int, services: Sequence[str]) -> list[bytes]:
    """Alerts of many pods of each service; every twentieth comes twice, as after a timeout of the sender's."""
    now, made = time.time(), list[bytes]()
    number = 0
    while len(made) < alerts:
        one = alert(services[number % len(services)], f"pod-{number:05d}", now - 30)
        made += [one, one] if number % 20 == 0 else [one]
        number += 1
    return made[:alerts]


def stored(database: str, services: int) -> dict[str, int]:
    """What the database holds: deliveries, those that wait, incidents, services with an incident, and symptoms."""
    engine = sa.create_engine(database)
    questions = {
        "deliveries": "select count(*) from rollbot_inbox",
        "waiting": "select count(*) from rollbot_inbox where not handled",
        "incidents": "select count(*) from rollbot_incidents",
        "services": "select count(distinct service) from rollbot_incidents",
    }
    with engine.connect() as connection:
        found = {name: int(connection.execute(sa.text(question)).scalar_one()) for name, question in questions.items()}
        incidents = [json.loads(row[0]) for row in connection.execute(sa.text("select incident from rollbot_incidents"))]
    engine.dispose()
    keys = [symptom["key"] for incident in incidents for symptom in incident["symptoms"]]
    return found | {"symptoms": len(keys), "distinct": len(set(keys))}


def run(name: str, database: str, folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    services = [f"service-{number:02d}" for number in range(given.services)]
    remote = repository(folder / "git" / "manifests.git", services, CONFIG)
    sent = bodies(given.alerts, services)
    with serving(folder, environment(folder, remote, database)) as (process, port):
        watched = psutil.Process(process.process.pid)
        found = asyncio.run(storm(port, sent, given.seconds, watched))
        at_once = stored(database, given.services)
        drained = _drain(database, given)
        end = watched.memory_info().rss / 1e6
    after = stored(database, given.services)
    took = sorted(found.took)
    different, accepted = len(set(sent)), found.answers["202"]
    figures = {
        "per_s": round(accepted / found.seconds, 1),
        "p50_ms": round(1000 * took[len(took) // 2], 1),
        "p99_ms": round(1000 * took[int(len(took) * 0.99)], 1),
        "lost": different - at_once["deliveries"] + max(0, after["deliveries"] - after["waiting"] - after["distinct"]),
        "doubled": (at_once["deliveries"] - different) + (after["incidents"] - after["services"]) + (after["symptoms"] - after["distinct"]),
        "rss_mb": round(max(*found.rss, end), 1),
        "rss_grown_mb": round(max(*found.rss, end) - found.rss[len(found.rss) // 3], 1),
        "drained_s": drained,
        "waiting": after["waiting"],
    }
    print(f"{name}: {accepted} of {len(sent)} accepted ({dict(found.answers)}), {different} different; {after}; {figures}", flush=True)
    return figures


def _drain(database: str, given: argparse.Namespace) -> float | None:
    """Seconds until every delivery is handled, None where that does not come about."""
    start = time.monotonic()
    while time.monotonic() - start < given.drain:
        if stored(database, given.services)["waiting"] == 0:
            return round(time.monotonic() - start, 1)
        time.sleep(1)
    return None


@contextmanager
def databases(folder: Path, only: str) -> Iterator[dict[str, str]]:
    """An empty database of each kind. PostgreSQL is a real server that flushes."""
    found = {"sqlite": f"sqlite:///{folder}/sqlite/rollbot.db"}
    if only == "sqlite":
        yield found
        return
    try:
        with postgres(durable=True) as server:
            yield {**({} if only == "postgres" else found), "postgres": server.create("rollbot")}
    except Absent as why:
        print(f"PostgreSQL was left out: {why}")
        yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alerts", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--services", type=int, default=20)
    parser.add_argument("--drain", type=float, default=240.0, help="how long the work may go on after the storm, seconds")
    parser.add_argument("--only", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rollbot-storm-"))
    result = {}
    try:
        with databases(folder, given.only) as found:
            for name, database in found.items():
                result[name] = run(name, database, folder / name, given)
    finally:
        if given.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print("RESULT " + json.dumps(result))
    if any(figures["lost"] or figures["doubled"] for figures in result.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
