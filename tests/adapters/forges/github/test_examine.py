"""What doctor finds at GitHub: every finding that stands in the way says what to do."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from bot.adapters.forges.github.examine import Finding, examine
from bot.adapters.forges.github.pace import Timing
from bot.cli.__main__ import app
from tests.adapters.forges.github.hub import Hub


def found(hub: Hub, owners: bool = False) -> dict[str, Finding]:
    """The weightiest finding of each check."""
    order = ("ok", "note", "bad")
    return {each.check: each for each in sorted(examine(hub.client, "main", owners), key=lambda each: order.index(each.state))}


def test_an_open_branch_merges_at_once(hub: Hub) -> None:
    findings = found(hub)

    assert findings["merge"] == Finding("merge", "ok", "a rollback to main merges at once")
    assert findings["clock"].state == "ok" and "robot may push" in " ".join(each.what for each in examine(hub.client, "main", False))


def test_who_may_not_push_is_told_so(hub: Hub) -> None:
    hub.server.grant(hub.name, "robot", "read")
    hub.start()

    assert found(hub)["token"].state == "bad" and "write" in found(hub)["token"].way_out


def test_a_required_check_and_auto_merge_that_is_off(hub: Hub) -> None:
    hub.server.protect(hub.name, "main", required_checks=["ci"])
    hub.server.allow(hub.name, merge_methods=["rebase"], auto_merge=False)

    findings = found(hub)

    assert "ci" in findings["checks"].what and "rebase" in findings["merge method"].what
    assert findings["auto-merge"].state == "note" and "Allow auto-merge" in findings["auto-merge"].way_out


@pytest.mark.parametrize(
    ("took", "words"),
    [
        ([130.0, 700.0, 250.0], "in about 4 minutes"),
        ([20.0], "in about 1 minute"),
        ([], "when its checks are green; how long they take is not known"),
    ],
)
def test_how_long_a_merge_takes_is_learned_from_the_last_ones(hub: Hub, took: list[float], words: str) -> None:
    for number, seconds in enumerate([*took, None] if took else []):
        hub.server.repos[hub.name].git("branch", f"change-{number}", "main")
        sha = hub.server.push(hub.name, f"change-{number}", {f"{number}.txt": "new\n"}, "ada")
        pull = hub.server.add(hub.server.repos[hub.name], "A change", "", "ada", f"change-{number}", "main", sha)
        hub.server.check(hub.name, sha, "ci", "success", 9000.0 if seconds is None else seconds)
        hub.server.check(hub.name, sha, "slow, and nobody asks for it", "success", 50_000.0)
        if seconds is not None:  # what was never merged teaches nothing
            hub.server.merge_by_person(hub.name, pull.number, "ada")
        else:
            hub.server.close_by_person(hub.name, pull.number, "ada")
    hub.server.protect(hub.name, "main", required_checks=["ci"])

    assert found(hub)["merge"] == Finding("merge", "ok", f"a rollback to main merges {words}")


@pytest.mark.parametrize(("ahead", "state", "words"), [(0.0, "ok", "agrees"), (90.0, "bad", "90 s ahead of"), (-90.0, "bad", "behind")])
def test_a_clock_that_is_off(hub: Hub, ahead: float, state: str, words: str) -> None:
    timing = hub.patient.timing()
    hub.client.timing = Timing(lambda: timing.now() + ahead, timing.sleep)

    clock = found(hub)["clock"]

    assert clock.state == state and words.removeprefix("90 s ") in clock.what


def test_a_token_that_is_not_accepted_is_the_one_finding(hub: Hub) -> None:
    hub.token = "ghp_wrong"
    hub.start()

    [only] = examine(hub.client, "main", False)

    assert only.state == "bad" and "does not accept our token" in only.what and "ghp_wrong" not in only.what


def test_doctor_prints_them(hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name, value in {
        "ROLLBOT_FORGE": "github",
        "ROLLBOT_GITHUB_URL": hub.server.api,
        "ROLLBOT_GITHUB_TOKEN": hub.token,
        "ROLLBOT_REPO_URL": hub.server.url(hub.name),
        "ROLLBOT_DATABASE_URL": f"sqlite:///{tmp_path}/doctor.db",
        "ROLLBOT_CACHE": f"{tmp_path}/doctor",
    }.items():
        monkeypatch.setenv(name, value)

    result = CliRunner().invoke(app, ["doctor", "--json"])

    said = {each["check"]: each["what"] for each in json.loads(result.stdout)}
    assert said["merge"] == "a rollback to main merges at once" and said["push"] == "a branch could be pushed"
    assert hub.token not in result.output
