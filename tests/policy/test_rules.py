"""Each rule is a sentence; its test is a table."""

from __future__ import annotations

from dataclasses import replace
from pkgutil import iter_modules
from typing import Any

import pytest

from bot.attribution.onset import Onset
from bot.attribution.rules import AttributionRules
from bot.attribution.suspects import Attribution, Suspect
from bot.objections import Objection, Weight
from bot.policy import rules
from bot.policy.admit import Admitted, Declined, accepted, admit
from bot.policy.case import Case, Made, Past
from bot.policy.decide import Comply, Escalate, Refuse, Rollback, Wait, decide
from bot.policy.rules.table import RULES, objections
from bot.policy.settings import Cap, Each, PolicyRules, Trust
from bot.policy.windows import Freeze, Window
from bot.policy.words import Hold
from bot.quarantine import Quarantine
from bot.refs import ServiceRef, Sha
from bot.releases.release import PinChange, Release

HOUR, DAY = 3600.0, 86_400.0
NOW = 1_000_000.0
CHECKOUT = ServiceRef("git.example/shop", "prod", "checkout")
BAD, OTHER = Sha("b" * 40), Sha("c" * 40)


def a_release(commit: Sha = BAD, version: str = "1.4.0", at: float = NOW - HOUR, **more: Any) -> Release:
    change = PinChange("apps/checkout.yaml", "image", "checkout", "1.3.9", version)
    fields: dict[str, Any] = {"parent": None, "author": "bot", "bot": True, "pull_request": None, "subject": f"Bump to {version}"}
    fields |= {"changes": (change,), "merged": (), "files": ()}
    return Release(service=CHECKOUT, commit=commit, time=at, version=version, **(fields | more))


def a_case(**more: Any) -> Case:
    suspect = Suspect(a_release(), True, "the cluster ran it")
    found = Attribution(Onset(NOW - 600, NOW - 600, "pending"), (suspect,), ())
    case = Case(NOW, CHECKOUT, asked=False, acts=True, confirmed=True, attribution=found, suspect=suspect, release=suspect.release)
    return replace(case, **more)


def past(at: float = NOW - 9 * HOUR, release: Sha = OTHER, identity: str = "") -> Past:
    return Past(release, identity, at, "earlier")


def held(**more: Any) -> Quarantine:
    kept = Quarantine("prod", "checkout", "1.3.9", "r", "c", (), "slow", "ada", "i", NOW - HOUR, NOW + HOUR)
    return replace(kept, **more)


PER_ENVIRONMENT = PolicyRules(caps=(Cap(1, HOUR, Each.ENVIRONMENT, ("prod*",)),))


def made(service: str, environment: str = "prod", at: float = NOW - 600) -> Made:
    return Made(OTHER, at, "earlier", ((service, environment),))


A_WINDOW = Window(start=NOW - HOUR, end=NOW + HOUR, reason="weekend")


def frozen_now(rollbacks: bool = False, **more: Any) -> PolicyRules:
    return PolicyRules(freezes=(Freeze(replace(A_WINDOW, **more), rollbacks),))


def a_hold(**more: Any) -> Hold:
    return replace(Hold("c", "ada", NOW - HOUR, NOW + HOUR), **more)


def suspected(age: float, sure: bool = True) -> dict[str, Any]:
    suspect = Suspect(a_release(at=NOW - age), sure, "why")
    return {"suspect": suspect, "attribution": Attribution(Onset(NOW, NOW, ""), (suspect,), ()), "release": suspect.release}


def test_nothing_speaks_against_the_plain_case() -> None:
    assert objections(a_case()) == ()


@pytest.mark.parametrize(
    ("case", "code", "weight"),
    [
        pytest.param(a_case(past=(past(NOW - 600),)), "cooldown", Weight.PERSON, id="rolled back a moment ago"),
        pytest.param(a_case(past=(past(),)), None, None, id="rolled back long ago"),
        pytest.param(a_case(past=(past(release=BAD),)), "rolled-back-before", Weight.FORBIDS, id="this very release before"),
        pytest.param(
            a_case(past=(past(identity=a_release().identity),)), "rolled-back-before", Weight.FORBIDS, id="the same change released again"
        ),
        pytest.param(a_case(asked=True, past=(past(release=BAD),)), "rolled-back-before", Weight.PERSON, id="but a person asks"),
        pytest.param(a_case(release=a_release(rollback=True)), "is-rollback", Weight.FORBIDS, id="a rollback"),
        pytest.param(a_case(target="1.3.9", quarantines=(held(),)), "quarantined-target", Weight.FORBIDS, id="target in quarantine"),
        pytest.param(a_case(target="1.3.9", quarantines=(held(expires=NOW),)), None, None, id="quarantine expired"),
        pytest.param(a_case(target="1.3.8", quarantines=(held(),)), None, None, id="another target"),
        pytest.param(a_case(target="1.3.9", quarantines=(held(service="cart"),)), None, None, id="another's quarantine"),
        pytest.param(a_case(policy=PolicyRules(frozen=("prod*",))), "frozen", Weight.PERSON, id="frozen environment"),
        pytest.param(a_case(policy=PolicyRules(frozen=("staging",))), None, None, id="another is frozen"),
        pytest.param(a_case(policy=frozen_now()), "frozen", Weight.PERSON, id="in a freeze"),
        pytest.param(a_case(policy=frozen_now(rollbacks=True)), "frozen", Weight.NOTE, id="in a freeze that lets rollbacks through"),
        pytest.param(
            a_case(policy=replace(frozen_now(rollbacks=True), undo_alone=True), undoing=True, release=None),
            "frozen",
            Weight.PERSON,
            id="but no undo",
        ),
        pytest.param(a_case(policy=frozen_now(end=NOW)), None, None, id="a freeze that has ended"),
        pytest.param(a_case(policy=frozen_now(environments=("dev",))), None, None, id="a freeze elsewhere"),
        pytest.param(a_case(policy=frozen_now(environments=("dev",)), reached=("prod", "dev")), "frozen", Weight.PERSON, id="it reaches"),
        pytest.param(a_case(policy=PolicyRules(maintenance=(A_WINDOW,))), "maintenance", Weight.FORBIDS, id="in maintenance"),
        pytest.param(a_case(policy=PolicyRules(maintenance=(A_WINDOW,)), asked=True), "maintenance", Weight.NOTE, id="but a person asks"),
        pytest.param(
            a_case(policy=PolicyRules(maintenance=(replace(A_WINDOW, services=("search",)),))), None, None, id="maintenance of another"
        ),
        pytest.param(a_case(service=replace(CHECKOUT, name="argocd-server")), "protected", Weight.PERSON, id="protected service"),
        pytest.param(a_case(confirmed=None), "unconfirmed", Weight.PERSON, id="nobody confirms"),
        pytest.param(a_case(confirmed=False), "unconfirmed", Weight.PERSON, id="the metrics deny it"),
        pytest.param(a_case(asked=True, confirmed=None, suspect=None), None, None, id="a person needs no alert"),
        pytest.param(a_case(**suspected(HOUR, sure=False)), "live-unknown", Weight.PERSON, id="not known to be live"),
        pytest.param(a_case(**suspected(7 * HOUR)), "old-suspect", Weight.PERSON, id="suspect older than six hours"),
        pytest.param(a_case(**suspected(5 * HOUR)), None, None, id="suspect younger than six hours"),
        pytest.param(a_case(target="1.0.0", releases_back=4), "far-target", Weight.PERSON, id="four releases back"),
        pytest.param(a_case(target="1.1.0", releases_back=3), None, None, id="three releases back"),
        pytest.param(
            a_case(target="1.1.0", releases_back=3, window=AttributionRules(max_releases_back=2)), "far-target", Weight.PERSON, id="as set"
        ),
        pytest.param(a_case(asked=True, target="1.0.0", releases_back=4), None, None, id="a person chose what is far back"),
        pytest.param(a_case(target="1.3.9", target_left=NOW - 15 * DAY), "stale-target", Weight.PERSON, id="has not run for 15 days"),
        pytest.param(a_case(target="1.3.9", target_left=NOW - 13 * DAY), None, None, id="ran 13 days ago"),
        pytest.param(a_case(asked=True, target="1.3.9", target_left=NOW - 15 * DAY), None, None, id="a person chose what is stale"),
        pytest.param(
            a_case(target="1.3.9", target_left=NOW - 15 * DAY, undoing=True, release=None, policy=PolicyRules(undo_alone=True)),
            None,
            None,
            id="an undo goes to what was before",
        ),
        pytest.param(a_case(holds=(a_hold(),)), "held", Weight.FORBIDS, id="somebody said hold"),
        pytest.param(a_case(holds=(a_hold(),), asked=True), "held", Weight.NOTE, id="who asks may past a hold"),
        pytest.param(a_case(holds=(a_hold(service="search"),)), None, None, id="a hold on another service"),
        pytest.param(a_case(holds=(a_hold(until=NOW),)), None, None, id="a hold that has ended"),
        pytest.param(a_case(since=(a_release(OTHER, bot=False),)), "person-at-work", Weight.PERSON, id="a person released since"),
        pytest.param(a_case(since=(a_release(OTHER),)), None, None, id="a bot released since"),
        pytest.param(a_case(fixing=("pull request 7 (fix)",)), "person-at-work", Weight.PERSON, id="a person is about to release"),
        pytest.param(a_case(asked=True, fixing=("pull request 7 (fix)",)), None, None, id="who asks knows of them"),
        pytest.param(a_case(security=("CVE-2026-21345",)), "security-fix", Weight.PERSON, id="it mends a security hole"),
        pytest.param(a_case(asked=True, security=("CVE-2026-21345",)), None, None, id="who asks was told of the hole"),
        pytest.param(a_case(consumers=(replace(CHECKOUT, environment="dev"),)), "shared", Weight.PERSON, id="others run the same lines"),
        pytest.param(a_case(asked=True, consumers=(replace(CHECKOUT, name="x"),)), None, None, id="a person decided for all of them"),
        pytest.param(a_case(made=(made("search"),) * 3), "capped", Weight.PERSON, id="three in the estate within the hour"),
        pytest.param(a_case(made=(made("search"),) * 2), None, None, id="two in the estate within the hour"),
        pytest.param(a_case(made=(made("search", at=NOW - HOUR),) * 3), None, None, id="three in the estate before that"),
        pytest.param(a_case(made=(made("checkout", at=NOW - 23 * HOUR),)), "capped", Weight.PERSON, id="the service this day"),
        pytest.param(a_case(made=(made("checkout", "dev"),)), None, None, id="the service elsewhere"),
        pytest.param(a_case(made=(made("checkout"),), asked=True), None, None, id="a person asks past every cap"),
        pytest.param(a_case(made=(made("search"),), policy=PER_ENVIRONMENT), "capped", Weight.PERSON, id="the environment's own cap"),
        pytest.param(a_case(made=(made("search", "dev"),), policy=PER_ENVIRONMENT), None, None, id="one in another environment"),
        pytest.param(
            a_case(made=(made("search", "dev"),), policy=PER_ENVIRONMENT, reached=("prod", "dev")), None, None, id="caps where they fit"
        ),
        pytest.param(a_case(changed=1), "changed-already", Weight.PERSON, id="second change of the incident"),
        pytest.param(a_case(changed=1, undoing=True, release=None), "undo-proposed", Weight.PERSON, id="an undo is proposed"),
        pytest.param(
            a_case(changed=1, undoing=True, release=None, policy=PolicyRules(undo_alone=True)), None, None, id="an undo that may go alone"
        ),
    ],
)
def test_a_rule(case: Case, code: str | None, weight: Weight | None) -> None:
    found = objections(case)

    assert [(objection.code, objection.weight) for objection in found] == ([(code, weight)] if code else [])


def test_every_rule_is_in_the_table_once() -> None:
    modules = {module.name for module in iter_modules(rules.__path__)} - {"table"}

    assert sorted(rule.__module__.rpartition(".")[2] for rule in RULES) == sorted(modules)


@pytest.mark.parametrize(
    ("case", "decision"),
    [
        pytest.param(a_case(), Rollback, id="a suspect"),
        pytest.param(a_case(asked=True), Comply, id="asked"),
        pytest.param(a_case(holds=(a_hold(),)), Wait, id="held"),
        pytest.param(a_case(policy=PolicyRules(maintenance=(A_WINDOW,))), Wait, id="in maintenance"),
        pytest.param(a_case(acts=False, why_not=("x: no label",)), Wait, id="not opted in"),
        pytest.param(a_case(attribution=Attribution(Onset(NOW, NOW, ""), (), ())), Escalate, id="no release did this"),
        pytest.param(a_case(undone=2), Escalate, id="two were undone"),
        pytest.param(a_case(past=(past(release=BAD),)), Refuse, id="rolled back before"),
        pytest.param(a_case(past=(past(NOW - 60),)), Rollback, id="cooldown leaves it to the plan's admission"),
    ],
)
def test_decide(case: Case, decision: type) -> None:
    assert isinstance(decide(case), decision)


def test_the_newest_suspect_goes_first() -> None:
    newest, older = Suspect(a_release(), True, ""), Suspect(a_release(OTHER, "1.3.9"), True, "")

    decision = decide(a_case(attribution=Attribution(Onset(NOW, NOW, ""), (newest, older), ())))

    assert isinstance(decision, Rollback) and decision.suspect is newest


NOTE, PERSON, FORBIDS = (Objection("x", "why", weight) for weight in Weight)


@pytest.mark.parametrize(
    ("against", "trust", "asked", "mode", "admitted"),
    [
        pytest.param((), Trust.MERGE, False, None, Trust.MERGE, id="trusted"),
        pytest.param((NOTE,), Trust.MERGE, False, None, Trust.MERGE, id="a note stops nothing"),
        pytest.param((PERSON,), Trust.PUSH, False, None, Trust.PROPOSE, id="a person is needed"),
        pytest.param((PERSON,), Trust.OBSERVE, False, None, Trust.OBSERVE, id="never further than trusted"),
        pytest.param((PERSON, FORBIDS), Trust.PUSH, False, None, None, id="forbidden"),
        pytest.param((), Trust.OBSERVE, True, None, Trust.PROPOSE, id="asked, without saying how far"),
        pytest.param((PERSON,), Trust.MERGE, True, None, Trust.PROPOSE, id="asked, without saying how far, a person is needed"),
        pytest.param((PERSON,), Trust.OBSERVE, True, Trust.PUSH, Trust.PUSH, id="asked, and said how far"),
        pytest.param((FORBIDS,), Trust.PUSH, True, Trust.PUSH, None, id="asked for what is forbidden"),
    ],
)
def test_admit(against: tuple[Objection, ...], trust: Trust, asked: bool, mode: Trust | None, admitted: Trust | None) -> None:
    answer = admit(against, trust, asked, mode)

    assert answer == (Declined(against) if admitted is None else Admitted(admitted, against))


def test_what_the_configuration_accepts_is_only_noted() -> None:
    stateful, lowers = Objection("stateful", ""), Objection("lowers-capacity", "")

    assert [each.weight for each in accepted((stateful, lowers), ("stateful",))] == [Weight.NOTE, Weight.PERSON]
