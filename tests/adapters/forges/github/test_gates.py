"""What guards a branch, as far as GitHub lets us see it: rulesets, whether they let us past, and classic protection."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.forges.github.examine import examine
from bot.adapters.forges.github.gates import Gates, gates
from bot.changes.change import Blocked, Merged
from tests.adapters.forges.github.hub import Hub


def test_an_open_branch_asks_for_nothing(hub: Hub) -> None:
    assert gates(hub.client, "main") == Gates()


RULES: dict[str, tuple[dict[str, Any], Gates]] = {
    "checks": ({"required_checks": ["ci", "lint"], "strict": True}, Gates(checks={"ci": None, "lint": None}, strict=True)),
    "reviews": ({"reviews": 2, "code_owners": True}, Gates(reviews=2, owners=True)),
    "linear": ({"linear": True}, Gates(linear=True)),
    "queue": ({"queue": True}, Gates(queue=True)),
    "locked": ({"locked": True}, Gates(locked=True)),
}


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("source", ["Repository", "Organization"])
@pytest.mark.parametrize("bypass", ["never", "always", "pull_requests_only", "exempt"])
def test_a_ruleset_asks_for_what_it_says_unless_it_lets_us_past(hub: Hub, rule: str, source: str, bypass: str) -> None:
    rules, asked = RULES[rule]
    hub.server.ruleset(hub.name, "main", {"robot": bypass}, source=source, **rules)

    assert gates(hub.client, "main") == (asked if bypass == "never" else Gates(bypassed=True))


def test_each_ruleset_is_asked_about_once(hub: Hub) -> None:
    hub.server.ruleset(hub.name, "main", {"robot": "always"}, required_checks=["ci"], reviews=1)
    hub.server.ruleset(hub.name, "main", {"ada": "always"}, reviews=3, linear=True)

    found = gates(hub.client, "main")

    assert found == Gates(reviews=3, linear=True, bypassed=True)
    assert len([each for each in hub.server.requests if "/rulesets/" in each.path]) == 2


def test_a_ruleset_that_cannot_be_read_holds(hub: Hub) -> None:
    hub.server.ruleset(hub.name, "main", {"robot": "always"}, reviews=1)
    hub.server.fault(r"GET /repos/[^ ]+/rulesets/", "404_once")

    assert gates(hub.client, "main") == Gates(reviews=1)


def test_classic_protection_is_read_where_we_administer(hub: Hub) -> None:
    hub.server.grant(hub.name, "robot", "admin")
    hub.server.protect(
        hub.name, "main", required_checks=["ci"], strict=True, reviews=1, code_owners=True, linear=True, locked=True, restricted=["ada"]
    )

    asked = Gates(checks={"ci": None}, reviews=1, owners=True, strict=True, linear=True, locked=True, restricted=True)
    assert gates(hub.client, "main") == asked


def test_elsewhere_we_are_blind_but_for_the_checks(hub: Hub) -> None:
    hub.server.protect(hub.name, "main", required_checks=["ci"], reviews=1)

    assert gates(hub.client, "main") == Gates(checks={"ci": None}, blind=True)


def test_rulesets_and_classic_protection_add_up(hub: Hub) -> None:
    hub.server.grant(hub.name, "robot", "admin")
    hub.server.protect(hub.name, "main", required_checks=["ci"], reviews=2)
    hub.server.ruleset(hub.name, "main", required_checks=["lint"], reviews=1, code_owners=True)

    assert gates(hub.client, "main") == Gates(checks={"lint": None, "ci": None}, reviews=2, owners=True)


@pytest.mark.parametrize("reads", [1, 50])
def test_what_a_ruleset_lets_us_past_is_merged_and_said(hub: Hub, reads: int) -> None:
    """Also where GitHub had not worked out that it was blocked."""
    hub.server.repos[hub.name].slow = reads
    hub.server.ruleset(hub.name, "main", {"robot": "pull_requests_only"}, reviews=1)
    pull = hub.proposed()

    answer = hub.forge.merge(pull, pull.head)

    assert isinstance(answer, Merged) and "bypassed" in answer.bypassed
    assert any("bypassed" in each.what for each in examine(hub.client, "main", False) if each.check == "protection")


@pytest.mark.parametrize(
    ("killed", "says"),
    [pytest.param(False, "rules were bypassed", id="read back at once"), pytest.param(True, "may have been", id="later")],
)
def test_a_bypassing_merge_whose_answer_is_lost_is_said_all_the_same(hub: Hub, killed: bool, says: str) -> None:
    hub.server.ruleset(hub.name, "main", {"robot": "pull_requests_only"}, reviews=1)
    pull = hub.proposed()
    hub.server.fault("PUT .*/merge$", "cut_after")
    answer = hub.forge.merge(pull, pull.head)
    if killed:
        hub.start()
        answer = hub.forge.merge(pull, pull.head)

    assert isinstance(answer, Merged) and says in answer.bypassed
    assert [each.method for each in hub.server.writes if each.path.endswith("/merge")] == ["PUT"]


def test_what_a_person_merged_past_the_rules_is_no_bypass_of_ours(hub: Hub) -> None:
    hub.server.ruleset(hub.name, "main", {"robot": "pull_requests_only", "ada": "always"}, reviews=1)
    pull = hub.proposed()
    hub.server.merge_by_person(hub.name, pull.number, "ada")

    assert hub.forge.merge(pull, pull.head) == Merged(hub.base)


def test_what_a_ruleset_asks_for_is_waited_for_by_name(hub: Hub) -> None:
    hub.server.allow(hub.name, merge_methods=["squash"], auto_merge=True)
    hub.server.ruleset(hub.name, "main", required_checks=["ci"])
    pull = hub.proposed()

    answer = hub.forge.merge(pull, pull.head)

    assert isinstance(answer, Blocked) and answer.waiting and answer.by.startswith("the required check ci, which has not reported yet")
