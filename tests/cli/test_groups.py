"""A group at the command line: planned, rehearsed, carried out, refused."""

from __future__ import annotations

import pytest

from bot.world.story import ToldCommit

CHECKOUT = "apps/checkout/overlays/prod/kustomization.yaml"
CATALOGUE = "apps/catalogue/overlays/prod/kustomization.yaml"
NEEDS = "kind: Kustomization\ncommonAnnotations:\n  rollbot.dev/requires: '{}'\n"
WAVES = """\
groups:
  - {service: catalogue, rollback_with: checkout, wave: 2}
  - {service: checkout, wave: 1}
"""


@pytest.fixture
def say(origin):
    """Commit replaced texts, or whole files, a minute after the last commit."""

    def said(message, replace=None, files=None):
        origin.tell([ToldCommit(origin.log()[-1][1] + 60, "Ada <ada@shop.example>", message, files or {}, replace or {})])

    return said


@pytest.fixture
def tied(say):
    say("Update catalogue", {CATALOGUE: {'"0.32.0"': '"0.34.0"'}})
    say("Use it", {CHECKOUT: {"kind: Kustomization\n": NEEDS.format("catalogue >=0.34"), '"2.7.0"': '"2.8.0"'}})


def test_the_plan_says_what_goes_along_and_why(rollbot, origin, tied):
    told = rollbot("plan", "catalogue", "--env", "prod", "--repo", origin.folder, "--json").json
    shown = rollbot("plan", "catalogue", "--env", "prod", "--repo", origin.folder)

    assert told["group"] == [
        {"service": "prod/catalogue", "from": "0.34.0", "to": "0.32.0", "wave": 0},
        {"service": "prod/checkout", "from": "2.8.0", "to": "2.7.0", "wave": 0},
    ]
    assert [edit["to"] for edit in told["edits"]] == ["0.32.0", "2.7.0"]
    assert [each["bot"] for each in told["quarantine"]].count("every bot") == 2
    assert f"prod/checkout needs catalogue >=0.34 ({CHECKOUT}:4)" in shown.out
    assert (shown.code, "prod/checkout" in shown.out.splitlines()[2]) == (0, True)


def test_without_a_group_the_plan_says_nothing_of_one(rollbot, origin):
    assert "group" not in rollbot("plan", "catalogue", "--env", "prod", "--repo", origin.folder, "--json").json


def test_both_go_back_in_one_commit(rollbot, origin, tied):
    done = rollbot("rollback", "catalogue", "--env", "prod", "--mode", "push", "--repo", origin.folder)

    head = origin.head()
    assert done.code == 0
    assert "prod/checkout: 2.8.0 → 2.7.0" in done.out
    assert {path for path in origin.touched(head) if not path.startswith(".rollbot/")} == {CATALOGUE, CHECKOUT}
    assert len([path for path in origin.touched(head) if path.startswith(".rollbot/quarantine/")]) == 2


def test_the_first_wave_goes_and_the_next_is_announced(rollbot, origin, say):
    say("Say what goes together", files={".rollbot.yaml": WAVES})

    done = rollbot("rollback", "catalogue", "--env", "prod", "--mode", "push", "--repo", origin.folder)

    assert "prod/checkout: 2.7.0 → 2.6.0 (wave 1 of 2)" in done.out
    assert "prod/catalogue: 0.32.0 → 0.31.0 (wave 2 of 2, once the one before has arrived: `rollbot serve` goes on with it)" in done.out
    assert {path for path in origin.touched(origin.head()) if not path.startswith(".rollbot/")} == {CHECKOUT}
    assert "Rollback-Wave: 1/2" in origin.message(origin.head())


@pytest.mark.parametrize(
    ("needs", "code", "says"),
    [
        ("catalogue ^1", "unreadable-requirement", f"{CHECKOUT}:4: prod/checkout's requires cannot be read"),
        ("nobody >=1", "unknown-requirement", f"{CHECKOUT}:4: prod/checkout's requires names nobody, and there is no such service in prod"),
        ("catalogue >=9", "contradicting-requirements", f"{CHECKOUT}:4: prod/checkout cannot go back to 2.7.0, 2.6.0, 2.5.0"),
        ("checkout >=1", "circular-requirements", f"{CHECKOUT}:4: requirements go round in a circle, prod/checkout → prod/checkout"),
    ],
)
def test_what_is_badly_declared_is_refused_with_file_and_line(rollbot, origin, say, needs, code, says):
    say("Say what it needs", {CHECKOUT: {"kind: Kustomization\n": NEEDS.format(needs)}}, {".rollbot.yaml": every_version(needs)})
    say("Update checkout", {CHECKOUT: {'"2.7.0"': '"2.8.0"'}})
    before = origin.head()

    planned = rollbot("plan", "checkout", "--env", "prod", "--repo", origin.folder)
    done = rollbot("rollback", "checkout", "--env", "prod", "--mode", "merge", "--repo", origin.folder, "--json")

    assert (planned.code, done.code, done.json["decision"], done.json["reason_code"]) == (1, 1, "refuse", code)
    assert says in planned.out
    assert (origin.head(), origin.branches()) == (before, ("main",))


def every_version(needs):
    """Where another target would do, none of them does."""
    return f"groups: [{{service: checkout, versions: '<2.7', requires: '{needs}'}}]\n" if "catalogue >=9" in needs else "version: 1\n"
