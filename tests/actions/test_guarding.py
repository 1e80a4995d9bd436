"""`command: guard` of the same action, in a pull request's checkout."""

import subprocess

import pytest

from bot.world.story import ToldCommit

FILE = "apps/checkout/overlays/prod/kustomization.yaml"


@pytest.fixture
def pull(job, origin):
    """A rollback was made; then a pull request changes this text of the file. Its merge commit is checked out in the workspace."""
    done = job.uses({"service": "checkout", "environment": "prod", "mode": "merge", "reason": "fails since 14:02"})
    assert done.code == 0, done.log

    def opened(old, new):
        text = origin.read([(origin.head(), FILE)])[0].decode()
        told = ToldCommit(origin.log()[-1][1] + 60, "renovate[bot] <bot@shop.example>", "bump\n", {FILE: text.replace(old, new)})
        origin.tell([told], "change")
        workspace = job.folder / "workspace"
        subprocess.run(["git", "clone", "-q", origin.folder, workspace], check=True, timeout=30)
        git = ["git", "-C", workspace, "-c", "user.name=GitHub", "-c", "user.email=noreply@github.com"]
        subprocess.run([*git, "checkout", "-q", "--detach"], check=True)
        subprocess.run([*git, "merge", "-q", "--no-ff", "-m", "Merge", "origin/change"], check=True)
        head, base = origin.head("change"), origin.head()
        job.event = {"pull_request": {"number": 7, "head": {"sha": head}, "base": {"sha": base, "ref": "main"}}}
        job.variables |= {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_BASE_REF": "main"}

    return opened


def test_a_quarantined_release_fails_the_step_at_its_line(job, pull):
    pull("2.6.0", "2.7.0")

    step = job.uses({"command": "guard"})

    assert (step.code, step.outputs["decision"], step.outputs["reason_code"]) == (1, "fail", "quarantined"), step.log
    [said] = step.commands
    assert said.startswith(f"::error file={FILE},line=") and "fails since 14:02" in said
    assert step.summary.startswith("## A quarantined release comes back") and "fails since 14:02" in step.summary


def test_another_release_passes(job, pull):
    pull("2.6.0", "2.7.1")

    step = job.uses({"command": "guard"})

    assert (step.code, step.outputs["decision"], step.json["operation"], step.commands) == (0, "pass", "guard", [])


def test_without_a_checkout_it_fails(job):
    step = job.uses({"command": "guard"})

    assert (step.code, step.outputs["decision"], step.outputs["reason_code"]) == (1, "failure", "cannot-tell"), step.log
