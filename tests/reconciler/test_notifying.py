"""Notices on their way to people, over real HTTP, in the world's time: each to everyone at least once, pages kept up and taken down."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.notifiers.alertmanager import Alertmanager
from bot.adapters.notifiers.pagerduty import PagerDuty
from bot.adapters.notifiers.slack import Slack
from bot.adapters.queues.local import LocalQueue
from bot.adapters.store.due import SqlQueueRows
from bot.adapters.store.schema import Database
from bot.adapters.store.sql import SqlStore
from bot.errors import Refused, Unavailable
from bot.ports import Messenger, Notice, Ports
from bot.reconciler import notifying
from bot.reconciler.notifying import deliver, troubles, undelivered
from bot.reconciler.outbox import announce, waiting
from bot.reconciler.sweep import sweep
from bot.world import story
from bot.world.clock import VirtualClock
from bot.world.lived import LivedWorld, Pager
from tests.adapters.notifiers.standin import DROP, HOOK, ROUTING_KEY, StandIn, standing_in

START = 1_000_000.0
HOUR = 3600.0
NEEDED, ALIVE = "RollbotNeedsHuman", "RollbotAlive"


class Named:
    """All that delivering needs of a repository."""

    name = "git.example/shop"


class Flaky:
    """A messenger that keeps what it took; `moods` are what it does next: take it, take it and lose the answer, refuse, be away."""

    def __init__(self, moods: list[str] | None = None) -> None:
        self.moods, self.took, self.renewed, self.asked = moods or [], list[Notice](), 0, 0

    def deliver(self, notice: Notice) -> None:
        self.asked += 1
        mood = self.moods.pop(0) if self.moods else "takes"
        if mood in ("takes", "loses"):
            self.took.append(notice)
        if mood == "refuses":
            raise Refused("no")
        if mood in ("loses", "away"):
            raise Unavailable("no answer")

    def renew(self, pages: object) -> None:
        self.renewed += 1

    def check(self) -> str:
        return "answers"


@dataclass
class Post:
    """Rollbot's side of it: what it stored, and a clock."""

    path: Path
    clock: VirtualClock
    messengers: dict[str, Messenger]
    stack: ExitStack

    def ports(self) -> Ports:
        """Started anew: nothing is known but what was stored."""
        database = Database(f"sqlite:///{self.path}")
        self.stack.callback(database.close)
        outside: Any = Named()
        return Ports(
            repository=outside,
            forge=outside,
            cluster=outside,
            metrics=outside,
            notifier=Pager(),
            store=SqlStore(database),
            queue=LocalQueue(SqlQueueRows(database)),
            clock=self.clock,
            cache=outside,
            messengers=self.messengers,
        )

    def work(self, ports: Ports, seconds: float) -> None:
        """Deliver whenever it is due, for so long."""
        end, due = self.clock.now() + seconds, self.clock.now()
        while self.clock.now() < end:
            if due is not None and due <= self.clock.now():
                due = deliver(ports)
            self.clock.advance(5)


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with ExitStack() as stack:
        yield Post(tmp_path / "rollbot.db", VirtualClock(START), {}, stack)


def a_notice(number: int = 1, about: str = "", *, urgent: bool = True, handled: bool = False) -> Notice:
    return Notice(f"n{number}", f"notice {number}", "text", urgent, about or f"incident-{number}", handled=handled)


def keys(messenger: Flaky) -> list[str]:
    return [notice.key for notice in messenger.took]


def test_each_notice_goes_to_each_messenger_once(post: Post) -> None:
    one, two = Flaky(), Flaky()
    post.messengers |= {"one": one, "two": two}
    ports = post.ports()

    announce([a_notice(1), a_notice(2, urgent=False)], ports)
    announce([a_notice(1)], ports)
    post.work(ports, 600)

    assert keys(one) == keys(two) == ["n1", "n2"]
    assert waiting(ports) == []


def test_one_that_is_away_holds_up_no_other_and_gets_it_later(post: Post) -> None:
    away, here = Flaky(["away"] * 6), Flaky()
    post.messengers |= {"away": away, "here": here}
    ports = post.ports()
    announce([a_notice()], ports)

    deliver(ports)
    assert (keys(here), keys(away)) == (["n1"], [])
    post.work(ports, HOUR)

    assert (keys(here), keys(away)) == (["n1"], ["n1"])


def test_it_is_tried_later_and_later(post: Post) -> None:
    away = Flaky(["away"] * 1000)
    post.messengers["away"] = away
    ports = post.ports()
    announce([a_notice()], ports)

    post.work(ports, 60)
    assert 3 <= away.asked <= 6
    post.work(ports, 4 * HOUR)

    assert away.asked <= 30


def test_what_was_delivered_where_outlives_a_restart(post: Post) -> None:
    away, here = Flaky(["away"] * 2), Flaky()
    post.messengers |= {"away": away, "here": here}
    announce([a_notice()], first := post.ports())
    deliver(first)

    post.work(post.ports(), HOUR)

    assert (keys(here), keys(away)) == (["n1"], ["n1"])


def test_the_word_that_it_is_handled_never_overtakes_the_page(post: Post) -> None:
    slow = Flaky(["away"] * 3)
    post.messengers["slow"] = slow
    ports = post.ports()

    announce([a_notice(1, "x")], ports)
    deliver(ports)
    announce([a_notice(2, "x", urgent=False, handled=True)], ports)
    post.work(ports, HOUR)

    assert keys(slow) == ["n1", "n2"]


def test_one_notice_that_is_never_taken_holds_up_none_about_something_else(post: Post) -> None:
    class Picky(Flaky):
        def deliver(self, notice: Notice) -> None:
            self.moods = ["away"] if notice.key == "n1" else []
            super().deliver(notice)

    picky = Picky()
    post.messengers["picky"] = picky
    ports = post.ports()
    announce([a_notice(number) for number in range(1, 5)], ports)

    post.work(ports, HOUR)

    assert keys(picky) == ["n2", "n3", "n4"]


def test_an_urgent_notice_that_nobody_has_is_seen_until_somebody_has_it(post: Post) -> None:
    one, two = Flaky(["away"]), Flaky(["refuses"])
    post.messengers |= {"one": one, "two": two}
    ports = post.ports()
    announce([a_notice(1), a_notice(2, urgent=False)], ports)

    assert undelivered(ports) == ()
    deliver(ports)
    assert [row.notice.key for row in undelivered(ports)] == ["n1"]
    post.work(ports, 30)

    assert undelivered(ports) == ()


def test_what_nobody_took_for_a_day_is_given_up_and_recorded(post: Post) -> None:
    post.messengers["away"] = Flaky(["refuses"] * 1000)
    ports = post.ports()
    announce([a_notice()], ports)

    post.work(ports, 25 * HOUR)

    assert waiting(ports) == []
    [entry] = ports.store.entries("")
    assert (entry.what, entry.because) == ("given up telling: notice 1", ("away: no",))


def test_nobody_to_tell_is_nothing_to_deliver(post: Post) -> None:
    ports = post.ports()

    announce([a_notice()], ports)

    assert (deliver(ports), waiting(ports), [each.key for each in ports.store.notices()]) == (None, [], ["n1"])


MOODS = st.lists(st.sampled_from(["takes", "loses", "refuses", "away"]), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moods=st.lists(MOODS, min_size=1, max_size=3),
    told=st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=8),
    restart=st.booleans(),
)
def test_whatever_fails_everybody_has_everything_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, moods: list[list[str]], told: list[tuple[int, bool]], restart: bool
) -> None:
    with ExitStack() as stack:
        post = Post(tmp_path_factory.mktemp("post") / "rollbot.db", VirtualClock(START), {}, stack)
        all_of_them = {f"m{number}": Flaky(list(each)) for number, each in enumerate(moods)}
        post.messengers |= all_of_them
        ports = post.ports()
        notices = [a_notice(number, f"about-{about}", urgent=urgent) for number, (about, urgent) in enumerate(told)]
        for notice in notices:
            announce([notice], ports)
            deliver(ports)
            post.clock.advance(1)
            ports = post.ports() if restart else ports

        post.work(ports, 12 * HOUR)

        assert waiting(ports) == []
        for messenger, mood in zip(all_of_them.values(), moods, strict=True):
            counted = Counter(keys(messenger))
            assert set(counted) == {notice.key for notice in notices}
            assert sum(counted.values()) - len(counted) <= mood.count("loses")
            for about in {notice.about for notice in notices}:
                mine = list(dict.fromkeys(n.key for n in messenger.took if n.about == about))
                assert mine == [n.key for n in notices if n.about == about]


class Killed(BaseException):
    """As `kill -9`."""


class Deadly:
    """Kills once, right after the effect with that number."""

    def __init__(self, port: Any, effects: frozenset[str], count: list[int], at: int) -> None:
        self._port, self._effects, self._count, self._at = port, effects, count, at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        if name not in self._effects:
            return found

        def effect(*words: Any, **named: Any) -> Any:
            answer = found(*words, **named)
            self._count[0] += 1
            if self._count[0] == self._at:
                raise Killed
            return answer

        return effect


def test_killed_after_any_effect_everybody_still_has_it(tmp_path: Path) -> None:
    effects, at, died = frozenset({"keep", "told", "forget", "deliver", "enqueue", "renew"}), 0, True
    while died:
        at, died = at + 1, False
        with ExitStack() as stack:
            post = Post(tmp_path / f"{at}.db", VirtualClock(START), {}, stack)
            one, two, count = Flaky(), Flaky(["away"]), [0]
            post.messengers |= {"one": one, "two": two}
            sure = post.ports()
            mortal = {name: Deadly(getattr(sure, name), effects, count, at) for name in ("store", "queue")}
            deadly: Any = {name: Deadly(each, effects, count, at) for name, each in post.messengers.items()}
            ports = replace(sure, messengers=deadly, **mortal)
            story_of = [a_notice(1, "x"), a_notice(2, "x", urgent=False, handled=True)]
            try:
                announce(story_of, ports)
                deliver(ports)
            except Killed:
                died = True
            announce(story_of, sure)  # the step that told it is taken again
            assert notifying.due(sure, sure.clock.now() + 61), "the sweep finds what was not enqueued"
            post.work(sure, HOUR)

            assert [list(dict.fromkeys(keys(each))) for each in (one, two)] == [["n1", "n2"]] * 2, at
            assert all(len(keys(each)) <= 3 for each in (one, two))
            assert notifying.standing(sure) == ()
    assert at > 12


# In the world: who is called, and until when


@pytest.fixture
def stand() -> Iterator[tuple[StandIn, str]]:
    with standing_in() as both:
        yield both


@pytest.fixture
def lived(tmp_path: Path, stand: tuple[StandIn, str]) -> Iterator[Callable[[dict[str, Any]], LivedWorld]]:
    with ExitStack() as stack:

        def begin(rules: dict[str, Any]) -> LivedWorld:
            raw = yaml.safe_load(story.SHOP.read_text())
            raw["alerts"]["HighErrorRate"] |= {"window": "1m", "for": "15s"}
            raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump(rules)
            world = stack.enter_context(LivedWorld(story.read(raw), tmp_path))
            stood, url = stand
            stood.now = world.clock.now
            world._ports = replace(
                world.ports(),
                messengers={
                    "alertmanager": Alertmanager(f"{url}/am", now=world.clock.now),
                    "pagerduty": PagerDuty(ROUTING_KEY, url),
                    "slack": Slack(f"{url}{HOOK}"),
                },
            )
            return world

        yield begin


def live(world: LivedWorld, seconds: float) -> None:
    for _ in range(round(seconds / 30)):
        sweep(world.ports())
        world.pass_time(30)


PROPOSING = {"policy": {"trust": {"prod": "propose"}}, "outcomes": {"settle": "15s", "soak": "1m"}}


def test_who_has_to_merge_is_called_and_left_alone_once_it_is_merged(
    lived: Callable[[dict[str, Any]], LivedWorld], stand: tuple[StandIn, str]
) -> None:
    world, stood = lived(PROPOSING), stand[0]
    world.release("checkout", "2.8.0")
    live(world, 600)

    [page] = stood.firing(NEEDED)
    assert page["labels"]["service"] == "checkout" and len(stood.pages) == 1
    incident = world.incident()
    assert incident and incident.action.branch
    world.merge(incident.action.branch)
    live(world, 900)

    ended = world.incident()
    assert ended and str(ended.end) == "recovered"
    assert (stood.firing(NEEDED), stood.pages) == ([], {})
    assert any("waits for a person" in message for message in stood.messages)


def test_a_page_outlives_an_alertmanager_that_forgot_it_and_is_told_once_in_chat(
    lived: Callable[[dict[str, Any]], LivedWorld], stand: tuple[StandIn, str]
) -> None:
    world, stood = lived(PROPOSING), stand[0]
    world.release("checkout", "2.8.0")
    live(world, 600)
    said = list(stood.messages)

    stood.alerts.clear()
    live(world, 120)

    assert [len(stood.firing(name)) for name in (NEEDED, ALIVE)] == [1, 1]
    assert stood.messages == said


def test_that_we_live_stops_with_the_work_not_with_the_sweep(
    lived: Callable[[dict[str, Any]], LivedWorld], stand: tuple[StandIn, str]
) -> None:
    world, stood = lived(PROPOSING), stand[0]
    live(world, 120)
    assert len(stood.firing(ALIVE)) == 1

    for _ in range(12):
        sweep(world.ports())  # nobody works on what is due
        world.clock.advance(30)

    assert stood.firing(ALIVE) == []


def test_an_alertmanager_that_is_away_is_named(lived: Callable[[dict[str, Any]], LivedWorld], stand: tuple[StandIn, str]) -> None:
    world, stood = lived(PROPOSING), stand[0]
    stood.failing = [503]
    live(world, 30)
    assert troubles(world.ports()) == {"alertmanager": "Alertmanager answered 503: as told"}

    stood.failing = [DROP]
    live(world, 180)

    assert troubles(world.ports()) == {}


def test_our_own_alerts_that_come_back_are_no_symptom(lived: Callable[[dict[str, Any]], LivedWorld], stand: tuple[StandIn, str]) -> None:
    world, stood = lived(PROPOSING), stand[0]
    world.release("checkout", "2.8.0")
    live(world, 600)
    before = world.incidents()

    for alert in stood.alerts.values():
        one = {**alert, "status": "firing", "startsAt": "2026-03-12T02:44:00Z", "fingerprint": "f1"}
        world.hear(json.dumps({"version": "4", "groupKey": "{}", "truncatedAlerts": 0, "status": "firing", "alerts": [one]}).encode())
    live(world, 60)

    assert [len(incident.symptoms) for incident in world.incidents()] == [len(incident.symptoms) for incident in before] == [1]
    assert not any("Rollbot" in notice.title for notice in world.ports().store.notices())
