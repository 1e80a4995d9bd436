"""What a release declares to need of others: from the manifests of its own time, with file and line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.manifests.rules import GroupRule
from bot.refs import ServiceRef
from bot.releases.needs import declared, needs, said_before, said_now
from bot.releases.ordering import Order
from bot.releases.release import DesiredState

PAYMENTS = "apps/payments/overlays/prod/deployment.yaml"
CHECKOUT = "apps/checkout/overlays/prod/deployment.yaml"
NOTHING = Order()


def deployment(name: str, tag: str, **annotations: str) -> str:
    said = "".join(f"    rollbot.dev/{key.replace('_', '-')}: {value!r}\n" for key, value in annotations.items())
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n"
        + (f"  annotations:\n{said}" if said else "")
        + f"spec:\n  template:\n    spec:\n      containers:\n        - name: {name}\n          image: shop/{name}:{tag}\n"
    )


def needed(state: DesiredState, name: str, *, before: str | None = None):
    [service] = state.estate.named(name, "prod")
    said = said_before(state, service, before) if before else said_now(state, service)
    return needs(state, service.ref, service.primary.value, NOTHING, said)


def test_history_says_what_an_old_release_needed(told):
    told.commit("Release", {PAYMENTS: deployment("payments", "2.0"), CHECKOUT: deployment("checkout", "1.0", requires="payments <3")})
    told.commit("Release", {CHECKOUT: deployment("checkout", "1.0", requires="payments >=2 <3", wave="2")})
    last = told.commit("Release", {CHECKOUT: deployment("checkout", "2.0", requires="payments >=3", rollback_with="payments")})
    state = told.state()

    now, then = needed(state, "checkout"), needed(state, "checkout", before=last)

    assert [(str(each.clause), each.path, each.line) for each in now.requires] == [("payments >=3", CHECKOUT, 6)]
    assert [(each.other.name, each.line) for each in now.along] == [("payments", 7)]
    assert [(str(each.clause), each.line) for each in then.requires] == [("payments >=2 <3", 6)]
    assert (then.along, then.wave, now.wave) == ((), 2, None)
    assert [ref.name for ref in declared(state)] == ["checkout"]


def test_the_configuration_says_it_for_manifests_that_do_not(told):
    text = "groups:\n  - service: other\n    wave: 1\n  - service: check*\n    versions: '>=2'\n    requires: payments >=3\n"
    told.commit("Release", {PAYMENTS: deployment("payments", "2.0"), CHECKOUT: deployment("checkout", "2.0"), ".rollbot.yaml": text})
    rules = (GroupRule("other", wave=1), GroupRule("check*", "prod", ">=2", "payments >=3"))
    state = replace(told.state(), rules=replace(told.state().rules, groups=rules))
    ref = state.estate.named("checkout", "prod")[0].ref

    assert [(each.other.name, each.path, each.line) for each in needs(state, ref, "2.0", NOTHING, ()).requires] == [
        ("payments", ".rollbot.yaml", 4)
    ]
    assert needs(state, ref, "1.9", NOTHING, ()).requires == ()


@pytest.mark.parametrize(
    ("said", "code", "why"),
    [
        ({"requires": "payments ^2"}, "unreadable-requirement", "expected `>=`"),
        ({"requires": "payment >=2"}, "unknown-requirement", "there is no such service in prod (near: prod/payments)"),
        ({"rollback_with": "staging/payments"}, "unknown-requirement", "there is no such service in staging (near: prod/payments)"),
        ({"wave": "first"}, "unreadable-requirement", "whole number"),
    ],
)
def test_what_cannot_be_read_or_names_nobody_is_an_objection_with_file_and_line(told, said, code, why):
    told.commit("Release", {PAYMENTS: deployment("payments", "2.0"), CHECKOUT: deployment("checkout", "2.0", **said)})

    [wrong] = needed(told.state(), "checkout").wrong

    assert (wrong.code, wrong.path, wrong.line) == (code, CHECKOUT, 6)
    assert why in wrong.why


def test_in_a_file_of_several_services_each_document_speaks_for_its_own(told):
    both = deployment("payments", "2.0", wave="1") + "---\n" + deployment("checkout", "1.0", wave="2")
    told.commit("Release", {"apps/prod/all.yaml": both})
    state = told.state()

    assert (needed(state, "payments").wave, needed(state, "checkout").wave) == (1, 2)


def test_what_a_base_declares_counts_in_every_environment(told):
    overlay = "resources: [../../base]\nimages:\n  - name: shop/checkout\n    newTag: '1.0'\n"
    files = {f"apps/checkout/overlays/{place}/kustomization.yaml": overlay for place in ("prod", "staging")}
    base = {"apps/checkout/base/kustomization.yaml": "resources: [deployment.yaml]\n"}
    told.commit("Release", files | base | {"apps/checkout/base/deployment.yaml": deployment("checkout", "x", wave="7")})
    state = told.state()

    assert {ref.environment for ref in declared(state) if ref.name == "checkout"} >= {"prod", "staging"}
    assert ServiceRef(state.repository, "prod", "checkout") in declared(state)
