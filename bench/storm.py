"""The door under a storm: 10,000 alerts within a minute, over real HTTP, to one `rollbot serve` that works on them at the same time.

On SQLite and on PostgreSQL, both flushing to the disk as in production. Alerts leave when they are due, whatever the answers do (an
open loop), a twentieth of them twice. Afterwards the database is looked at, not the bot: each alert that was answered 202 is in it, once,
and each service has one incident with its alerts, as many as an incident keeps.

All of it shares one machine, perhaps with others. So a few requests go to a bare server meanwhile (`floor_p99_ms`: what the machine and
this client take, and no door can be below), and the machine's load and the bot's CPU time per alert, which neighbours change little, are
printed. Run: make bench-storm
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import json
import multiprocessing
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa
from running import TOKEN, alert, environment, repository, serving

sys.path.insert(0, str(Path(__file__).parents[1]))

from bot.incidents.correlate import MOST_SYMPTOMS
from bot.incidents.storm import PLATFORM
from tests.postgres import Absent, postgres

CONFIG = "version: 1\nattribution: {live_after: 1m}\npolicy: {trust: {prod: propose}}\n"
CONNECTIONS = 64
FLOOR_EVERY = 0.05
"""Seconds between two requests to the bare server."""


@dataclass
class Storm:
    """What came of it: seconds each answer took from the moment its alert was due, and how many answers of each kind."""

    took: list[float] = field(default_factory=list)
    answers: collections.Counter[str] = field(default_factory=collections.Counter)
    floor: list[float] = field(default_factory=list)
    """Seconds that the bare server's answers took."""
    rss: list[float] = field(default_factory=list)
    load: list[float] = field(default_factory=list)
    seconds: float = 0.0


async def storm(port: int, bare: int, bodies: Sequence[bytes], seconds: float, process: psutil.Process) -> Storm:
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
            found.rss.append(memory(process))
            found.load.append(os.getloadavg()[0])
            await asyncio.sleep(0.5)

    async def floor() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", bare)
        at = start
        while len(found.took) < len(bodies):
            at += FLOOR_EVERY
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            writer.write(_request(bodies[0]))
            await _answer(reader)
            found.floor.append(time.perf_counter() - at)
        writer.close()

    beside = [asyncio.create_task(watch()), asyncio.create_task(floor())]
    await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
    await asyncio.gather(*beside)
    found.seconds = time.perf_counter() - start
    return found


def family(process: psutil.Process) -> list[psutil.Process]:
    """The process and the workers that it started."""
    found = [process]
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found += [child] if "worker" in child.cmdline() else []
    return found


def memory(process: psutil.Process) -> float:
    """Megabytes that they have together."""
    total = 0.0
    for one in family(process):
        with suppress(psutil.NoSuchProcess):
            total += one.memory_info().rss / 1e6
    return total


def cpu(process: psutil.Process) -> float:
    """Seconds of CPU time that they and what they ran have used."""
    return sum(sum(one.cpu_times()[:4]) for one in family(process))


@contextmanager
def bare_server() -> Iterator[int]:
    """A process that answers 202 to anything, and does nothing; its port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = multiprocessing.get_context("fork").Process(target=_bare, args=(listening,), daemon=True)
        server.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.terminate()
            server.join()


def _bare(listening: socket.socket) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while await _answer(reader):
                writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                await writer.drain()

    async def serve() -> None:
        await (await asyncio.start_server(answer, sock=listening)).serve_forever()

    asyncio.run(serve())


def _request(body: bytes) -> bytes:
    head = f"POST /hooks/alertmanager HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
    return head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _answer(reader: asyncio.StreamReader) -> str:
    """Read one message to its end; the second word of its first line."""
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


def stored(database: str) -> dict[str, int]:
    """What the database holds: deliveries, those that wait, incidents of services, services with one, and their symptoms."""
    engine = sa.create_engine(database)
    questions = {
        "deliveries": "select count(*) from rollbot_inbox",
        "waiting": "select count(*) from rollbot_inbox where not handled",
    }
    with engine.connect() as connection:
        found = {name: int(connection.execute(sa.text(question)).scalar_one()) for name, question in questions.items()}
        rows = connection.execute(sa.text("select service, incident from rollbot_incidents")).all()
    engine.dispose()
    incidents = [json.loads(row.incident) for row in rows if row.service != PLATFORM]
    keys = [symptom["key"] for incident in incidents for symptom in incident["symptoms"]]
    services = {incident["service"]["name"] for incident in incidents}
    return found | {"incidents": len(incidents), "services": len(services), "symptoms": len(keys), "distinct": len(set(keys))}


def wanted_symptoms(sent: Sequence[bytes]) -> int:
    """How many symptoms there have to be: each different alert of a service, up to what one incident keeps."""
    services = collections.Counter(json.loads(body)["alerts"][0]["labels"]["service"] for body in set(sent))
    return sum(min(count, MOST_SYMPTOMS) for count in services.values())


def run(name: str, database: str, folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    services = [f"service-{number:02d}" for number in range(given.services)]
    remote = repository(folder / "git" / "manifests.git", services, CONFIG)
    sent = bodies(given.alerts, services)
    with bare_server() as bare, serving(folder, environment(folder, remote, database)) as (process, port):
        watched = psutil.Process(process.process.pid)
        before = cpu(watched)
        found = asyncio.run(storm(port, bare, sent, given.seconds, watched))
        at_once, in_storm = stored(database), cpu(watched) - before
        drained = _drain(database, given)
        end = memory(watched)
    after = stored(database)
    different, accepted = len(set(sent)), found.answers["202"]
    in_inbox, in_incidents = different - at_once["deliveries"], wanted_symptoms(sent) - after["distinct"]
    figures = {
        "per_s": round(accepted / found.seconds, 1),
        "p50_ms": percentile(found.took, 0.5),
        "p99_ms": percentile(found.took, 0.99),
        "floor_p99_ms": percentile(found.floor, 0.99),
        "cpu_ms_per_alert": round(1000 * in_storm / len(sent), 2),
        "load": round(sum(found.load) / len(found.load), 1),
        "lost": max(0, in_inbox) + (max(0, in_incidents) if not after["waiting"] else 0),
        "doubled": max(0, -in_inbox) + (after["incidents"] - after["services"]) + (after["symptoms"] - after["distinct"]),
        "rss_mb": round(max(*found.rss, end), 1),
        "rss_grown_mb": round(max(*found.rss, end) - found.rss[len(found.rss) // 3], 1),
        "drained_s": drained,
        "waiting": after["waiting"],
    }
    part = max(1, len(found.took) // 6)
    slow = [percentile(found.took[at : at + part], 0.99) for at in range(0, 6 * part, part)]
    print(f"{name}: p99 of each sixth of the storm, ms: {slow}")
    print(f"{name}: {accepted} of {len(sent)} accepted ({dict(found.answers)}), {different} different; {after}; {figures}", flush=True)
    return figures


def percentile(took: Sequence[float], part: float) -> float:
    """In milliseconds."""
    return round(1000 * sorted(took)[int(len(took) * part)], 1)


def _drain(database: str, given: argparse.Namespace) -> float | None:
    """Seconds until every delivery is handled, None where that does not come about."""
    start = time.monotonic()
    while time.monotonic() - start < given.drain:
        if stored(database)["waiting"] == 0:
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
