"""A service whose releases migrate a real PostgreSQL while customers write to it, in the world of scenarios.

The world's cluster runs the down Job as what it is: the migrations of the image that the Job names, against that database.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import psycopg
import sqlalchemy
import yaml
from alembic import command
from alembic.config import Config as Alembic

from bot.records.entry import broken
from bot.refs import Sha
from bot.world.story import Story
from tests.scenarios.happenings import Happenings
from tests.scenarios.place import ScenarioWorld
from tests.scenarios.scenario import FIXTURES, a_story, told

IMAGE = FIXTURES / "images" / "checkout"
HEADS = {"2.7.0": "40", "2.8.0": "43"}
"""Version → the schema that its image brings."""
WRITES = {
    "2.7.0": "insert into ledger (account, amount, memo) values (%(account)s, %(cents)s / 100.0, %(memo)s) returning id",
    "2.8.0": "with entry as (insert into ledger (account, cents) values (%(account)s, %(cents)s) returning id) "
    "insert into memos select id, %(memo)s from entry returning entry",
}
READS = {
    "40": "select id, account, (amount * 100)::bigint, memo from ledger order by id",
    "43": "select id, account, cents, text from ledger left join memos on entry = id order by id",
    "42": "select id, account, (amount * 100)::bigint, text from ledger left join memos on entry = id order by id",
}
Row = tuple[int, str, int, str]


@dataclass(frozen=True)
class Counted:
    """The rows that a database holds, and one number over all that they say."""

    schema: str
    rows: int
    checksum: str


@dataclass(frozen=True)
class Case:
    """`hurts` makes the down migration go wrong: `fails`, `hangs`; `annotation` is what the bad release says of its migration."""

    name: str
    hurts: str = ""
    annotation: str = "contract"
    writers: bool = False


CASES = (
    Case("rolled back by its down Job"),
    Case("the same, writers standing still", writers=True),
    Case("the down Job fails half-way", hurts="fails"),
    Case("the down Job hangs", hurts="hangs"),
    Case("the migration is irreversible", annotation="irreversible"),
)


@dataclass
class Told:
    """What came of a case. `lost`: rows that a customer was told are kept, and that are not there, or say something else."""

    case: Case
    before: Counted
    after: Counted
    kept: Counted
    """The rows of `before`, as the database has them after it."""
    written: int
    refused: int
    lost: int
    version: str
    end: str
    text: str
    actions: list[str] = field(default_factory=list)


class Ledger:
    """The database of one case."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)
        self.plain = url.replace("postgresql+psycopg://", "postgresql://")

    def migrate(self, version: str, to: str, down: bool = False) -> None:
        """Run the migrations of a version's image."""
        image = Alembic()
        folders = [str(IMAGE / each) for each in HEADS if each <= version]
        image.set_main_option("script_location", str(IMAGE))
        image.set_main_option("path_separator", "os")
        image.set_main_option("version_locations", ":".join(folders))
        image.attributes["connection"] = self.engine
        (command.downgrade if down else command.upgrade)(image, to)

    def counted(self, upto: int | None = None) -> Counted:
        """Count the rows (the first so many), and sum up what they say, whatever the schema."""
        schema, rows = self.rows()
        some = rows[:upto]
        return Counted(schema, len(some), hashlib.md5(repr(some).encode()).hexdigest()[:12])

    def rows(self) -> tuple[str, list[Row]]:
        with psycopg.connect(self.plain) as connection:
            version = connection.execute("select version_num from alembic_version").fetchone()
            assert version
            return version[0], [(row[0], row[1], row[2], row[3]) for row in connection.execute(READS[version[0]]).fetchall()]


class Customers:
    """They write all the time, by the code of the version that serves; what was acknowledged must never be lost."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.version = ledger, "2.7.0"
        self.acknowledged: dict[int, Row] = {}
        self.refused = 0
        self.still, self.over, self._lock = Event(), Event(), Lock()
        self._thread = Thread(target=self._write, daemon=True)

    def __enter__(self) -> Customers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """The last write is done, and acknowledged or refused."""
        self.over.set()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def pause(self) -> contextlib.AbstractContextManager[object]:
        """Nobody is in the middle of a write while this is held."""
        return self._lock

    def _write(self) -> None:
        with psycopg.connect(self.ledger.plain, autocommit=True) as connection:
            connection.execute("set lock_timeout = '2s'")
            number = 0
            while not self.over.wait(0.001):
                if self.still.is_set():
                    continue
                with self._lock:
                    number += 1
                    said = {"account": f"a{number % 7}", "cents": number * 37, "memo": f"order {number}"}
                    try:
                        row = connection.execute(WRITES[self.version], said).fetchone()
                    except psycopg.Error:
                        self.refused += 1
                        continue
                    assert row
                    self.acknowledged[row[0]] = (row[0], f"a{number % 7}", number * 37, f"order {number}")


class LedgerWorld(ScenarioWorld):
    """A release migrates when it is deployed, and customers write by what serves."""

    def __init__(self, told: Story, folder: Path, ledger: Ledger, customers: Customers) -> None:
        self.ledger, self.customers = ledger, customers
        super().__init__(told, folder)

    def step(self) -> None:
        super().step()
        now, serving = self.deployed("checkout"), self.cluster.at(self.clock.now())
        still = "0" in [self._replicas(each.revision) for each in (self.cluster.rollouts[-1], serving) if each]
        if now != self.customers.version:
            with self.customers.pause():
                if now == "2.8.0":
                    self.ledger.migrate(now, HEADS[now])
                self.customers.version = now
        (self.customers.still.set if still else self.customers.still.clear)()

    def _replicas(self, revision: Sha) -> str:
        text = self.origin.read([(revision, "apps/checkout/overlays/prod/kustomization.yaml")])[0] or b""
        found = re.search(r"count: (\d+)", text.decode())
        return found[1] if found else ""


def work_of(case: Case, ledger: Ledger) -> Callable[[Mapping[str, Any]], str | None]:
    """What the container of the down Job does: the command that its manifest says, by the image that it says."""

    def work(manifest: Mapping[str, Any]) -> str | None:
        [container] = manifest["spec"]["template"]["spec"]["containers"]
        name, _, version = container["image"].rpartition(":")
        tool, verb, to = container["command"]
        assert (name, tool, verb) == ("registry.shop.example/checkout", "alembic", "downgrade")
        try:
            if case.hurts == "fails":
                ledger.migrate(version, "42", down=True)
                raise RuntimeError("42: memos of closed accounts are archived elsewhere")
            if case.hurts == "hangs":
                return None
            ledger.migrate(version, to, down=True)
        except Exception as error:  # a container's end is told in words, whatever it was
            return " ".join(str(error).split())[:200]
        return ""

    return work


def lived(case: Case, url: str) -> Told:
    """Live through a case: the bad release migrates 40 → 43 under writes, it is rolled back, a person approves what is proposed."""
    ledger, scenario = Ledger(url), _scenario(case)
    ledger.migrate("2.7.0", "40")
    with contextlib.ExitStack() as stack:
        folder, customers = stack.enter_context(tempfile.TemporaryDirectory()), stack.enter_context(Customers(ledger))
        world = stack.enter_context(LedgerWorld(a_story(scenario), Path(folder), ledger, customers))
        world.cluster.jobs.work = work_of(case, ledger)
        happenings = Happenings(world)
        before = Counted("", 0, "")
        for line in scenario["happens"]:
            if "merge_proposal" in line or "look" in line:
                with customers.pause():
                    before = ledger.counted()
            if "look" not in line:
                happenings.do(line)
        customers.close()
        _, rows = ledger.rows()
        incident = world.incident()
        assert incident and broken(world.record(incident.id), incident.last, incident.entries) is None
        missing = [row for row in customers.acknowledged.values() if row not in set(rows)]
        return Told(
            case,
            before,
            ledger.counted(),
            ledger.counted(before.rows),
            len(customers.acknowledged),
            customers.refused,
            len(missing),
            world.deployed("checkout"),
            str(incident.end),
            _read(world),
            [str(action.kind) for action in incident.actions],
        )


def _read(world: LedgerWorld) -> str:
    """What the last page says of why."""
    last = list(world.pager.notices.values())[-1]
    return " / ".join(line.removeprefix("Why: ") for line in last.text.splitlines() if line.startswith("Why: "))


def every(server: Any) -> Iterator[Told]:
    """All cases, each on an empty database of the server."""
    for case in CASES:
        url = server.create()
        yield lived(case, url)
        server.drop(url.rsplit("/", 1)[1])


def _scenario(case: Case) -> dict[str, Any]:
    """The scenario of the down Job, with what the case changes of it."""
    scenario = told("down-job")
    text = yaml.safe_dump(scenario, width=10_000)
    text = text.replace("rollbot.dev/migration: contract", f"rollbot.dev/migration: {case.annotation}")
    found: dict[str, Any] = yaml.safe_load(text)
    found["config"] = {"policy": {"trust": {"prod": "merge"}}, "outcomes": {"give_up": "20m"}}
    if case.annotation == "irreversible":
        found["happens"] = [{"look": {}} if "merge_proposal" in line else line for line in found["happens"] if "expect" not in line]
    if case.writers:
        first = found["happens"][0]["push"]["replace"]["apps/checkout/overlays/prod/kustomization.yaml"]
        [(old, new)] = first.items()
        first[old] = f"{new}\n  rollbot.dev/stop-writers: Deployment/checkout"
    return found
