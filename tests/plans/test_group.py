"""Groups on real repositories: what goes along, why, and what stays as it was."""

from __future__ import annotations

import pytest

from bot.objections import Weight, heaviest
from bot.plans.joined import of_wave, waves
from bot.plans.make import make
from bot.plans.plan import ByCommit, ByPath, ByService, Plan, Unplanned

PLACES = {name: f"apps/{name}/overlays/prod/deployment.yaml" for name in ("checkout", "payments", "web", "catalog")}
CHECKOUT, PAYMENTS, WEB, CATALOG = PLACES.values()


def deployment(name: str, tag: str, **annotations: str) -> str:
    said = "".join(f"    rollbot.dev/{key.replace('_', '-')}: {value!r}\n" for key, value in annotations.items())
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n"
        + (f"  annotations:\n{said}" if said else "")
        + f"spec:\n  template:\n    spec:\n      containers:\n        - name: {name}\n          image: shop/{name}:{tag}\n"
    )


def release(name: str, tag: str, **annotations: str) -> dict[str, str]:
    return {PLACES[name]: deployment(name, tag, **annotations)}


def planned(answer: Plan | Unplanned) -> Plan:
    assert isinstance(answer, Plan), answer
    return answer


def moves(plan: Plan) -> dict[str, tuple[str, str]]:
    return {edit.artefact.rpartition("/")[2]: (edit.before, edit.after) for edit in plan.edits}


def said(plan: Plan, code: str) -> list[tuple[str, str | None, int | None]]:
    return [(each.why, each.path, each.line) for each in plan.objections if each.code == code]


def test_what_the_target_needs_goes_along(tell):
    state = tell(
        release("payments", "2.4.0") | release("checkout", "2.7.0", requires="payments <3"),
        release("payments", "3.0.0"),
        release("checkout", "2.8.0", requires="payments >=3"),
    )

    plan = planned(make(ByService("checkout", "prod"), state))

    assert moves(plan) == {"checkout": ("2.8.0", "2.7.0"), "payments": ("3.0.0", "2.4.0")}
    assert [str(ref) for ref in plan.services] == ["prod/checkout", "prod/payments"]
    assert (plan.undone_version, plan.target.version) == ("2.8.0", "2.7.0")
    assert said(plan, "goes-along") == [
        (f"prod/payments goes along, 3.0.0 → 2.4.0: prod/checkout needs payments <3 ({CHECKOUT}:6)", CHECKOUT, 6)
    ]
    assert plan.files[CHECKOUT] == deployment("checkout", "2.7.0", requires="payments <3").encode()
    assert plan.files[PAYMENTS] == deployment("payments", "2.4.0").encode()


def test_what_needs_the_release_that_goes_back_goes_along(tell):
    """A needs B's new version: B is bad, so A goes back too."""
    state = tell(
        release("payments", "2.4.0") | release("checkout", "2.7.0"),
        release("payments", "3.0.0"),
        release("checkout", "2.8.0", requires="payments >=3"),
    )

    plan = planned(make(ByService("payments", "prod"), state))

    assert moves(plan) == {"payments": ("3.0.0", "2.4.0"), "checkout": ("2.8.0", "2.7.0")}
    assert heaviest(plan.objections) in (None, Weight.NOTE)


def test_a_service_is_left_alone_where_another_target_costs_less_than_taking_it_along(tell):
    state = tell(
        release("payments", "2.4.0") | release("checkout", "2.6.0"),
        release("checkout", "2.7.0", requires="payments <3"),
        release("payments", "3.0.0", rollback_with="web") | release("web", "1.0"),
        release("web", "1.1"),
        release("checkout", "2.8.0"),
    )

    usual, named = (planned(make(ByService("checkout", "prod"), state, to=to)) for to in (None, "2.7.0"))

    assert moves(usual) == {"checkout": ("2.8.0", "2.6.0")}
    assert said(usual, "another-target")[0][1:] == (CHECKOUT, 6)
    assert set(moves(named)) == {"checkout", "payments", "web"}


def test_rollback_with_goes_along(tell):
    state = tell(
        release("web", "1.0") | release("checkout", "2.7.0"),
        release("checkout", "2.8.0", rollback_with="web") | release("web", "1.1"),
    )

    plan = planned(make(ByService("checkout", "prod"), state))

    assert moves(plan) == {"checkout": ("2.8.0", "2.7.0"), "web": ("1.1", "1.0")}
    assert said(plan, "goes-along")[0][0].endswith(f"prod/checkout says that prod/web goes back with it ({CHECKOUT}:6)")


def test_a_release_train_goes_back_in_the_parts_that_are_tied(tell):
    state = tell(
        {path: deployment(name, "1.0") for name, path in PLACES.items()},
        {path: deployment(name, "1.1", **({"requires": "payments >=1.1"} if name == "web" else {})) for name, path in PLACES.items()},
    )

    part, whole = planned(make(ByService("payments", "prod"), state)), planned(make(ByCommit("HEAD"), state))

    assert set(moves(part)) == {"payments", "web"}
    assert set(moves(whole)) == set(PLACES)


def test_services_of_other_environments_are_none_of_its_business(tell):
    staging = {path.replace("/prod/", "/staging/"): deployment("checkout", "9", requires="payments >=3") for path in [CHECKOUT]}
    state = tell(release("payments", "2.4.0") | staging, release("payments", "3.0.0"))

    assert set(moves(planned(make(ByService("payments", "prod"), state)))) == {"payments"}


@pytest.mark.parametrize(
    ("annotations", "code", "says"),
    [
        pytest.param({"requires": "payments ^2"}, "unreadable-requirement", "expected `>=`", id="does not parse"),
        pytest.param({"requires": "nobody >=2"}, "unknown-requirement", "there is no such service in prod", id="nobody"),
        pytest.param({"requires": "payments >=3 <2"}, "contradicting-requirements", "a declaration cannot be met", id="contradicts itself"),
        pytest.param({"requires": "payments >=4"}, "contradicting-requirements", "a declaration cannot be met", id="never there"),
        pytest.param({"requires": "web >=1"}, "circular-requirements", "prod/checkout → prod/web → prod/checkout", id="circular"),
        pytest.param({"requires": "checkout >=1"}, "circular-requirements", "prod/checkout → prod/checkout", id="of itself"),
        pytest.param({"rollback_with": "web:"}, "unreadable-requirement", "expected names of services", id="no name"),
        pytest.param({"wave": "first"}, "unreadable-requirement", "whole number", id="no wave"),
    ],
)
def test_bad_declarations_forbid_it_with_file_and_line_and_leave_the_service_as_it_was(tell, annotations, code, says):
    state = tell(
        release("payments", "2.4.0") | release("web", "1.0", requires="checkout >=2") | release("checkout", "2.7.0", **annotations),
        release("checkout", "2.8.0", **annotations),
    )

    plan = planned(make(ByService("checkout", "prod"), state))

    assert heaviest(plan.objections) is Weight.FORBIDS
    first = next(each for each in plan.objections if each.weight is Weight.FORBIDS)
    assert (first.code, first.path, first.line) == (code, CHECKOUT, 6)
    assert says in first.why


def test_a_contradiction_names_exactly_the_declarations_that_make_it(tell):
    state = tell(
        release("payments", "2.4.0") | release("catalog", "1.9") | release("checkout", "2.7.0", requires="payments <3; catalog >=1"),
        release("payments", "3.0.0") | release("web", "1.0", requires="payments >=3"),
        release("checkout", "2.8.0"),
    )

    plan = planned(make(ByService("checkout", "prod"), state, to="2.7.0"))

    assert said(plan, "contradicting-requirement") == [
        ("prod/checkout needs payments <3", CHECKOUT, 6),
        ("prod/web needs payments >=3", WEB, 6),
    ]
    assert "2 declarations contradict each other" in said(plan, "contradicting-requirements")[0][0]


def test_waves_cut_the_group_and_what_would_break_between_them_needs_a_person(tell):
    def estate(payments_wave: str, checkout_wave: str):
        return tell(
            release("payments", "2.4.0") | release("checkout", "2.7.0"),
            release("payments", "3.0.0", wave=payments_wave),
            release("checkout", "2.8.0", requires="payments >=3", wave=checkout_wave),
        )

    state = estate("2", "1")
    plan = planned(make(ByService("payments", "prod"), state))

    assert waves(plan) == (1, 2)
    first, second = (of_wave(plan, wave, state) for wave in (1, 2))
    assert (set(moves(first)), set(moves(second))) == ({"checkout"}, {"payments"})
    assert {**first.files, **second.files} == plan.files
    assert first.key() != second.key()
    assert said(plan, "between-waves") == []


def test_waves_in_the_wrong_order_need_a_person(tell):
    state = tell(
        release("payments", "2.4.0") | release("checkout", "2.7.0"),
        release("payments", "3.0.0", wave="1"),
        release("checkout", "2.8.0", requires="payments >=3", wave="2"),
    )

    plan = planned(make(ByService("payments", "prod"), state))

    [(why, path, _)] = said(plan, "between-waves")
    assert path == CHECKOUT
    assert "after wave 1 prod/checkout 2.8.0 would run beside prod/payments 2.4.0" in why
    assert heaviest(plan.objections) is Weight.PERSON


def test_two_services_in_one_file_go_back_in_one_text(tell):
    def both(checkout: str, payments: str, needs: str) -> dict[str, str]:
        return {"apps/prod/all.yaml": deployment("checkout", checkout, requires=needs) + "---\n" + deployment("payments", payments)}

    state = tell(both("1.0", "1.0", "payments <2"), both("2.0", "2.0", "payments >=2"))

    plan = planned(make(ByService("checkout", "prod"), state))

    assert plan.files == {path: text.encode() for path, text in both("1.0", "1.0", "payments <2").items()}


def test_what_is_named_exactly_is_not_widened_but_told(tell):
    state = tell(
        release("payments", "2.4.0") | release("checkout", "2.7.0"),
        release("payments", "3.0.0"),
        release("checkout", "2.8.0", requires="payments >=3"),
    )

    plan = planned(make(ByPath(PAYMENTS), state))

    assert set(moves(plan)) == {"payments"}
    assert said(plan, "unmet-requirement") == [
        (
            "prod/checkout needs payments >=3, and prod/payments would be 2.4.0; `rollbot rollback payments` takes what fits",
            CHECKOUT,
            6,
        )
    ]


def test_an_unreadable_declaration_of_a_service_that_stays_needs_a_person_where_it_names_the_one_that_goes(tell):
    state = tell(
        release("payments", "2.4.0"),
        release("payments", "3.0.0") | release("web", "1", requires="payments about 3") | release("catalog", "1", requires="web ^1"),
    )

    plan = planned(make(ByService("payments", "prod"), state))

    assert [(each.code, each.path) for each in plan.objections if each.weight is not Weight.NOTE] == [("unreadable-requirement", WEB)]
    assert heaviest(plan.objections) is Weight.PERSON
