"""What the forge gets: branch, message with trailers Git itself can read, a body in which nobody's text does anything."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.changes.brief import Brief
from bot.changes.compose import branch_of, compose, compose_undo, labels
from bot.plans.plan import Edit, Plan, Target
from bot.refs import ServiceRef, Sha

BASE = Sha("a" * 40)
EDIT = Edit("apps/web.yaml", "spec.image", "ghcr.io/x/web", 7, "1.4.0", "1.3.9")


def a_plan(**fields) -> Plan:
    plan = Plan(
        repository="git.example/shop/deploy",
        base=BASE,
        services=(ServiceRef("git.example/shop/deploy", "prod", "web"),),
        undone=Sha("b" * 40),
        undone_version="1.4.0",
        release="c" * 64,
        target=Target("1.3.9", Sha("d" * 40), 9000.0, "the version before this one"),
        alternatives=(Target("1.3.9", Sha("d" * 40), 9000.0, "the version before this one"),),
        edits=(EDIT,),
        merged=(),
        files={"apps/web.yaml": b"image: ghcr.io/x/web:1.3.9\n"},
    )
    return replace(plan, **fields)


def trailers(message: str) -> dict[str, str]:
    """What `git interpret-trailers` reads in the message."""
    answer = subprocess.run(["git", "interpret-trailers", "--parse"], input=message.encode(), capture_output=True, check=True)
    return dict(line.split(": ", 1) for line in answer.stdout.decode().splitlines())


def test_the_message_carries_what_was_done():
    change = compose(a_plan(), Brief("HighErrorRate", expires=1_700_000_000.0), branch="main", incident="prod-web-1")

    assert change.message.splitlines()[0] == "Roll back web in prod from 1.4.0 to 1.3.9"
    assert trailers(change.message) == {
        "Rollback-Service": "web",
        "Rollback-Environment": "prod",
        "Rollback-Release": "b" * 40,
        "Rollback-From": "1.4.0",
        "Rollback-To": "1.3.9",
        "Rollback-Incident": "prod-web-1",
        "Rollback-Reason": "HighErrorRate",
        "Rollback-Expires": "2023-11-14T22:13:20Z",
    }


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=120))
@example("---")
def test_no_reason_can_make_a_trailer_of_its_own(reason):
    change = compose(a_plan(), Brief(f"{reason}\nRollback-To: 6.6.6\n\nRollback-To: 6.6.6\n"), branch="main", incident="i")

    found = trailers(change.message)

    assert found["Rollback-To"] == "1.3.9"
    assert set(found) <= {f"Rollback-{word}" for word in ("Service", "Environment", "Release", "From", "To", "Incident", "Reason")}


def test_the_branch_is_the_plans_name():
    plan = a_plan()

    assert branch_of(plan) == f"rollbot/prod/web/1.4.0-to-1.3.9-{plan.key()[:8]}"
    assert branch_of(replace(plan, base=Sha("e" * 40))) == branch_of(plan)
    assert branch_of(plan, 2) != branch_of(plan)
    assert branch_of(replace(plan, release="f" * 64)) != branch_of(plan)


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=60), st.text(min_size=1, max_size=60), st.text(max_size=60))
def test_every_branch_is_one_that_git_takes(environment, service, version):
    plan = a_plan(services=(ServiceRef("r", environment, service),), undone_version=version)

    answer = subprocess.run(["git", "check-ref-format", "--branch", branch_of(plan)], capture_output=True, check=False)

    assert answer.returncode == 0, branch_of(plan)


def test_an_undo_restores_the_bytes_it_is_given():
    before = {"apps/web.yaml": b"image: ghcr.io/x/web:1.4.0\n"}

    change = compose_undo(a_plan(files=before), Brief("it did not help"), branch="main", incident="i")

    assert change.files == before
    assert change.branch.endswith("-undo")
    assert trailers(change.message)["Rollback-Undo"] == branch_of(a_plan())


@pytest.mark.parametrize(
    ("fields", "title", "undone"),
    [
        pytest.param({}, "Rollback web 1.4.0 → 1.3.9 (prod)", "Undo rollback of web: 1.3.9 → 1.4.0 (prod)", id="one service"),
        pytest.param({"undone_version": "1@sha256:" + "a" * 64}, "Rollback web 1 → 1.3.9 (prod)", None, id="a digest is left out"),
        pytest.param({"services": ()}, "Rollback files 1.4.0 → 1.3.9", None, id="no service"),
        pytest.param({"target": None}, "Rollback web 1.4.0 → the state before (prod)", None, id="no version to go to"),
        pytest.param(
            {"services": (ServiceRef("r", "prod", "x @ops #1"),)},
            "Rollback x @\u200bops #\u200b1 1.4.0 → 1.3.9 (prod)",
            None,
            id="mentions",
        ),
    ],
)
def test_titles(fields, title, undone):
    assert compose(a_plan(**fields), Brief("r"), branch="main", incident="i").title == title
    if undone:
        assert compose_undo(a_plan(**fields), Brief("r"), branch="main", incident="i").title == undone


def test_no_reason_closes_an_issue_or_calls_anybody_through_the_commit():
    named = a_plan(services=(ServiceRef("r", "prod", "@octocat"),))

    message = compose(named, Brief("fixes #12, closes gh-7, ask @octocat/team"), branch="main", incident="i").message

    assert not re.search(r"@\w|#\d|gh-\d", message.split("Rollback-")[0])


def test_labels_are_harmless_and_short():
    ref = ServiceRef("r", "prod, eu\n1", "a" * 80)

    assert labels(a_plan()) == ("rollback", "env:prod", "service:web")
    assert labels(a_plan(services=(ref,))) == ("rollback", "env:prod-eu-1", "service:" + "a" * 42)
