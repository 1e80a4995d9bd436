"""Whether an older release can live on today's database is a sentence about what was declared; its test is a table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.manifests.rules import DataRule, ManifestRules
from bot.refs import ServiceRef, Sha
from bot.releases.compatibility import Verdict, Way, verdict
from bot.releases.history import history
from bot.releases.schema import range_of
from tests.releases.conftest import Telling

CHECKOUT = ServiceRef("repo", "prod", "checkout")
PATH = "apps/prod/checkout/deployment.yaml"


def a_deployment(version: str, **said: str) -> str:
    notes = "".join(f'\n    rollbot.dev/{key.replace("_", "-")}: "{text}"' for key, text in said.items())
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout{
        f'''
  annotations:{notes}'''
        if notes
        else ""
    }
spec:
  template:
    spec:
      containers:
        - name: checkout
          image: ghcr.io/shop/checkout:{version}
"""


def tell(told: Telling, *releases: dict[str, str]) -> list[Sha]:
    return [told.commit(f"Release {number}", {PATH: a_deployment(f"1.{number}.0", **said)}) for number, said in enumerate(releases)]


def found(told: Telling, undone: Sha, target: Sha, rules: ManifestRules = ManifestRules()) -> Verdict:  # noqa: B008
    state = told.state(rules=rules)
    service = state.service(CHECKOUT)
    assert service
    return verdict(state, service, undone, target)


AT_40: dict[str, str] = {"schema": "40", "runs_on_schema": ">=40 <44"}
STRICT: dict[str, str] = {"schema": "40", "runs_on_schema": ">=40 <42"}
AT_43: dict[str, str] = {"schema": "43"}


@pytest.mark.parametrize(
    ("older", "newer", "way"),
    [
        pytest.param({}, {}, Way.SILENT, id="nothing declared, no sign"),
        pytest.param(AT_40, AT_43 | {"migration": "contract"}, Way.FREE, id="it runs on today's schema, whatever the migration was"),
        pytest.param({"schema": "43"}, AT_43, Way.FREE, id="the same schema"),
        pytest.param({"schema": "40"}, AT_43 | {"migration": "none"}, Way.FREE, id="declared to change nothing"),
        pytest.param({"schema": "40"}, AT_43 | {"migration": "expand"}, Way.EXPAND, id="only added"),
        pytest.param({}, {"migration": "expand"}, Way.EXPAND, id="only added, and no schema is counted"),
        pytest.param(STRICT, AT_43 | {"migration": "expand"}, Way.HELD, id="only added, but the older one says that it does not run on it"),
        pytest.param({"schema": "40"}, AT_43 | {"migration": "contract"}, Way.HELD, id="contract, no down Job"),
        pytest.param(
            {"schema": "40"}, AT_43 | {"migration": "contract", "down_job": "jobs/down.yaml"}, Way.DOWN, id="contract, a down Job"
        ),
        pytest.param(STRICT, AT_43 | {"down_job": "jobs/down.yaml"}, Way.DOWN, id="out of its range, a down Job"),
        pytest.param({"schema": "40"}, AT_43 | {"migration": "irreversible", "down_job": "jobs/down.yaml"}, Way.HELD, id="irreversible"),
        pytest.param({"schema": "40"}, AT_43, Way.UNKNOWN, id="the schema moves and nobody says how"),
        pytest.param({"schema": "40", "runs_on_schema": ">=40"}, {"schema": "cafe"}, Way.UNKNOWN, id="words have no order"),
    ],
)
def test_the_way_back(told: Telling, older: dict[str, str], newer: dict[str, str], way: Way) -> None:
    target, bad = tell(told, older, newer)

    answer = found(told, bad, target)

    assert answer.way is way, answer.why
    assert answer.why


def test_the_worst_of_what_is_crossed_counts(told: Telling) -> None:
    first, _, _, last = tell(told, {"schema": "40"}, AT_43 | {"migration": "irreversible"}, AT_43, {"schema": "44", "migration": "expand"})

    assert found(told, last, first).way is Way.HELD


def test_an_annotation_that_stands_on_is_no_second_migration(told: Telling) -> None:
    contract = AT_43 | {"migration": "contract"}
    _, second, third = tell(told, {"schema": "40"}, contract, contract)

    assert found(told, third, second).way is Way.FREE


def test_a_rollback_takes_the_annotation_back_but_not_the_database(told: Telling) -> None:
    older = {"schema": "40", "runs_on_schema": "40"}
    first, _ = tell(told, older, AT_43 | {"migration": "expand"})
    told.commit("Roll back\n\nRollback-Service: checkout\n", {PATH: a_deployment("1.0.0", **older)})
    bad = told.commit("Release 3", {PATH: a_deployment("1.3.0", **older)})

    answer = found(told, bad, first)

    assert (answer.today, answer.way) == ("43", Way.HELD)


def test_where_our_down_job_left_the_database_is_in_the_trailer(told: Telling) -> None:
    first, _ = tell(told, {"schema": "40", "runs_on_schema": "40"}, AT_43 | {"migration": "contract"})
    back = a_deployment("1.0.0", schema="40", runs_on_schema="40")
    told.commit("Roll back\n\nRollback-Service: checkout\nRollback-Schema: 40\n", {PATH: back})
    bad = told.commit("Release 3", {PATH: back.replace("1.0.0", "1.3.0")})

    answer = found(told, bad, first)

    assert (answer.today, answer.way) == ("40", Way.FREE)


def test_what_the_manifest_does_not_say_the_configuration_does(told: Telling) -> None:
    target, bad = tell(told, {}, {})
    rules = ManifestRules(
        data=(
            DataRule("check*", version="1.1.*", schema="43", migration="contract"),
            DataRule("checkout", version="1.0.*", schema="40"),
            DataRule("other", migration="none"),
        )
    )

    assert found(told, bad, target, rules).way is Way.HELD


def test_what_does_not_parse_is_said_with_its_place_and_counts_as_not_declared(told: Telling) -> None:
    target, bad = tell(told, {}, {"migration": "sort of", "down_job": "../../etc/passwd.yaml", "runs_on_schema": ">=abc"})

    answer = found(told, bad, target)

    assert answer.way in (Way.UNKNOWN, Way.SILENT)
    assert [(each.path, each.line) for each in answer.wrong] == [(PATH, 6), (PATH, 7), (PATH, 8)]


@pytest.mark.parametrize(
    ("files", "sign"),
    [
        pytest.param({PATH: a_deployment("1.1.0").replace("containers:", "initContainers:")}, True, id="its own image before it starts"),
        pytest.param(
            {PATH: a_deployment("1.1.0"), "apps/prod/checkout/job.yaml": "kind: Job\nmetadata: {name: db-migrate}\n"}, True, id="Job"
        ),
        pytest.param(
            {PATH: a_deployment("1.1.0"), "db/migrations/0043_drop.sql": "drop\n"}, True, id="a migration among the changed files"
        ),
        pytest.param({PATH: a_deployment("1.1.0"), "README.md": "migrations\n"}, False, id="nothing of the kind"),
    ],
)
def test_undeclared_is_unknown_where_it_looks_like_a_migration(told: Telling, files: dict[str, str], sign: bool) -> None:
    (target,) = tell(told, {})
    bad = told.commit("Release 1", files)

    answer = found(told, bad, target)

    assert answer.way is (Way.UNKNOWN if sign else Way.SILENT), answer.why


def test_a_service_without_history_is_no_error(told: Telling) -> None:
    (only,) = tell(told, AT_43)

    assert found(told, only, only).way is Way.SILENT
    assert len(history(CHECKOUT, told.state()).releases) == 1


@pytest.mark.parametrize(
    ("text", "schema", "holds"),
    [
        (">=40 <44", "43", True),
        (">=40 <44", "44", False),
        (">= 40, < 44", "40", True),
        ("43", "43", True),
        ("==43 !=42", "42", False),
        (">=20261101_1", "20261102", True),
        (">=2.10", "2.9", False),
        ("=cafe", "cafe", True),
        (">=40", "cafe", None),
    ],
)
def test_a_range(text: str, schema: str, holds: bool | None) -> None:
    found = range_of(text)

    assert found and found.holds(schema) is holds


@pytest.mark.parametrize("text", ["", ">=", "~40", ">=cafe", "40 <", "> = 4", "43;44"])
def test_what_is_no_range(text: str) -> None:
    assert range_of(text) is None


@given(st.text(max_size=40), st.text(max_size=10))
def test_any_text_is_a_range_or_none(text: str, schema: str) -> None:
    found: Any = range_of(text)

    assert found is None or found.holds(schema) in (True, False, None)
