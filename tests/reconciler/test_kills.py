"""Killed after any effect of any path, and started again: one branch, one merge, one record, the same end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest
import yaml

from bot.adapters.queues.local import LocalRunner
from bot.adapters.store.due import SqlQueueRows
from bot.ports import Ports
from bot.reconciler.asking import ask
from bot.reconciler.intake import receive
from bot.reconciler.sweep import sweep
from bot.records.entry import broken
from bot.signals.signal import Asked
from bot.world import story
from bot.world.lived import LivedWorld
from bot.world.story import Story, ToldCommit
from bot.world.talk import Comment, payload

WRITES = ("commit", "open", "merge", "close", "comment", "mark", "advance", "delete", "notify", "reply", "react")
KEEPS = ("receive", "handled", "save", "append", "keep", "told", "enqueue", "put", "done")
EFFECTS = frozenset((*WRITES, *KEEPS))
ROUTINE = frozenset(
    {"SqlQueueRows.put", "SqlQueueRows.done", "LocalQueue.enqueue", "SqlStore.receive", "SqlStore.handled", "SqlStore.keep"}
)
"""These do the same wherever an incident stands; the others are died of once in each state of the incidents."""
WAITING = re.compile(r"not arrived|has not arrived|too early|waiting for a person")
NAME = re.compile(r"\b[0-9a-f]{7,40}\b")
"""Commits and incidents carry the moment in their names, and a death costs a moment."""
TIME = re.compile(r"\b\d\d:\d\d UTC")
HOUR = 3600.0
CULPRIT = 231
"""The pull request that brought the bad release in."""


class Killed(BaseException):
    """What `kill -9` is to a process: nothing below the world catches it."""


@dataclass
class Death:
    """Counts effects and kills right after one of them, once (which is right before the next). `at` None: only counts."""

    at: int | None = None
    seen: list[str] = field(default_factory=list)

    def call(self, name: str, effect: Callable[[], Any]) -> Any:
        self.seen.append(name)
        answer = effect()
        if self.at == len(self.seen) - 1:
            raise Killed(name)
        return answer


class Mortal:
    """Any port, each of its effects a chance to die."""

    def __init__(self, port: Any, death: Death, place: Callable[[], str]) -> None:
        self._port, self._death, self._place = port, death, place

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in EFFECTS:
            return found
        label = f"{type(self._port).__name__}.{name}"
        where = "" if label in ROUTINE else f" {self._place()}"
        return lambda *words, **named: self._death.call(label + where, lambda: found(*words, **named))


class MortalWorld(LivedWorld):
    """The world goes on when Rollbot dies; Rollbot is started again, knowing only what it stored."""

    def __init__(self, told: Story, folder: Path, death: Death, database_url: str = "") -> None:
        super().__init__(told, folder, database_url=database_url)
        self.immortal, self.deaths = self._ports, 0
        self.start(death)

    def start(self, death: Death) -> None:
        names = ("repository", "forge", "notifier", "store", "queue", "conversation")
        ports: dict[str, Any] = {name: Mortal(getattr(self.immortal, name), death, self.place) for name in names}
        self._ports = replace(self.immortal, **ports)
        rows: Any = Mortal(SqlQueueRows(self.database), death, self.place)
        self._runner = LocalRunner(rows, self.clock, self._work, workers=0)

    def place(self) -> str:
        return ",".join(f"{incident.state}{len(incident.actions)}" for incident in self.incidents())

    def surviving(self, act: Callable[[Ports], Any]) -> Any:
        """Do it; where Rollbot dies of it, start Rollbot again and, as every sender does, try again."""
        try:
            return act(self._ports)
        except Killed:
            self.start_again()
            return act(self._ports)

    def start_again(self) -> None:
        self.deaths += 1
        self.start(Death())
        sweep(self._ports)

    def hear(self, payload: bytes) -> None:
        self.surviving(lambda ports: receive("alertmanager", payload, ports))

    def brought(self, said: Comment, action: str = "created") -> None:
        self.surviving(lambda ports: receive("github:issue_comment", payload(said, action), ports, f"{said.number}"))

    def step(self) -> None:
        try:
            super().step()
        except Killed:
            self.start_again()


@dataclass(frozen=True)
class Way:
    """`config` and `services` change the shop; `starts` happens first, `people` at every moment after it."""

    starts: Callable[[MortalWorld], Any]
    config: dict[str, Any] = field(default_factory=dict)
    services: dict[str, Any] = field(default_factory=dict)
    people: Callable[[MortalWorld], Any] = lambda world: None
    ends: tuple[str, ...] = ("recovered",)
    new: tuple[str, ...] = ()
    """The places that no other way comes by; none: all from the decision on."""
    after: float = 0.0  # seconds that it goes on after all incidents have ended


def proposals(world: MortalWorld) -> list[str]:
    pulls = [world.pulls.pull(branch) for branch in world.origin.branches() if branch.startswith("rollbot/")]
    return [pull.branch for pull in pulls if pull and pull.state == "open"]


def bad_release(world: MortalWorld) -> None:
    world.release("checkout", "2.8.0", message=f"Update checkout (#{CULPRIT})\n")


def person_merges(world: MortalWorld) -> None:
    proposed = any(incident.state == "proposed" and incident.action.mode == "propose" for incident in world.incidents())
    for branch in proposals(world) if proposed else []:
        world.merge(branch)


def person_closes(world: MortalWorld) -> None:
    proposed = any(incident.state == "proposed" and incident.action.mode == "propose" for incident in world.incidents())
    for branch in proposals(world) if proposed else []:
        world.origin.delete(branch)


def two_releases(world: MortalWorld) -> None:
    files = {"apps/checkout/overlays/prod/kustomization.yaml": {"POOL_SIZE=40": "POOL_SIZE=1"}}
    world.push(ToldCommit(world.clock.now(), "Ada Byron <ada@shop.example>", "Save connections\n", replace=files))
    world.release("checkout", "2.7.1")


def pushed_meanwhile(world: MortalWorld) -> None:
    note = ToldCommit(world.clock.now(), "Tom Okafor <tom@shop.example>", "Note it\n", files={"NOTES.md": "checkout fails\n"})
    world.forge.before_merge = lambda: world.push(note)
    bad_release(world)


def asked(world: MortalWorld) -> None:
    request = Asked("r1", "ada", world.clock.now(), service="checkout", environment="prod", to="2.6.0", mode="merge", reason="too slow")
    world.surviving(lambda ports: ask(request, ports))


def asked_while_stopped(world: MortalWorld) -> None:
    world.push(ToldCommit(world.clock.now(), "Ada Byron <ada@shop.example>", "Stop\n", files={".rollbot/stop": "wait\n"}))
    asked(world)


def released_again(world: MortalWorld) -> None:
    ended = world.incident()
    if ended and ended.ended and len(world.incidents()) == 1 and world.desired("checkout") == "2.7.0" and world.healthy("checkout"):
        world.release("checkout", "2.8.0", who="Tom Okafor <tom@shop.example>")  # a bot's would be taken back again


WAYS = {
    "merge": Way(bad_release),
    "push": Way(bad_release, {"policy": {"trust": {"prod": "push"}}}),
    "observe": Way(bad_release, {"policy": {"trust": {"prod": "notify"}}}, ends=("observed",)),
    "propose": Way(bad_release, {"policy": {"trust": {"prod": "propose"}}}, people=person_merges),
    "close": Way(bad_release, {"policy": {"trust": {"prod": "propose"}}}, people=person_closes, ends=("proposal-closed",)),
    "undo": Way(
        two_releases,
        {"policy": {"trust": {"prod": "merge"}, "undo_alone": True, "cooldown": "0s"}, "attribution": {"window": "1h"}},
        {"checkout/prod": {"bad_lines": {"POOL_SIZE=1\n": 0.5}}},
        person_merges,
        new=("arrived1", "decided2", "admitted2", "proposed2", "merged2", "arrived2", "opened2", "decided3"),
    ),
    "undo-by-push": Way(
        two_releases,
        {"policy": {"trust": {"prod": "push"}, "undo_alone": True, "cooldown": "0s"}, "attribution": {"window": "1h"}},
        {"checkout/prod": {"bad_lines": {"POOL_SIZE=1\n": 0.5}}},
        person_merges,
        new=("admitted2", "merged2"),
    ),
    "waves": Way(
        bad_release,
        {
            "policy": {"trust": {"prod": "push"}},
            "groups": [
                {"service": "checkout", "rollback_with": "catalogue", "wave": 1},
                {"service": "catalogue", "wave": 2},
            ],
        },
        {"frontend/prod": {"calls": []}},
        new=("arrived1", "decided2", "admitted2", "merged2"),
    ),
    "moved": Way(pushed_meanwhile),
    "asked": Way(asked, ends=("done",)),
    "stopped": Way(asked_while_stopped, ends=("declined",)),
    "refused": Way(
        bad_release, {"policy": {"trust": {"prod": "merge"}, "cooldown": "0s"}}, people=released_again, ends=("recovered", "declined")
    ),
}


def a_story(way: Way) -> Story:
    raw = yaml.safe_load(story.SHOP.read_text())
    for key, changes in way.services.items():
        raw["services"][key] |= changes
    raw["alerts"]["HighErrorRate"] |= {"window": "1m", "for": "15s"}
    quick = {"settle": "15s", "soak": "1m"}
    raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump({"policy": {"trust": {"prod": "merge"}}, "outcomes": quick} | way.config)
    return story.read(raw)


def live(way: Way, folder: Path, death: Death, database_url: str = "") -> dict[str, Any]:
    """Live through a path and say what is left of it."""
    with MortalWorld(a_story(way), folder, death, database_url) as world:
        way.starts(world)
        world.pass_time(4 * 60)
        end = world.clock.now() + 3 * HOUR
        while world.clock.now() < end and not (
            len(world.incidents()) == len(way.ends) and all(incident.ended is not None for incident in world.incidents())
        ):
            way.people(world)
            world.pass_time(15)
        assert death.at is None or world.deaths == 1
        return left(world)


def left(world: MortalWorld) -> dict[str, Any]:
    head = world.origin.head()
    assert head
    messages = [world.origin.message(sha) for sha in world.origin.every()]
    mine = [message for message in messages if "\nRollback-" in message]
    for incident in world.incidents():
        assert broken(world.record(incident.id), incident.last, incident.entries) is None
    pulls = [*range(1, 6), CULPRIT]
    branches = sorted(branch for branch in world.origin.branches() if branch.startswith("rollbot/"))
    named = {*branches, *(action.branch for incident in world.incidents() for action in incident.actions)}
    return {
        "incidents": [(str(incident.service), str(incident.end), NAME.sub("…", incident.why)) for incident in world.incidents()],
        "branches": branches,
        "pulls": sorted({(pull.number, pull.state) for branch in named if (pull := world.pulls.pull(branch))}),
        "comments": {number: {NAME.sub("…", key): first(text) for key, text in world.pulls.comments(number).items()} for number in pulls},
        "marks": sorted((mark.context, mark.state, NAME.sub("…", mark.text)) for mark in world.forge.marks.values()),
        "rollbacks": sum("\nRollback-Undo" not in message for message in mine),
        "undos": sum("\nRollback-Undo" in message for message in mine),
        "files": [path for path in world.origin.paths(head, "") if path.startswith(".rollbot/")],
        "desired": world.desired("checkout"),
        "told": sorted(NAME.sub("…", key) for key in world.pager.notices),
        "record": [line for incident in world.incidents() for line in _record(world, incident.id)],
    }


def first(text: str) -> str:
    """A comment's first line, without its time."""
    return NAME.sub("…", TIME.sub("…", text.splitlines()[0]))


def _record(world: MortalWorld, incident: str) -> Iterator[str]:
    for entry in world.record(incident):
        if not WAITING.search(entry.what):
            yield f"{entry.stage} {NAME.sub('…', entry.what)}"


def kill_points(name: str, seen: list[str]) -> list[int]:
    """Each effect in each place it is made in, the first time: later ones of the same place repeat it.

    From the alert to the decision all ways that begin with an alert are one: `merge` is died of there for all of them.
    """
    first = [number for number, effect in enumerate(seen) if seen.index(effect) == number]
    if name in ("merge", "asked"):
        return first
    if new := WAYS[name].new:
        return [number for number in first if seen[number].endswith(new)]
    return [number for number in first if seen[number] not in ROUTINE and not seen[number].endswith((" ", " opened0", " decided1"))]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", WAYS)
def test_killed_anywhere_it_ends_the_same(name: str, tmp_path: Path) -> None:
    way, whole = WAYS[name], Death()
    expected = live(way, tmp_path / "world", whole)
    assert tuple(end for _, end, _ in expected["incidents"]) == way.ends

    points = kill_points(name, whole.seen)
    for point in points if name == "merge" else points[::3]:  # the others after every effect: `make bench-chaos`
        rmtree(tmp_path / "world")  # the same place again: names of repositories, and so of incidents, come from it
        found = live(way, tmp_path / "world", Death(point))

        assert found == expected, f"killed after {whole.seen[point]}"
