"""What each command does to an incident, a hold or a quarantine, and what it never does to a person's work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.reconciler.listening import listen
from bot.signals.signal import Reaction
from bot.world.lived import LivedWorld
from bot.world.story import ToldCommit
from tests.reconciler.talking import ADA, RELEASE, a_world, answer, once, only, picture, proposals, proposed


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "propose"}}}) as lived:
        yield lived


def test_a_branch_that_a_person_pushed_to_is_not_approved_and_not_overwritten(world: LivedWorld) -> None:
    proposed(world)
    [branch] = proposals(world)
    theirs = world.origin.tell([ToldCommit(world.clock.now(), ADA, "Better so\n", files={"NOTES.md": "x\n"})], branch)
    world.pass_time(60)

    said = world.say(1, "/rollback approve")
    world.pass_time(300)

    assert (world.origin.head(branch), only(world).action.approved) == (theirs, "")
    assert "somebody has pushed to it" in answer(world, said)


def test_a_branch_that_a_person_pushed_to_while_the_target_moved_is_left_alone(tmp_path: Path) -> None:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "merge"}}}) as world:
        theirs: list[str | None] = []

        def meanwhile() -> None:
            world.push(ToldCommit(world.clock.now(), ADA, "Note\n", files={"NOTES.md": "x\n"}))
            [branch] = proposals(world)
            theirs.append(world.origin.tell([ToldCommit(world.clock.now(), ADA, "Better so\n", files={"OTHER.md": "x\n"})], branch))

        world.forge.before_merge = meanwhile
        world.say(RELEASE, "/rollback")
        world.pass_time(300)

        [branch] = proposals(world)
        assert [world.origin.head(branch)] == theirs
        assert any("somebody changed the branch" in why for entry in world.record() for why in (*entry.because, entry.what))


def test_a_branch_that_a_person_pushed_to_is_not_written_again_for_another_request(world: LivedWorld) -> None:
    proposed(world)
    [branch] = proposals(world)
    theirs = world.origin.tell([ToldCommit(world.clock.now(), ADA, "Better so\n", files={"NOTES.md": "x\n"})], branch)

    world.say(RELEASE, "/rollback", "tom")
    world.pass_time(300)

    assert world.origin.head(branch) == theirs
    assert "Ada Byron has pushed to" in only(world).why


def test_cancelled_its_pull_request_is_closed(world: LivedWorld) -> None:
    proposed(world)
    said = world.say(1, "/rollback cancel because wrong one", "lin")
    world.pass_time(30)

    pull = world.pulls.pull(only(world).action.branch)
    assert (only(world).end, pull and pull.state, proposals(world)) == ("cancelled", "closed", [])
    assert answer(world, said).startswith("**`prod/checkout`: lin cancelled it.**")


def test_undone_once_and_not_twice(world: LivedWorld) -> None:
    proposed(world)
    world.say(1, "/rollback approve")
    world.pass_time(600)
    world.say(RELEASE, "/rollback undo")
    world.pass_time(30)
    world.say(2, "/rollback approve")
    world.pass_time(600)
    again = world.say(RELEASE, "/rollback undo")
    world.pass_time(30)

    incident = only(world)
    assert (incident.end, incident.why, incident.undone) == ("done", "the rollback was taken back, as ada asked", 1)
    assert "at most once" in answer(world, again)


def test_held_nothing_is_changed_by_itself_until_it_ends(tmp_path: Path) -> None:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "merge"}}}) as world:
        said = world.say(world.talk.open_issue("Wait"), "/rollback hold 2h checkout in prod because we look", "lin")
        world.pass_time(15)
        world.release("checkout", "2.8.0")
        world.pass_time(1800)
        assert (world.desired("checkout"), only(world).state) == ("2.8.0", "opened")
        assert any("lin holds it" in why for entry in world.record() for why in entry.because)
        assert picture(world, said) is Reaction.DONE

        world.say(world.talk.open_issue("Wait"), "/rollback resume", "lin")
        world.pass_time(1800)

        assert (world.desired("checkout"), only(world).end) == ("2.7.0", "recovered")


def test_held_between_proposal_and_merge_it_is_not_merged_but_a_person_may_approve(world: LivedWorld) -> None:
    world.release("checkout", "2.8.0")
    world.pass_time(600)
    assert only(world).state == "proposed"
    world.say(1, "/rollback hold 1h", "lin")
    world.pass_time(60)
    assert world.desired("checkout") == "2.8.0"

    world.say(1, "/rollback approve", "tom")
    world.pass_time(1800)

    assert (world.desired("checkout"), only(world).end) == ("2.7.0", "recovered")


def rolled_back(world: LivedWorld) -> None:
    world.say(world.talk.open_issue("It hangs"), "/rollback checkout in prod --mode merge")
    world.pass_time(600)
    assert world.desired("checkout") == "2.6.0"


@pytest.mark.parametrize(("trust", "merged"), [("propose", False), ("merge", True)])
def test_allowed_its_quarantine_file_goes_and_nothing_is_deployed(tmp_path: Path, trust: str, merged: bool) -> None:
    with a_world(tmp_path, {"policy": {"trust": {"prod": trust}}}) as world:
        rolled_back(world)
        for _ in range(2):
            said = world.say(9000, "/rollback allow 2.7.0 because it was the database")
            world.pass_time(15)
            if merged:
                break

        head = world.origin.head()
        assert head
        kept = world.origin.paths(head, ".rollbot/quarantine")
        branches = [branch for branch in proposals(world) if "/allow/" in branch]
        assert (bool(kept), len(branches), world.desired("checkout")) == (not merged, 0 if merged else 1, "2.6.0")
        assert picture(world, said) is Reaction.DONE
        assert ("is merged" if merged else "once a person merges it") in answer(world, said)


@pytest.mark.parametrize(
    ("merged", "says", "shown"),
    [
        pytest.param(True, "`2.7.0` is allowed again: #2 is merged.", Reaction.DONE, id="merged"),
        pytest.param(False, "#2 was closed without a merge: `2.7.0` stays in quarantine.", Reaction.REFUSED, id="closed"),
    ],
)
def test_who_asked_to_allow_is_told_what_became_of_it(world: LivedWorld, merged: bool, says: str, shown: Reaction) -> None:
    rolled_back(world)
    said = world.say(9000, "/rollback allow 2.7.0")
    world.pass_time(30)
    assert "once a person merges it" in answer(world, said)
    [branch] = [branch for branch in proposals(world) if "/allow/" in branch]

    if merged:
        world.merge(branch)
    else:
        world.origin.delete(branch)
    listen(world.ports())
    listen(world.ports())

    assert says in answer(world, said) and picture(world, said) is shown


def test_allowing_goes_by_what_stands_at_head_now(tmp_path: Path) -> None:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "merge"}}}) as world:
        rolled_back(world)
        world.say(9000, "/rollback status")
        world.step()
        world.push(ToldCommit(world.clock.now(), ADA, "Stop\n", files={".rollbot/stop": "wait\n"}))
        said = world.say(9000, "/rollback allow 2.7.0")
        world.step()

        assert r"stop is pressed \(.rollbot/stop is at HEAD\): lift it first" in answer(world, said)
        assert not any("/allow/" in branch for branch in proposals(world))


def test_stop_pressed_between_an_allowing_pull_request_and_its_merge_leaves_it_open(tmp_path: Path) -> None:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "merge"}}}) as world:
        rolled_back(world)
        world.forge.after_open = lambda: world.push(ToldCommit(world.clock.now(), ADA, "Stop\n", files={".rollbot/stop": "wait\n"}))
        said = world.say(9000, "/rollback allow 2.7.0")
        world.pass_time(15)

        [branch] = [branch for branch in proposals(world) if "/allow/" in branch]
        pull = world.pulls.pull(branch)
        assert pull and pull.state == "open"
        assert "so it is not merged by itself" in answer(world, said)


def test_a_version_that_a_person_calls_good_is_no_suspect(tmp_path: Path) -> None:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "merge"}}, "attribution": {"window": "1h"}}) as world:
        said = world.say(world.talk.open_issue("It is the database"), "/rollback good 2.8.0 checkout in prod")
        world.pass_time(15)
        world.release("checkout", "2.8.0")
        world.pass_time(1800)

        assert world.desired("checkout") == "2.8.0"
        assert any("ada says that 2.8.0 is good" in why for entry in world.record() for why in entry.because)
        assert picture(world, said) is Reaction.DONE


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        pytest.param({"prod": "main-0d1a26e-77"}, "**#1 is open", id="one service runs it"),
        pytest.param(
            {"prod": "sha-0d1a26e67d", "staging": "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c"}, "several services run", id="two run it"
        ),
        pytest.param({"prod": "main-0d1a27e"}, "no service runs an image whose tag carries 0d1a26e now", id="none runs it"),
    ],
)
def test_on_an_application_s_pull_request_it_finds_who_runs_its_image(world: LivedWorld, tags: dict[str, str], says: str) -> None:
    for environment, tag in tags.items():
        world.release("checkout", tag, environment)
    thread = world.talk.open_pull(17, "shop/checkout", merge="0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c")

    said = world.say(thread, "/rollback")
    world.pass_time(30)

    assert says in answer(world, said)


def test_a_rollback_s_own_pull_request_is_undone_not_rolled_back(world: LivedWorld) -> None:
    proposed(world)
    said = world.say(1, "/rollback")
    world.pass_time(15)

    assert "/rollback cancel" in answer(world, said)
    once(world)


def test_a_dry_run_tells_and_writes_nothing(world: LivedWorld) -> None:
    said = world.say(RELEASE, "/rollback checkout in prod --dry-run", "lin")
    world.pass_time(30)

    assert answer(world, said).startswith("**It would go from `2.7.0` back to `2.6.0`. Nothing is written.**")
    assert (world.incidents(), proposals(world)) == ((), [])


def test_stopped_it_says_so(world: LivedWorld) -> None:
    world.push(ToldCommit(world.clock.now(), ADA, "Stop\n", files={".rollbot/stop": "wait\n"}))
    said = world.say(RELEASE, "/rollback")
    status = world.say(RELEASE, "/rollback status")
    world.pass_time(60)

    assert (only(world).end, picture(world, said)) == ("declined", Reaction.REFUSED)
    assert "stopped: .rollbot/stop is at HEAD" in answer(world, said)
    assert "Stop is pressed: .rollbot/stop is at HEAD." in answer(world, status)


def test_why_tells_the_whole_record_and_markdown_in_it_does_nothing(world: LivedWorld) -> None:
    proposed(world, "/rollback because </details> @everyone ``` <script>alert(1)</script>")
    said = world.say(RELEASE, "/rollback why", "lin")
    world.pass_time(15)

    text = answer(world, said)
    assert "````text" in text and "ada asks" in text
    inside, after = text.rsplit("````", 1)
    assert (inside.count("<details>"), after) == (1, "\n\n</details>\n"), "a stranger's tags stand inside the fence"


def test_without_a_conversation_words_are_left_alone(world: LivedWorld) -> None:
    world._ports = replace(world._ports, conversation=None)
    world.say(RELEASE, "/rollback")
    world.pass_time(30)

    assert (world.incidents(), world.talk.seen) == ((), [])
