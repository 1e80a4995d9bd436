"""People talk to Rollbot: whatever they say, however often and in whatever order, it is done once and answered once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.incidents.incident import Incident
from bot.reconciler.sweep import sweep
from bot.signals.signal import Reaction, Role, Thread
from bot.world import story
from bot.world.lived import LivedWorld
from bot.world.story import ToldCommit
from bot.world.talk import Comment

RELEASE = 226
"""The pull request by which Ada changed checkout in prod."""
ADA = "Ada Byron <ada@shop.example>"
HOUR = 3600.0


def a_world(folder: Path, config: dict[str, Any]) -> LivedWorld:
    raw = yaml.safe_load(story.SHOP.read_text())
    raw["history"][0]["files"][".rollbot.yaml"] = yaml.safe_dump(config)
    return LivedWorld(story.read(raw), folder)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LivedWorld]:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "propose"}}}) as lived:
        yield lived


def proposals(world: LivedWorld) -> list[str]:
    return [branch for branch in world.origin.branches() if branch.startswith("rollbot/")]


def only(world: LivedWorld) -> Incident:
    [incident] = world.incidents()
    return incident


def answer(world: LivedWorld, said: Comment) -> str:
    """The one answer to a comment, without the incident's name."""
    [found] = [each for each in world.talk.answers(said.thread) if each.key == f"reply:{said.number}"]
    names = [incident.id for incident in world.incidents()]
    text = found.text
    for name in names:
        text = text.replace(name, "INCIDENT")
    return text


def picture(world: LivedWorld, said: Comment) -> Reaction | None:
    return world.talk.pictures.get(said.number)


def once(world: LivedWorld) -> None:
    """One branch, one pull request, one comment that follows it, one answer."""
    [branch] = proposals(world)
    pull = world.pulls.pull(branch)
    assert pull and (pull.number, pull.state) == (1, "open")
    assert len([key for key in world.pulls.comments(1) if key.endswith(":1")]) == 1


def proposed(world: LivedWorld, text: str = "/rollback") -> Comment:
    said = world.say(RELEASE, text)
    world.pass_time(30)
    assert only(world).state == "proposed"
    return said


def test_on_a_merged_pull_request_alone_it_proposes_what_takes_that_release_back(world: LivedWorld) -> None:
    said = proposed(world, "/rollback because it hangs")

    once(world)
    assert (world.talk.seen[0], picture(world, said)) == (Reaction.SEEN, Reaction.DONE)
    incident = only(world)
    assert incident.request and (incident.request.actor, incident.request.reason) == ("ada", "it hangs")
    assert answer(world, said) == (
        f"**#1 is open: `checkout` in `prod` goes from `{incident.action.version}` back to `{incident.action.to}` once it is merged.**\n"
        "\n```text\n/rollback approve\n```\n\n"
        "Say that there or here; `/rollback cancel` closes it.\nIts record is `INCIDENT`.\n"
    )


def test_approved_it_is_merged_and_every_answer_follows(world: LivedWorld) -> None:
    asked = proposed(world)
    yes = world.say(1, "/rollback approve", "tom")
    world.pass_time(900)

    incident = only(world)
    assert (incident.end, incident.action.approved, incident.action.by_person) == ("done", "tom", True)
    assert answer(world, yes).startswith(f"**`prod/checkout`: tom approves commit {incident.action.head[:12]}.**")  # type: ignore[index]
    assert answer(world, asked).startswith("**Done: `checkout` in `prod` goes from")
    [entry] = [entry for entry in world.record() if "approves" in entry.what]
    assert (entry.facts["actor"], entry.facts["head"]) == ("tom", incident.action.head)


@pytest.mark.parametrize(
    ("happens", "picture_of_it"),
    [
        pytest.param(lambda w: w.say(RELEASE, "/rollback", "eve"), Reaction.REFUSED, id="by a reader"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback", "mallory"), Reaction.REFUSED, id="by an outsider"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback", "lin"), Reaction.REFUSED, id="by one who may only stop"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback", "renovate[bot]", "Bot"), None, id="by a bot"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback", action="edited"), None, id="edited"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback", action="deleted"), None, id="deleted"),
        pytest.param(lambda w: w.say(RELEASE, "Like this:\n```\n/rollback\n```"), None, id="in a code block"),
        pytest.param(lambda w: w.say(RELEASE, "> /rollback\n\nWhy?"), None, id="quoted"),
        pytest.param(lambda w: w.say(w.talk.open_issue("It hangs"), "/rollback"), Reaction.UNCLEAR, id="on an issue without a service"),
        pytest.param(lambda w: w.say(w.talk.open_pull(9001), "/rollback"), Reaction.UNCLEAR, id="on an open pull request"),
        pytest.param(lambda w: w.say(w.talk.open_pull(9001, fork=True), "/rollback"), Reaction.UNCLEAR, id="on a fork's pull request"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback $(id)"), Reaction.UNCLEAR, id="a shell's words"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback ../x"), Reaction.UNCLEAR, id="a path"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback " + "a" * 70_000), Reaction.UNCLEAR, id="70 kB"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback nothing in prod"), Reaction.UNCLEAR, id="an unknown service"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback checkout to 9.9.9 in prod"), Reaction.REFUSED, id="an unknown version"),
        pytest.param(lambda w: w.say(RELEASE, "/rollback to 2.5.0"), Reaction.UNCLEAR, id="a version without a service"),
    ],
)
def test_what_must_not_be_carried_out_changes_nothing(
    world: LivedWorld, happens: Callable[[LivedWorld], Comment], picture_of_it: Reaction | None
) -> None:
    said = happens(world)
    world.pass_time(60)

    assert (world.incidents(), proposals(world), picture(world, said)) == ((), [], picture_of_it)
    if picture_of_it is None:
        assert world.talk.answers(said.thread) == []
    else:
        assert len(answer(world, said)) < 1500


@pytest.mark.parametrize(
    ("text", "who", "says"),
    [
        pytest.param(
            "/rollback",
            "eve",
            "**Nothing is done.**\n\n- it takes the role write in the manifests repository; eve has read\n",
            id="right that is missing, and one's own",
        ),
        pytest.param(
            "/rollback checkout",
            "ada",
            "**Nothing is done.**\n\n- checkout fits several services\n\n"
            "```text\n/rollback checkout in prod\n/rollback checkout in staging\n```\n",
            id="choices to copy",
        ),
        pytest.param(
            "/rollback @everyone",
            "ada",
            "**Not understood:** @\u200beveryone is no name: letters, digits, dots, dashes and underscores, and a letter or digit "
            "first.\n\n```text\n/rollback [SERVICE] [to VERSION] [in ENVIRONMENT] [because REASON]\n```\n\n"
            "<details><summary>What was said</summary>\n\n`/rollback @everyone`\n\n</details>\n",
            id="a mention that fires nowhere",
        ),
        pytest.param(
            "/rollback hodl 2h",
            "ada",
            "**Not understood:** 2h is one word too many.\n\nDid you mean `/rollback hold`?\n\n"
            "```text\n/rollback [SERVICE] [to VERSION] [in ENVIRONMENT] [because REASON]\n```\n\n"
            "<details><summary>What was said</summary>\n\n`/rollback hodl 2h`\n\n</details>\n",
            id="the nearest verb",
        ),
        pytest.param(
            "/rollback approve checkout in prod",
            "ada",
            "**Nothing is done.**\n\n- there is no incident of checkout in prod\n",
            id="nothing to approve",
        ),
    ],
)
def test_what_is_answered_names_the_obstacle_and_the_way_out(world: LivedWorld, text: str, who: str, says: str) -> None:
    said = world.say(world.talk.open_issue("It hangs"), text, who)
    world.pass_time(15)

    assert answer(world, said) == says


def test_on_an_issue_with_a_service_it_is_done_and_followed_there(world: LivedWorld) -> None:
    issue = world.talk.open_issue("It hangs")
    world.say(issue, "/rollback checkout to 2.6.0 in prod")
    world.pass_time(30)
    once(world)

    world.say(issue, "/rollback approve")
    world.pass_time(900)

    assert (only(world).end, world.deployed("checkout")) == ("done", "2.6.0")


@pytest.mark.parametrize("again", ["redelivered", "found by the sweep", "both"])
def test_the_same_comment_twice_is_one(world: LivedWorld, again: str) -> None:
    sweep(world.ports())
    world.step()
    said = proposed(world)
    if again != "found by the sweep":
        world.pass_time(1)
        world.brought(said)
    if again != "redelivered":
        world.pass_time(400)
        sweep(world.ports())
    world.pass_time(60)

    once(world)
    assert answer(world, said).startswith("**#1 is open")


def test_two_people_who_say_the_same_get_one_pull_request(world: LivedWorld) -> None:
    proposed(world)
    second = world.say(RELEASE, "/rollback", "tom")
    world.pass_time(60)

    once(world)
    assert answer(world, second).startswith("**#1 is open")


def test_approved_before_it_was_asked_for_nothing_is_merged(world: LivedWorld) -> None:
    early = world.say(RELEASE, "/rollback approve")
    world.pass_time(15)
    proposed(world)

    assert picture(world, early) is Reaction.UNCLEAR
    once(world)


def test_what_no_webhook_brought_is_found_by_the_sweep(world: LivedWorld) -> None:
    history = world.talk.write(Thread(world.talk.home, RELEASE), "ada", "/rollback")
    world.pass_time(60)
    sweep(world.ports())
    world.step()
    said = world.talk.write(Thread(world.talk.home, RELEASE), "ada", "/rollback")
    for _ in range(12):
        world.pass_time(60)
        sweep(world.ports())
        world.step()

    once(world)
    assert (picture(world, history), picture(world, said)) == (None, Reaction.DONE)


def test_while_the_forge_is_away_words_wait_and_alerts_do_not(world: LivedWorld) -> None:
    world.talk.down = True
    said = world.say(RELEASE, "/rollback")
    world.release("checkout", "2.8.0")
    world.pass_time(600)
    assert only(world).symptoms and picture(world, said) is None

    world.talk.down = False
    world.pass_time(120)

    assert picture(world, said) is not None and answer(world, said)


def test_words_that_waited_too_long_are_not_carried_out(world: LivedWorld) -> None:
    world.talk.down = True
    said = world.say(RELEASE, "/rollback")
    world.pass_time(1.5 * HOUR)
    world.talk.down = False
    world.pass_time(60)

    assert (world.incidents(), "say it again" in answer(world, said)) == ((), True)


def test_rights_that_cannot_be_told_count_as_none(world: LivedWorld) -> None:
    world.talk.mute = True
    said = world.say(RELEASE, "/rollback")
    world.pass_time(15)

    assert (world.incidents(), picture(world, said), "cannot be told" in answer(world, said)) == ((), Reaction.REFUSED, True)


def test_an_outsider_is_told_once_why_nothing_happens(world: LivedWorld) -> None:
    thread = world.talk.open_issue("It hangs")
    for _ in range(5):
        world.say(thread, "/rollback", "mallory")
        world.pass_time(15)

    assert [each.text for each in world.talk.answers(thread)] == [
        "**Nothing is done.**\n\n- it takes the role write in the manifests repository; mallory has none\n"
    ]


@pytest.mark.parametrize(
    ("people", "who", "done"),
    [
        pytest.param({"teams": {"prod": ["sre"]}}, "tom", True, id="in the team"),
        pytest.param({"teams": {"prod": ["sre"]}}, "ada", False, id="not in the team, though admin"),
        pytest.param({"teams": {"prod": ["sre"]}, "owners": {"prod": ["Ada"]}}, "ada", True, id="an owner"),
        pytest.param({"teams": {"prod": ["gone"]}}, "tom", False, id="a team that is not there"),
        pytest.param({"teams": {"staging": ["sre"]}}, "ada", True, id="of another environment"),
        pytest.param({"act": "maintain"}, "tom", False, id="a higher role"),
    ],
)
def test_environments_are_reserved_to_teams_and_owners(tmp_path: Path, people: dict[str, Any], who: str, done: bool) -> None:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "propose"}}, "people": people}) as world:
        world.talk.teams = {"sre": {"tom"}}
        said = world.say(RELEASE, "/rollback", who)
        world.pass_time(30)

        assert (len(proposals(world)), picture(world, said)) == ((1, Reaction.DONE) if done else (0, Reaction.REFUSED))


def released_together(world: LivedWorld) -> None:
    """Pull request 300 moves checkout in prod and in staging."""
    head, files = world.origin.head() or "", {}
    for environment in ("prod", "staging"):
        path = f"apps/checkout/overlays/{environment}/kustomization.yaml"
        [text] = world.origin.read([(head, path)])  # type: ignore[list-item]
        files[path] = re.sub('newTag: "[^"]+"', 'newTag: "9.0.0"', (text or b"").decode())
    world.push(ToldCommit(world.clock.now(), ADA, "Both (#300)\n", files=files))
    world.pass_time(15)


@pytest.mark.parametrize("policy", [{"trust": {"*": "merge", "prod": "propose"}}, {"trust": {"*": "merge"}, "frozen": ["prod"]}])
def test_over_several_environments_it_goes_as_far_as_the_least_trusted(tmp_path: Path, policy: dict[str, Any]) -> None:
    with a_world(tmp_path, {"policy": policy}) as world:
        released_together(world)
        world.say(300, "/rollback")
        world.pass_time(120)

        assert (only(world).state, only(world).action.mode, world.desired("checkout")) == ("proposed", "propose", "9.0.0")


def test_what_reaches_a_reserved_environment_is_approved_and_undone_by_its_owners_alone(tmp_path: Path) -> None:
    with a_world(tmp_path, {"policy": {"trust": {"*": "propose"}}, "people": {"owners": {"prod": ["ada"]}}}) as world:
        released_together(world)
        world.say(300, "/rollback", "ada")
        world.pass_time(30)
        no = world.say(1, "/rollback approve", "tom")
        world.pass_time(60)
        assert ("prod is reserved to ada" in answer(world, no), only(world).action.approved) == (True, "")

        world.say(1, "/rollback approve", "ada")
        world.pass_time(600)
        no = world.say(1, "/rollback undo", "tom")
        world.pass_time(60)
        assert ("prod is reserved to ada" in answer(world, no), only(world).end) == (True, "done")


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


def test_what_was_merged_a_moment_ago_is_not_called_cancelled(world: LivedWorld) -> None:
    proposed(world)
    world.merge(only(world).action.branch)
    said = world.say(1, "/rollback cancel", "lin")
    world.pass_time(60)

    assert "pull request 1 is merged already" in answer(world, said)
    assert (only(world).end, bool(only(world).action.commit)) != ("cancelled", False)


def test_undone_once_and_not_twice(world: LivedWorld) -> None:
    proposed(world)
    before = world.origin.diff_of(world.origin.head() or "")  # type: ignore[arg-type]
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
    assert before


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


def test_resumed_in_one_place_it_says_what_still_holds_there(world: LivedWorld) -> None:
    world.say(world.talk.open_issue("Wait"), "/rollback hold 2h checkout", "lin")
    world.pass_time(15)
    said = world.say(world.talk.open_issue("Wait", 9005), "/rollback resume checkout in prod", "lin")
    world.pass_time(30)

    assert "still held: checkout, by lin" in answer(world, said)
    assert "/rollback resume checkout\n" in answer(world, said)


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
        assert (bool(kept), len(branches), world.desired("checkout")) == (not merged, 1, "2.6.0")
        assert picture(world, said) is Reaction.DONE
        assert ("is merged" if merged else "once a person merges it") in answer(world, said)


def test_a_version_that_a_person_calls_good_is_no_suspect(tmp_path: Path) -> None:
    with a_world(tmp_path, {"policy": {"trust": {"prod": "merge"}}, "attribution": {"window": "1h"}}) as world:
        said = world.say(world.talk.open_issue("It is the database"), "/rollback good 2.8.0 checkout in prod")
        world.pass_time(15)
        world.release("checkout", "2.8.0")
        world.pass_time(1800)

        assert world.desired("checkout") == "2.8.0"
        assert any("ada says that 2.8.0 is good" in why for entry in world.record() for why in entry.because)
        assert picture(world, said) is Reaction.DONE


@dataclass(frozen=True)
class Tagged:
    """An application's commit, and the tags that checkout gets in these environments."""

    commit: str
    tags: dict[str, str]


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


def test_roles_grow_as_github_says(world: LivedWorld) -> None:
    assert Role.TRIAGE < Role.WRITE < Role.ADMIN
    world.talk.roles["eve"] = Role.WRITE
    said = world.say(RELEASE, "/rollback", "eve")
    world.pass_time(30)

    assert picture(world, said) is Reaction.DONE


def test_without_a_conversation_words_are_left_alone(world: LivedWorld) -> None:
    world._ports = replace(world._ports, conversation=None)
    world.say(RELEASE, "/rollback")
    world.pass_time(30)

    assert (world.incidents(), world.talk.seen) == ((), [])
