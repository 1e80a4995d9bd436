"""What GitHub was told to merge by itself does not look at the kill switch: it is taken back while stop is pressed."""

from __future__ import annotations

from pathlib import Path

from bot.world.story import ToldCommit
from tests.adapters.forges.github.world import GitHubWorld, a_story
from tests.github.server import FakeGitHub

ADA = "Ada Byron <ada@shop.example>"


def test_nothing_merges_by_itself_while_stop_is_pressed(server: FakeGitHub, tmp_path: Path) -> None:
    with GitHubWorld(a_story(), tmp_path, server) as world:
        server.allow(world.name, merge_methods=["squash"], auto_merge=True)
        server.protect(world.name, "main", required_checks=["ci"])
        world.release("checkout", "2.8.0")
        world.pass_time(300)
        [pull] = server.pulls(world.name)
        assert pull.auto_merge is not None

        world.push(ToldCommit(world.clock.now(), ADA, "Stop\n", files={".rollbot/stop": "wait\n"}))
        world.pass_time(120)
        server.check(world.name, pull.sha, "ci", "success")
        world.pass_time(300)
        assert (pull.state, pull.auto_merge) == ("open", None)

        world.push(ToldCommit(world.clock.now(), ADA, "Go on\n", files={".rollbot/stop": None}))
        world.settle(1800)
        assert pull.merged and world.deployed("checkout") == "2.7.0"


def test_what_a_person_pushed_to_the_branch_is_left_to_a_person(server: FakeGitHub, tmp_path: Path) -> None:
    with GitHubWorld(a_story(), tmp_path, server) as world:
        server.protect(world.name, "main", required_checks=["ci"])
        world.release("checkout", "2.8.0")
        world.pass_time(300)
        [pull] = server.pulls(world.name)

        theirs = server.push(world.name, pull.head, {"NOTES.md": "and this\n"}, "ada")
        server.check(world.name, theirs, "ci", "success")
        world.pass_time(300)

        incident = world.incident()
        assert incident and incident.action.mode == "propose" and pull.state == "open"
        assert any("somebody changed the branch" in " ".join(entry.because) for entry in world.record())


def test_a_closed_pull_request_is_a_persons_no(server: FakeGitHub, tmp_path: Path) -> None:
    with GitHubWorld(a_story(policy={"trust": {"prod": "propose"}}), tmp_path, server) as world:
        world.release("checkout", "2.8.0")
        world.pass_time(300)
        [pull] = server.pulls(world.name)

        pull.state = "closed"
        world.settle(600)

        incident = world.incident()
        assert incident and str(incident.end) == "proposal-closed"
        assert len(server.pulls(world.name)) == 1
