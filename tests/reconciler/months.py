"""A month of virtual time in the shop: releases good and bad, outages, kills, people; and what must never happen in it.

Hypothesis chooses what happens and in which order; a law that is broken is told with the shortest month that breaks it.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from bot.errors import BadConfig
from bot.reconciler.stopping import LABEL
from bot.world.people import ImageAutomation
from tests.reconciler.laws import STOP, judge, made, whole
from tests.reconciler.memory import MemoryOrigin
from tests.reconciler.month import ADA, DAY, MONTH, STEP, MonthWorld, a_story

SERVICES = ("checkout", "catalogue", "frontend", "payments", "search")
SPANS = st.sampled_from((0.0, 300.0, 2400.0, 3 * 3600.0, DAY, 2 * DAY))
OUTAGES = st.sampled_from((120.0, 1200.0, 3600.0))
STUCK = 5 * DAY
"""An incident that is open for so long, though people see to everything within the hour, never ends."""
TRUST = ("merge", "push", "propose")


class Month(RuleBasedStateMachine):
    """What may happen, and the laws."""

    def __init__(self) -> None:
        super().__init__()
        shelf = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self.folder = Path(tempfile.mkdtemp(dir=shelf))
        self.world: MonthWorld | None = None
        self.words: Counter[str] = Counter()
        """How often a person gave a word for a service that lets Rollbot do more than it may alone."""
        self.automations: dict[str, ImageAutomation] = {}
        self.errors = _Errors()
        logging.getLogger("rollbot").addHandler(self.errors)

    @initialize(
        trust=st.sampled_from(TRUST),
        undo_alone=st.booleans(),
        countdown=st.booleans(),
        quarantine=st.sampled_from(("30d", "30d", "6h")),
        on_disk=st.sampled_from((*[False] * 15, True)),
    )
    def begin(self, trust: str, undo_alone: bool, countdown: bool, quarantine: str, on_disk: bool) -> None:
        self.world = MonthWorld(a_story(trust, undo_alone, countdown, quarantine), self.folder, on_disk=on_disk)
        self.started = self.world.clock.now()

    # Releases

    @rule(service=st.sampled_from(SERVICES), share=st.sampled_from((0.0, 0.0, 0.03, 0.2, 0.6, 1.0)), wait=SPANS)
    def release(self, service: str, share: float, wait: float) -> None:
        version = self.living.fresh()
        if share:
            bad: Any = self.living.story.service(service, "prod").bad
            bad[version] = share
        self._newest(service, version)
        self.passes(wait)

    @rule(service=st.sampled_from(("checkout", "catalogue")), wait=SPANS)
    def automate(self, service: str, wait: float) -> None:
        """From now on a bot brings the newest version back whenever another one stands there."""
        if service not in self.automations:
            self.automations[service] = self.living.automate(service, self.living.desired(service))
            self.automations[service].every = 6 * 3600.0
        self.passes(wait)

    @rule(service=st.sampled_from(("checkout", "catalogue")), wait=SPANS)
    def configure_badly(self, service: str, wait: float) -> None:
        name, value = {"checkout": ("POOL_SIZE", "1"), "catalogue": ("CACHE_TTL", "1")}[service]
        self._rewrite(service, lambda text: _set(text, f"- {name}=", value), f"Tune {service}")
        self.passes(wait)

    @rule(wait=SPANS, count=st.sampled_from(("2", "6")))
    def release_with_replicas(self, wait: float, count: str) -> None:
        """A bad version that came with another capacity: going back must not take it along by itself."""
        version, told = self.living.fresh(), self.living.story.service("checkout", "prod")
        bad: Any = told.bad
        bad[version] = 0.5
        self._rewrite("checkout", lambda text: _set(_set(text, "count: ", count), "newTag: ", f'"{version}"', "  #"), "Scale checkout")
        self.passes(wait)

    @rule(wait=SPANS)
    def release_with_an_object(self, wait: float) -> None:
        """A bad version that came with an object of its own: going back must not delete it by itself."""
        version, told = self.living.fresh(), self.living.story.service("payments", "prod")
        bad: Any = told.bad
        bad[version] = 0.5
        claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: payments-%s\nspec:\n  volumeName: a\n"
        head = self.living.origin.head()
        assert head
        text = (self.living.origin.read([(head, told.path)])[0] or b"").decode()
        found = told.pattern.search(text)
        assert found
        files: dict[str, str | None] = {told.path: text[: found.start(1)] + version + text[found.end(1) :]}
        files[f"clusters/prod/payments-claim-{version}.yaml"] = claim % version.replace(".", "-")
        self.living.tell("Keep the journal of payments", files)
        self.passes(wait)

    # Trouble

    @rule(service=st.sampled_from(SERVICES), share=st.sampled_from((0.1, 0.9)), lasts=OUTAGES, wait=SPANS)
    def fail_outside(self, service: str, share: float, lasts: float, wait: float) -> None:
        self.living.break_outside(service, share, lasts)
        self.passes(wait)

    @precondition(lambda self: self.last())
    @rule(again=st.booleans(), wait=SPANS)
    def after_a_rollback(self, again: bool, wait: float) -> None:
        """What it went back from is released once more, or what it went back to fails for another reason."""
        said = self.last()
        [service, *_], [version, *_] = said["Rollback-Service"], said["Rollback-From"]
        if not again:
            self.living.break_outside(service, 0.9, 3600.0)
        elif version != self.living.desired(service) and version in self.living.story.service(service, "prod").bad:
            self.living.release(service, version, who=ADA)
        elif service == "checkout":
            self._rewrite(service, lambda text: _set(text, "- POOL_SIZE=", "1"), "Tune checkout again")
        self.passes(wait)

    @rule(lasts=OUTAGES, wait=SPANS)
    def fail_everywhere(self, lasts: float, wait: float) -> None:
        for service in SERVICES:
            self.living.break_outside(service, 0.5, lasts)
        self.passes(wait)

    @rule(what=st.sampled_from(("forge", "metrics", "git", "cluster", "talk", "post", "rollbot", "store")), lasts=OUTAGES, wait=SPANS)
    def lose(self, what: str, lasts: float, wait: float) -> None:
        world = self.living
        places: dict[str, tuple[Any, str, bool]] = {
            "forge": (world.forge, "down", True),
            "metrics": (world.metrics, "down", True),
            "git": (world.repository, "down", True),
            "cluster": (world.cluster, "stuck", True),
            "talk": (world.talk, "down", True),
            "post": (world.post, "down", True),
            "rollbot": (world, "alive", False),
            "store": (world, "store_down", True),
        }
        place, name, bad = places[what]
        world.away(lasts, lambda: setattr(place, name, bad), lambda: setattr(place, name, not bad))
        self.passes(wait)

    @rule(effects=st.integers(1, 60), wait=SPANS)
    def lose_the_store_at_work(self, effects: int, wait: float) -> None:
        self.living.loses_store_after = effects
        self.passes(wait)

    @rule(effects=st.integers(1, 60), wait=SPANS)
    def kill(self, effects: int, wait: float) -> None:
        self.living.dies_after = effects
        self.passes(wait)

    @rule(hours=st.sampled_from((1, 30)))
    def sleep(self, hours: int) -> None:
        """The machine was suspended: it wakes up and the clock is hours on."""
        self.living.clock.advance(hours * 3600.0)
        self.passes(STEP)

    # People

    @rule(
        service=st.sampled_from(SERVICES), words=st.sampled_from(("", "undo", "approve", "cancel", "hold 30m", "resume", "status", "why"))
    )
    def say(self, service: str, words: str) -> None:
        if words in ("", "undo", "approve"):
            self.words[service] += 1
        self.living.talk.open_issue("It hangs")
        self.living.say(9000, " ".join(("/rollback", words, service, "in prod")))
        self.passes(600.0)

    @rule(service=st.sampled_from(SERVICES))
    def allow(self, service: str) -> None:
        origin = self.living.origin
        assert isinstance(origin, MemoryOrigin)
        if said := [each.said for each in made(origin, ()) if service in each.services and "Rollback-From" in each.said]:
            version = said[-1]["Rollback-From"][0]
            self.words[service] += 1
            self.living.talk.open_issue("It is well")
            self.living.say(9000, f"/rollback allow {version} {service} in prod")
        self.passes(600.0)

    @rule(wait=SPANS)
    def press_stop(self, wait: float) -> None:
        self.living.tell("Stop", {STOP: "wait\n"})
        self.passes(wait)

    @rule(wait=SPANS)
    def press_stop_by_label(self, wait: float) -> None:
        self.living.talk.labels[(self.living.talk.open_issue("Stop"), LABEL)] = "tom"
        self.passes(wait)

    @precondition(lambda self: self.living.proposals())
    @rule(merges=st.booleans(), wait=SPANS)
    def see_to_a_proposal(self, merges: bool, wait: float) -> None:
        self.living._see_to("", self.living.proposals()[0]) if merges else self.living.origin.delete(self.living.proposals()[0])
        self.passes(wait)

    @rule(service=st.sampled_from(SERVICES), wait=SPANS)
    def fix(self, service: str, wait: float) -> None:
        self.living.fix(service)
        self.passes(wait)

    # The laws

    def teardown(self) -> None:
        try:
            if self.world is not None:
                self.living.pass_time(max(DAY, self.started + MONTH - self.living.clock.now()))
                self.laws()
                told = {notice.key for notice in self.living.whole.store.notices()}
                assert told == set(self.living.post.took), f"nobody has been told: {told - set(self.living.post.took)}"
                assert not self.living.letters and not self.living.whole.store.inbox(self.living.repository.name), "a signal is left over"
                self.over()
        finally:
            logging.getLogger("rollbot").removeHandler(self.errors)
            if self.world is not None:
                self.world.close()
            shutil.rmtree(self.folder)

    def over(self) -> None:
        """The month is over, and its world still stands."""
        stuck = [each.id for each in self.living.incidents() if each.ended is None and self.living.clock.now() - each.opened > STUCK]
        assert not stuck, f"open for ever: {stuck}"

    def passes(self, span: float) -> None:
        left = self.started + MONTH - self.living.clock.now()
        self.living.pass_time(max(STEP, min(span, left)))
        self.laws()

    def laws(self) -> None:
        origin, incidents = self.living.origin, self.living.incidents()
        assert isinstance(origin, MemoryOrigin)
        assert not self.errors.said, self.errors.said[0]
        judge(origin, incidents, self.words)
        assert not self.living.past_stop, f"law 7: while stop was pressed: {self.living.past_stop}"
        for incident in incidents:
            whole(incident, self.living.record(incident.id))

    @property
    def living(self) -> MonthWorld:
        assert self.world is not None
        return self.world

    def last(self) -> Mapping[str, tuple[str, ...]]:
        """What the newest commit of Rollbot's that rolled anything back says; nothing where there is none."""
        assert isinstance(self.living.origin, MemoryOrigin)
        return next((each.said for each in reversed(made(self.living.origin, ())) if "Rollback-From" in each.said), {})

    def _newest(self, service: str, version: str) -> None:
        if service in self.automations:
            self.automations[service].newest = version
        else:
            self.living.release(service, version)

    def _rewrite(self, service: str, changed: Callable[[str], str], message: str) -> None:
        path, head = self.living.story.service(service, "prod").path, self.living.origin.head()
        assert head
        before = (self.living.origin.read([(head, path)])[0] or b"").decode()
        if changed(before) != before:
            self.living.tell(message, {path: changed(before)})


class _Errors(logging.Handler):
    """What a door logged as a defect."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))


def _set(text: str, start: str, value: str, until: str = "\n") -> str:
    """The text with what stands between `start` and `until` on its line replaced."""
    before, found, rest = text.partition(start)
    if not found:
        raise BadConfig(f"there is no {start!r}")
    end = min(place for place in (rest.find(until), rest.find("\n")) if place >= 0)
    return before + found + value + rest[end:]
