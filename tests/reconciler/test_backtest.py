"""A past is lived through again, by the steps that are taken in earnest."""

from __future__ import annotations

import pytest

from bot.adapters.git import GitRepository
from bot.adapters.metrics.none import NoMetrics
from bot.adapters.pins import SqlitePinCache
from bot.adapters.store.schema import Database
from bot.adapters.store.sql import SqlStore
from bot.config import parse
from bot.errors import Refused
from bot.reconciler.backtest import Known, replay
from bot.reconciler.look import look
from bot.reconciler.past import PastClock, PastForge, PastRepository
from bot.records.scorecard import Verdict
from bot.records.verdicts import judge
from bot.releases.history import history
from bot.releases.taken_back import taken_back
from bot.signals.remembered import Episode
from tests.past import DAY, HOUR, MINUTE, Past, generated

SINCE = 1_790_000_000.0
CONFIG = b'version: "1"\nalerts: {act_by_default: true}\n'


def episodes(past: Past) -> list[Episode]:
    return [Episode(one.labels, one.pending, one.fired, one.ended) for one in sorted(past.fired, key=lambda one: one.fired)]


@pytest.fixture
def lived(tmp_path):
    """Live through a past and judge it."""
    closing = []

    def live(past: Past, config: bytes = CONFIG):
        repository = GitRepository(str(past.origin(tmp_path / "shop.git").folder))
        cache, database = SqlitePinCache(tmp_path / "pins.sqlite"), Database(f"sqlite:///{tmp_path / 'own.db'}")
        closing.extend([repository, cache, database])
        head = repository.resolve("HEAD")
        replayed = replay(Known(repository, cache, NoMetrics(), SqlStore(database), episodes(past), head, config, past.until))
        state = look(repository, cache, parse(config).manifests, at=head)
        histories = {service.ref: history(service.ref, state) for service in state.estate.services}
        messages = {commit.sha: commit.message for commit in state.log}
        backs = [back for each in histories.values() for back in taken_back(each, messages)]
        return judge(replayed, histories, backs)

    yield live
    for each in reversed(closing):
        each.close()


def told() -> Past:
    past = Past(SINCE, SINCE + 10 * DAY)
    past.begin(SINCE - 20 * DAY)
    past.release("checkout", SINCE - 6 * DAY)
    return past


def test_a_bad_release_that_people_took_back(lived):
    past = told()
    past.release("checkout", SINCE + DAY)
    past.alert("checkout", SINCE + DAY + 10 * MINUTE, SINCE + DAY + 50 * MINUTE, "right")
    past.roll_back("checkout", SINCE + DAY + 45 * MINUTE)

    [only] = lived(past)

    assert (only.verdict, only.answer.version, only.answer.to, only.answer.mode) == (Verdict.RIGHT, "1.2.0", "1.1.0", "propose")
    assert only.saved == 45 * MINUTE - 10 * MINUTE - 30.0, "it would have known when Alertmanager told of it"
    assert only.people is not None and (only.people.left, only.people.to, only.people.author) == ("1.2.0", "1.1.0", "Ada Byron")


def test_only_what_was_known_then(lived):
    """A release that came after the alert is no suspect, however bad it is."""
    past = told()
    past.alert("checkout", SINCE + DAY, SINCE + DAY + 50 * MINUTE, "none")
    past.release("checkout", SINCE + DAY + 20 * MINUTE)
    past.roll_back("checkout", SINCE + DAY + 45 * MINUTE)

    [only] = lived(past)

    assert only.answer.release is None or only.answer.version == "1.1.0"
    assert only.verdict is not Verdict.RIGHT


def test_an_alert_that_may_not_act_does_nothing(lived):
    past = told()
    past.release("checkout", SINCE + DAY)
    past.alert("checkout", SINCE + DAY + 10 * MINUTE, SINCE + DAY + 6 * HOUR, "missed", severity="warning")
    past.roll_back("checkout", SINCE + DAY + 45 * MINUTE)

    [only] = lived(past)

    assert (only.verdict, only.answer.release) == (Verdict.MISSED, None)
    assert "severity warning never acts" in only.answer.why


def test_what_failed_because_of_another_service(lived):
    past = told()
    past.release("payments", SINCE + DAY)
    for service in ("payments", "frontend"):
        past.alert(service, SINCE + DAY + 10 * MINUTE, SINCE + DAY + 50 * MINUTE, "")
    past.roll_back("payments", SINCE + DAY + 45 * MINUTE)

    found = {each.service.name: each for each in lived(past)}

    assert (found["payments"].verdict, found["frontend"].verdict) == (Verdict.RIGHT, Verdict.ABSTAINED)
    assert found["frontend"].people == found["payments"].people


def test_a_month_is_judged_by_what_people_did(lived):
    past = generated(SINCE, days=20)

    found = {(each.service.name, each.fired): each for each in lived(past)}

    assert {key for key, what in past.expected.items() if what in ("right", "forward")} <= found.keys()
    by = {
        what: [found[key].verdict for key, said in past.expected.items() if said == what and key in found] for what in ("right", "forward")
    }
    assert by["right"] and set(by["right"]) <= {Verdict.RIGHT}, by
    assert by["forward"] and set(by["forward"]) <= {Verdict.FIXED}, by


def test_nothing_can_be_changed(tmp_path):
    past = told()
    repository = GitRepository(str(past.origin(tmp_path / "shop.git").folder))
    then = PastRepository(repository, PastClock(SINCE), None, repository.resolve("HEAD"))

    effects = (
        lambda: then.write(None),
        lambda: then.advance("main", "", ""),
        lambda: then.delete("main", ""),
        lambda: PastForge().commit(None),
        lambda: PastForge().open(None),
        lambda: PastForge().merge(None, ""),
        lambda: PastForge().comment(1, "", ""),
        lambda: PastForge().mark("", None),
        lambda: PastForge().close(None, ""),
        lambda: PastForge().disarm(None),
    )
    for effect in effects:
        with pytest.raises(Refused, match="a backtest changes nothing"):
            effect()
    repository.close()


def test_the_head_is_what_it_was(tmp_path):
    past = told()
    repository = GitRepository(str(past.origin(tmp_path / "shop.git").folder))
    clock = PastClock(SINCE - 30 * DAY)
    then = PastRepository(repository, clock, b"version: '1'\n", repository.resolve("HEAD"))

    with pytest.raises(Refused, match="no commit yet"):
        then.resolve("main")
    clock.at = SINCE - 10 * DAY
    early = then.resolve("main")
    clock.at = SINCE
    late = then.resolve("main")

    assert [commit.sha for commit in then.log(late)] == [late, early]
    assert then.blobs()[then.tree(early)[".rollbot.yaml"]] == b"version: '1'\n"
    assert then.remote_head("main") == late
    repository.close()
