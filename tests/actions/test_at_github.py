"""The same steps where GitHub is GitHub: its API, its Git over HTTP, the job's token; nothing but documented variables."""

import pytest

from bot.world import story
from bot.world.origin import Origin
from tests.actions.job import Job

server = pytest.importorskip("tests.github.server", reason="the fake GitHub is not in this checkout")
PROD = {"service": "checkout", "environment": "prod"}
SHOP = "acme/shop"


@pytest.fixture
def github(tmp_path):
    """`acme/shop` at a GitHub of our own, with the shop's whole history."""
    with server.FakeGitHub() as hub:
        hub.create(SHOP, files={"README.md": "the shop\n"})
        told = story.load(story.SHOP)
        made = Origin(tmp_path / "told.git", told.branch)
        made.tell(told.history)
        made._git("push", "--quiet", "--force", str(hub.folder(SHOP)), f"{told.branch}:{told.branch}")
        yield hub


@pytest.fixture
def at_github(github, tmp_path):
    """A dispatched job there, with the token that GitHub gives a job."""
    github.user("github-actions[bot]", 41898282, type="Bot")
    github.grant(SHOP, "github-actions[bot]", "write")
    token = github.token("github-actions[bot]")
    variables = {
        "GITHUB_ACTOR": "ada",
        "GITHUB_REPOSITORY": SHOP,
        "GITHUB_SERVER_URL": github.api.removesuffix("/api/v3"),
        "GITHUB_API_URL": github.api,
        "GITHUB_EVENT_NAME": "workflow_dispatch",
        "GITHUB_RUN_ID": "4711",
    }
    return Job(tmp_path / "runner", variables, token=token).installed()


def test_a_dispatch_ends_in_a_pull_request(github, at_github):
    step = at_github.uses({**PROD, "mode": "pr", "reason": "fails since 14:02"})

    assert (step.code, step.outputs["decision"], step.outputs["reason_code"]) == (0, "rollback", "proposed"), step.log
    [pull] = github.pulls(SHOP)
    assert (str(pull.number), pull.state) == (step.outputs["pull_request"], "open")
    assert step.json["url"] and "`2.7.0` → `2.6.0`" in step.summary.splitlines()[0]
    assert at_github.token not in step.log + step.summary + step.outputs["json"]


def test_or_in_a_merge(github, at_github):
    step = at_github.uses({**PROD, "mode": "merge"})

    [pull] = github.pulls(SHOP)
    assert (step.code, step.outputs["reason_code"], pull.merged) == (0, "merged", True), step.log


def test_dispatched_twice_there_is_one(github, at_github, tmp_path):
    first = at_github.uses({**PROD, "mode": "pr"})
    fresh = Job(tmp_path / "another", at_github.variables | {"GITHUB_RUN_ID": "4712"}, token=at_github.token).installed()

    second = fresh.uses({**PROD, "mode": "pr"})

    assert (second.code, second.outputs["pull_request"]) == (0, first.outputs["pull_request"]), second.log
    assert len(github.pulls(SHOP)) == 1


def test_a_merge_that_waits_for_a_check_says_so_and_leaves_the_pull_request(github, at_github):
    github.protect(SHOP, "main", required_checks=["test"])

    step = at_github.uses({**PROD, "mode": "merge"})

    [pull] = github.pulls(SHOP)
    assert (step.code, step.outputs["decision"], step.outputs["reason_code"]) == (3, "rollback", "waiting"), step.log
    assert (step.outputs["pull_request"], pull.state) == (str(pull.number), "open")
    assert step.summary.startswith("## Rollback of `checkout` in `prod` waits to be merged")
    [said] = step.commands
    assert said.startswith("::warning ")
