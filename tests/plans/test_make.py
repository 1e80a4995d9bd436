"""Plans on real repositories: what goes back, what stays, what is said."""

from __future__ import annotations

import pytest

from bot.objections import Weight
from bot.plans.make import make
from bot.plans.plan import ByCommit, ByPath, ByRelease, ByService, Plan, Unplanned
from bot.quarantine import Quarantine

WEB = "apps/web/overlays/prod/deployment.yaml"


def deployment(tag: str, replicas: int = 2, extra: str = "", name: str = "web") -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}  # kept\nspec:\n  replicas: {replicas}\n"
        f"  template:\n    spec:\n      containers:\n        - name: {name}\n"
        f"          image: registry:5000/{name}:{tag}\n{extra}"
    )


def values(tag: str, extra: str = "") -> str:
    return f"image:\n  repository: ghcr.io/x/web\n  tag: {tag}\n{extra}"


def planned(answer: Plan | Unplanned) -> Plan:
    assert isinstance(answer, Plan), answer
    return answer


def codes(answer: Plan | Unplanned) -> set[str]:
    return {objection.code for objection in answer.objections}


def test_a_service_goes_back_to_the_version_before(tell):
    state = tell({WEB: deployment("1.0")}, {WEB: deployment("1.1")}, {WEB: deployment("1.2")})

    plan = planned(make(ByService("web", "prod"), state))

    assert plan.files == {WEB: deployment("1.1").encode()}
    assert [(e.path, e.before, e.after) for e in plan.edits] == [(WEB, "1.2", "1.1")]
    assert [target.version for target in plan.alternatives] == ["1.1", "1.0"]
    assert plan.merged == ()


@pytest.mark.parametrize("text", ["\ufeff" + deployment("1.2"), deployment("1.2").replace("\n", "\r\n"), deployment("1.2") + "\n\n\n"])
def test_no_other_byte_changes(tell, text):
    state = tell({WEB: text.replace("1.2", "1.1")}, {WEB: text})

    plan = planned(make(ByService("web", "prod"), state))

    assert plan.files == {WEB: text.replace("1.2", "1.1").encode()}


def test_companion_lines_go_along_where_they_merge(tell):
    state = tell(
        {WEB: deployment("1.0", extra="      terminationGracePeriodSeconds: 5\n")},
        {WEB: deployment("1.1", extra="      terminationGracePeriodSeconds: 9\n")},
    )

    whole, pins_only = (planned(make(ByService("web", "prod"), state, pins_only=only)) for only in (False, True))

    assert whole.files[WEB] == deployment("1.0", extra="      terminationGracePeriodSeconds: 5\n").encode()
    assert [(m.added, m.removed) for m in whole.merged] == [(1, 1)]
    assert pins_only.files[WEB] == deployment("1.0", extra="      terminationGracePeriodSeconds: 9\n").encode()
    assert pins_only.merged == ()


CLAIM = "---\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\nspec:\n  resources:\n    requests:\n      disk: {}Gi\n"
CRD = "---\nkind: CustomResourceDefinition\nmetadata:\n  name: x\nspec:\n  preferred: {}\n"
SERVICE = "---\nkind: Service\nmetadata:\n  name: web\nspec:\n  clusterIP: {}\n"


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        pytest.param({"replicas": 2}, {"replicas": 5}, "lowers-capacity", id="fewer replicas"),
        pytest.param({"extra": ""}, {"extra": "      hostNetwork: true\n"}, "touches-network", id="network"),
        pytest.param({"extra": ""}, {"extra": "      serviceAccountName: x\n"}, "touches-security", id="security"),
        pytest.param({"extra": "---\nkind: Role\n"}, {"extra": ""}, "objects", id="an object comes back"),
        pytest.param({"extra": CLAIM.format(5)}, {"extra": CLAIM.format(9)}, "volume-claim", id="a volume claim"),
        pytest.param({"extra": CRD.format("v1")}, {"extra": CRD.format("v2")}, "crd", id="a definition of resources"),
        pytest.param({"extra": SERVICE.format("None")}, {"extra": SERVICE.format("1.2.3.4")}, "immutable", id="an immutable field"),
    ],
)
def test_risky_companions_need_a_person(tell, before, after, code):
    state = tell({WEB: deployment("1.0", **before)}, {WEB: deployment("1.1", **after)})

    plan = planned(make(ByService("web", "prod"), state))

    assert [o.weight for o in plan.objections if o.code == code] == [Weight.PERSON]


OVERLAY = "shop/overlays/prod/kustomization.yaml"
BASE = {
    "shop/base/kustomization.yaml": "resources: [web.yaml]\n",
    "shop/base/web.yaml": "kind: StatefulSet\nmetadata: {name: web}\nspec:\n  containers: [{name: a, image: ghcr.io/x/web}]\n",
}


def overlay(version: str, more: str = "") -> str:
    return f"resources: [../../base]\n{more}images:\n  - name: ghcr.io/x/web\n    newTag: {version}\n"


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        pytest.param("", "", "stateful", id="the image of a stateful set in the base"),
        pytest.param("namePrefix: a-\n", "namePrefix: b-\n", "immutable", id="other names"),
        pytest.param("components: [../x]\n", "components: [../x, ../y]\n", "objects", id="other objects"),
    ],
)
def test_what_a_kustomization_builds_needs_a_person(tell, before, after, code):
    state = tell({**BASE, OVERLAY: overlay("1.0", before)}, {OVERLAY: overlay("1.1", after)})

    plan = planned(make(ByService("web", "prod"), state))

    assert [o.weight for o in plan.objections if o.code == code] == [Weight.PERSON]


def test_a_chart_that_nobody_rendered_needs_a_person(tell):
    release = "kind: HelmRelease\nmetadata: {{name: web, namespace: prod}}\nspec: {{chart: {{spec: {{chart: web, version: {}}}}}}}\n"
    state = tell({"clusters/prod/web.yaml": release.format("1.0.0")}, {"clusters/prod/web.yaml": release.format("1.1.0")})

    plan = planned(make(ByService("web", "prod"), state))

    assert [o.weight for o in plan.objections if o.code == "chart-unrendered"] == [Weight.PERSON]


def test_more_replicas_are_no_risk(tell):
    state = tell({WEB: deployment("1.0", replicas=5)}, {WEB: deployment("1.1", replicas=2)})

    assert "lowers-capacity" not in codes(make(ByService("web", "prod"), state))


def test_a_place_takes_its_version_only(tell):
    before = values("1.0", "sidecar:\n  image:\n    repository: ghcr.io/x/proxy\n    tag: 7.0\nlevel: info\n")
    after = values("1.1", "sidecar:\n  image:\n    repository: ghcr.io/x/proxy\n    tag: 7.1\nlevel: debug\n")
    state = tell({"web/values.yaml": before}, {"web/values.yaml": after})

    plan = planned(make(ByPath("web/values.yaml", artefact="ghcr.io/x/web"), state))

    assert plan.files == {"web/values.yaml": after.replace("1.1", "1.0", 1).encode()}
    assert [o.weight for o in plan.objections if o.code == "left-behind"] == [Weight.NOTE]


def test_all_places_that_were_asked_for_go(tell):
    pair = "{}---\n{}"
    state = tell(
        *({WEB: pair.format(deployment(tag), deployment(tag).replace("name: web  #", "name: web-jobs  #"))} for tag in ("1.0", "1.1"))
    )

    both = planned(make(ByPath(WEB, value="1.1"), state))

    assert [edit.after for edit in both.edits] == ["1.0", "1.0"]


def test_tag_and_digest_go_together(tell):
    old, new = "sha256:" + "a" * 64, "sha256:" + "b" * 64
    state = tell({"web/values.yaml": values("1.0", f"  digest: {old}\n")}, {"web/values.yaml": values("1.1", f"  digest: {new}\n")})

    plan = planned(make(ByPath("web/values.yaml", value="1.1"), state))

    assert plan.files == {"web/values.yaml": values("1.0", f"  digest: {old}\n").encode()}


def test_a_line_returns_as_it_was_written(tell):
    state = tell({"web/values.yaml": values("6.0")}, {"web/values.yaml": values("v6.1")})

    plan = planned(make(ByPath("web/values.yaml", value="v6.1"), state))

    assert plan.files == {"web/values.yaml": values("6.0").encode()}


def test_other_services_of_the_commit_stay(tell):
    shop = "apps/shop/overlays/prod/deployment.yaml"
    state = tell(
        {WEB: deployment("1.0"), shop: deployment("3.0", name="shop")},
        {WEB: deployment("1.1"), shop: deployment("3.1", name="shop")},
    )

    plan = planned(make(ByService("web", "prod"), state))

    assert set(plan.files) == {WEB}


def test_a_named_target_goes_past_what_lies_between(tell):
    state = tell(*({WEB: deployment(tag)} for tag in ("1.0", "1.1", "1.2", "1.3")))

    plan = planned(make(ByService("web", "prod"), state, to="1.0"))

    assert plan.files == {WEB: deployment("1.0").encode()}
    assert plan.target is not None
    assert plan.target.version == "1.0"


def test_what_was_rolled_back_from_is_not_chosen(tell):
    state = tell(*({WEB: deployment(tag)} for tag in ("1.0", "1.1", "1.2", "1.1", "1.3")))
    back = tell_target(make(ByService("web", "prod"), state))

    assert back == "1.1"


def test_a_bad_one_that_came_back_is_skipped(tell):
    state = tell(*({WEB: deployment(tag)} for tag in ("1.0", "1.1", "1.2", "1.1")))

    assert tell_target(make(ByService("web", "prod"), state)) == "1.0"


def tell_target(answer: Plan | Unplanned) -> str:
    target = planned(answer).target
    assert target is not None
    return target.version


def test_a_quarantined_version_is_no_target(tell):
    state = tell(*({WEB: deployment(tag)} for tag in ("1.0", "1.1", "1.2")))
    pin = state.readings[(WEB, state.tree[WEB])].pins[0]
    place = (WEB, pin.yaml_path, pin.artefact, "1.1")
    held = Quarantine("prod", "web", "1.1", "ab", "cd", (place,), "bad", "ann", "i", 0.0, 9e9)

    assert tell_target(make(ByService("web", "prod"), state, quarantines=(held,))) == "1.0"
    assert codes(make(ByService("web", "prod"), state, to="1.1", quarantines=(held,))) == {"quarantined-target"}


def test_a_short_lived_target_is_said_to_be_unsure(tell):
    state = tell(*({WEB: deployment(tag)} for tag in ("1.0", "1.1", "1.2")), step=600)

    assert "unsure-target" in codes(make(ByService("web", "prod"), state))


@pytest.mark.parametrize(
    ("selector", "to", "code", "choice"),
    [
        pytest.param(ByService("wep"), None, "unknown-service", "web", id="a misspelt service"),
        pytest.param(ByService("web", "staging"), None, "unknown-service", "prod/web", id="another environment"),
        pytest.param(ByService("web", "prod"), "9.9", "unknown-version", "1.0 (the version before this one, served 24 h)", id="version"),
        pytest.param(ByService("web", "prod"), "1.1", "already-there", None, id="the value it has"),
        pytest.param(ByPath("apps/web/overlays/prod/deploymnt.yaml"), None, "unknown-path", WEB, id="a misspelt path"),
        pytest.param(ByCommit("0000000"), None, "unknown-commit", None, id="no such commit"),
    ],
)
def test_what_cannot_be_planned_says_why_and_what_could(tell, selector, to, code, choice):
    state = tell({WEB: deployment("1.0")}, {WEB: deployment("1.1")})

    answer = make(selector, state, to=to)

    assert isinstance(answer, Unplanned)
    assert codes(answer) == {code}
    assert choice is None or any(choice in offered for offered in answer.choices)


def test_an_exact_place_may_go_where_it_never_was_with_a_person(tell):
    state = tell({"web/values.yaml": values("1.0")}, {"web/values.yaml": values("1.1")})

    plan = planned(make(ByPath("web/values.yaml"), state, to="0.9"))

    assert plan.files == {"web/values.yaml": values("0.9").encode()}
    assert [o.weight for o in plan.objections if o.code == "never-held"] == [Weight.PERSON]


def test_a_commit_is_undone_beneath_later_changes(tell):
    files = [
        {WEB: deployment("1.0", extra="# end\n")},
        {WEB: deployment("1.1", extra="# end\n")},
        {WEB: deployment("1.1", extra="# END\n")},
    ]
    state = tell(*files)

    plan = planned(make(ByCommit(state.log[1].sha), state))

    assert plan.files == {WEB: deployment("1.0", extra="# END\n").encode()}


def test_a_pin_goes_back_even_where_lines_conflict(tell):
    state = tell(
        {WEB: deployment("1.0")},
        {WEB: deployment("1.1")},
        {
            WEB: deployment("1.1")
            .replace("          image:", "          imagePullPolicy: Always\n          image:")
            .replace("# kept", "# kept!")
        },
    )

    plan = planned(make(ByCommit(state.log[1].sha), state))

    assert b"web:1.0\n" in (plan.files[WEB] or b"")
    assert b"imagePullPolicy: Always" in (plan.files[WEB] or b"")


def test_what_has_moved_on_stays_and_is_said(tell):
    state = tell({WEB: deployment("1.0")}, {WEB: deployment("1.1")}, {WEB: deployment("1.2")})

    answer = make(ByCommit(state.log[1].sha), state)

    assert isinstance(answer, Unplanned)
    assert codes(answer) == {"moved-on"}


def test_undoing_a_new_file_deletes_it_with_a_person(tell):
    state = tell({WEB: deployment("1.0")}, {"apps/web/overlays/prod/extra.yaml": "kind: ConfigMap\n"})

    plan = planned(make(ByCommit(state.log[0].sha), state))

    assert plan.files == {"apps/web/overlays/prod/extra.yaml": None}
    assert [o.weight for o in plan.objections if o.code == "deletes-file"] == [Weight.PERSON]


def test_a_secret_is_never_touched(tell):
    secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  token: {}\n"
    state = tell({WEB: deployment("1.0"), "s.yaml": secret.format("aaa")}, {WEB: deployment("1.1"), "s.yaml": secret.format("bbb")})

    plan = planned(make(ByCommit(state.log[0].sha), state))

    assert set(plan.files) == {WEB}
    assert "secret" in codes(plan)
    assert not any("aaa" in str(o) or "bbb" in str(o) for o in plan.objections)


def test_a_release_named_by_its_commit_goes_back_with_all_after_it(tell):
    state = tell(*({WEB: deployment(tag)} for tag in ("1.0", "1.1", "1.2")))
    service = state.estate.named("web", "prod")[0]

    plan = planned(make(ByRelease(service.ref, state.log[1].sha), state))

    assert plan.files == {WEB: deployment("1.0").encode()}
    assert plan.undone == state.log[1].sha


def test_a_configuration_release_is_undone_for_its_service(tell):
    state = tell({WEB: deployment("1.0", extra="# a\n")}, {WEB: deployment("1.0", extra="# b\n")})
    service = state.estate.named("web", "prod")[0]

    plan = planned(make(ByRelease(service.ref, state.log[0].sha), state))

    assert plan.files == {WEB: deployment("1.0", extra="# a\n").encode()}


def test_a_file_that_a_person_rewrote_needs_a_person(tell):
    grown = deployment("1.1", extra="".join(f"# line {n}\n" for n in range(40)))
    state = tell({WEB: deployment("1.0")}, {WEB: deployment("1.1")}, {WEB: grown})

    plan = planned(make(ByService("web", "prod"), state))

    assert [o.weight for o in plan.objections if o.code == "rewritten"] == [Weight.PERSON]


def test_our_rollback_goes_no_further_back_unless_a_version_is_named(tell):
    ours = "Roll back web\n\nRollback-Service: web\nRollback-Incident: prod-web-1\n"
    state = tell({WEB: deployment("1.0")}, {WEB: deployment("1.1")}, {WEB: deployment("1.2")}, (ours, {WEB: deployment("1.1")}))

    again, named = make(ByService("web", "prod"), state), make(ByService("web", "prod"), state, to="1.0")

    assert codes(again) == {"is-rollback"}
    assert planned(named).files == {WEB: deployment("1.0").encode()}


def test_releases_that_came_after_need_a_person(tell):
    state = tell(*({WEB: deployment(tag)} for tag in ("1.0", "1.1", "1.2")))
    service = state.estate.named("web", "prod")[0]

    plan = planned(make(ByRelease(service.ref, state.log[1].sha), state))

    assert [o.weight for o in plan.objections if o.code == "newer-releases"] == [Weight.PERSON]


def test_the_key_is_the_rollbacks_own(tell):
    history = [{WEB: deployment("1.0")}, {WEB: deployment("1.1")}]
    state = tell(*history, {"README": "later\n"})
    plan = planned(make(ByService("web", "prod"), state))

    assert plan.key() == plan.key(1)
    assert plan.key() != plan.key(2)
