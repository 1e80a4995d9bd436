"""What a drain changes of a plan: the backends behind the bad release, in every route that knows them; or why nothing of it."""

from __future__ import annotations

import pytest

from bot.objections import Objection, Weight
from bot.plans.make import make
from bot.plans.plan import ByService, Plan
from bot.plans.quarantine import keep_out
from bot.plans.traffic import Shifted, shift, with_shift
from bot.policy.traffic import TrafficRules

FOLDER = "apps/web/overlays/prod"
NOTHING = TrafficRules()


def deployment(name: str, tag: str, side: str, kind: str = "Deployment", group: str = "apps/v1") -> str:
    return (
        f"apiVersion: {group}\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n  template:\n    metadata:\n"
        f"      labels: {{app: web, side: {side}}}\n    spec:\n      containers:\n        - name: web\n"
        f"          image: registry:5000/web:{tag}\n"
    )


def service(name: str, side: str) -> str:
    return f"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  selector: {{app: web, side: {side}}}\n"


def route(stable: int, canary: int, names: tuple[str, str] = ("web-main", "web-next"), kind: str = "HTTPRoute") -> str:
    return (
        f"apiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: web\nspec:\n  rules:\n    - backendRefs:\n"
        f"        - name: {names[0]}\n          weight: {stable}\n        - name: {names[1]}\n          weight: {canary}  # careful\n"
    )


def files(tag: str, stable: str = "1.0", **more: str) -> dict[str, str]:
    """The canary's Deployment runs `tag`; the Services are named otherwise than the Deployments."""
    told = {
        "stable.yaml": deployment("web", stable, "stable"),
        "canary.yaml": deployment("web-canary", tag, "canary"),
        "services.yaml": service("web-main", "stable") + "---\n" + service("web-next", "canary"),
        "route.yaml": route(80, 20),
    }
    return {f"{FOLDER}/{name.replace('_', '.')}": text for name, text in {**told, **more}.items()}


def planned(state) -> Plan:
    answer = make(ByService("web-canary", "prod"), state)
    assert isinstance(answer, Plan), answer
    return answer


def test_the_backend_behind_the_bad_release_is_found_by_its_service_and_drained(tell):
    state = tell(files("1.0"), files("1.1"))
    plan = planned(state)

    shifted = shift(plan, state, NOTHING)

    assert isinstance(shifted, Shifted), shifted
    assert shifted.backends == ("web-next",)
    assert shifted.files == {f"{FOLDER}/route.yaml": route(100, 0).encode()}
    assert [(edit.line, edit.before, edit.after) for edit in shifted.edits] == [(9, "80", "100"), (11, "20", "0")]
    both = with_shift(plan, shifted)
    assert set(both.files) == {f"{FOLDER}/route.yaml", f"{FOLDER}/canary.yaml"}
    assert both.key() != plan.key()
    assert [(edit.before, edit.after) for edit in both.moves] == [("1.1", "1.0"), ("80", "100"), ("20", "0")]


def test_no_weight_is_kept_out_with_the_release(tell):
    state = tell(files("1.0"), files("1.1"))
    plan = planned(state)
    shifted = shift(plan, state, NOTHING)
    assert isinstance(shifted, Shifted)

    kept = keep_out(with_shift(plan, shifted), "incident", "it fails", since=0.0, expires=1.0, rules=state.rules)

    assert [edit.path for edit in kept.quarantine] == [
        edit.path for edit in keep_out(plan, "incident", "it fails", since=0.0, expires=1.0, rules=state.rules).quarantine
    ]
    assert all(b"route.yaml" not in (edit.text or b"") for edit in kept.quarantine)


def test_a_route_in_the_same_file_is_drained_on_top_of_what_goes_back(tell):
    def whole(tag: str) -> str:
        return deployment("web-canary", tag, "canary") + "---\n" + route(60, 40, ("web", "web-canary"))

    state = tell({f"{FOLDER}/all.yaml": whole("1.0")}, {f"{FOLDER}/all.yaml": whole("1.1")})
    plan = planned(state)

    shifted = shift(plan, state, NOTHING)

    assert isinstance(shifted, Shifted), shifted
    after = deployment("web-canary", "1.0", "canary") + "---\n" + route(100, 0, ("web", "web-canary"))
    assert with_shift(plan, shifted).files == {f"{FOLDER}/all.yaml": after.encode()}


def test_what_the_configuration_names_is_drained_where_it_says(tell):
    elsewhere = {"edge/routes.yaml": route(1, 3, ("blue", "green"))}
    state = tell({**files("1.0"), **elsewhere}, files("1.1"))

    shifted = shift(planned(state), state, TrafficRules(backends={"web-canary": ("green",)}, routes=("edge/*.yaml",)))

    assert isinstance(shifted, Shifted), shifted
    assert shifted.files == {"edge/routes.yaml": route(4, 0, ("blue", "green")).encode()}


def test_what_is_drained_already_is_only_said(tell):
    state = tell(files("1.0", route_yaml=route(100, 0)), files("1.1", route_yaml=route(100, 0)))

    answer = shift(planned(state), state, NOTHING)

    assert isinstance(answer, Objection)
    assert (answer.code, answer.weight) == ("already-drained", Weight.NOTE)


SUBSETS = """\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec:
  host: web.shop.svc.cluster.local
  subsets:
    - {name: v1, labels: {side: stable}}
    - {name: v2, labels: {side: canary}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  http:
    - route:
        - destination: {host: web, subset: v1}
          weight: 70
        - destination: {host: web, subset: v2}
          weight: 30
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
"""


def test_a_subset_is_found_by_its_destination_rule(tell):
    state = tell(files("1.0", route_yaml=SUBSETS), files("1.1", route_yaml=SUBSETS))

    shifted = shift(planned(state), state, NOTHING)

    assert isinstance(shifted, Shifted), shifted
    assert shifted.backends == ("web/v2",)
    assert shifted.files[f"{FOLDER}/route.yaml"].decode() == SUBSETS.replace("weight: 70", "weight: 100").replace("weight: 30", "weight: 0")


CANARY = """\
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: web}
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: web-canary}
"""


@pytest.mark.parametrize(
    ("more", "code", "line"),
    [
        pytest.param({"stable_yaml": deployment("web", "1.1", "stable")}, "both-sides", 7, id="both sides run it"),
        pytest.param(
            {"services_yaml": service("web-next", "canary") + "---\n" + service("web-main", "canary")}, "one-backend", 7, id="one side"
        ),
        pytest.param({"route_yaml": "kind: ConfigMap\n"}, "no-route", None, id="no route"),
        pytest.param({"flagger_yaml": CANARY}, "controller-owned", 1, id="Flagger owns it"),
        pytest.param(
            {"canary_yaml": deployment("web-canary", "{tag}", "canary", "Rollout", "argoproj.io/v1alpha1")},
            "controller-owned",
            1,
            id="Argo Rollouts owns it",
        ),
        pytest.param(
            {"services_yaml": "kind: Service\nmetadata: {name: web-next}\nspec: {selector: {app: web}}\n"},
            "weights-shared",
            None,
            id="one Service for both",
        ),
        pytest.param({"route_yaml": route(80, 20).replace("20  #", "20%  #")}, "weights-unreadable", 11, id="no number"),
    ],
)
def test_what_is_not_certain_is_not_drained(tell, more, code, line):
    def told(tag: str) -> dict[str, str]:
        return {path: text.replace("{tag}", tag) for path, text in files(tag, **more).items()}

    state = tell(told("1.0"), told("1.1"))

    answer = shift(planned(state), state, NOTHING)

    assert isinstance(answer, Objection)
    assert (answer.code, answer.line) == (code, line)


def test_a_route_of_several_environments_needs_a_person(tell):
    overlay = "resources: [../../base, canary.yaml, stable.yaml, services.yaml]\n"
    told = {path: text for path, text in files("1.0").items() if not path.endswith("route.yaml")}
    shared = {
        "apps/web/base/kustomization.yaml": "resources: [route.yaml]\n",
        "apps/web/base/route.yaml": route(80, 20),
        f"{FOLDER}/kustomization.yaml": overlay,
        "apps/web/overlays/staging/kustomization.yaml": overlay,
        "apps/web/overlays/staging/canary.yaml": deployment("web-canary", "1.0", "canary"),
    }
    state = tell({**told, **shared}, {f"{FOLDER}/canary.yaml": deployment("web-canary", "1.1", "canary")})

    shifted = shift(planned(state), state, TrafficRules(routes=("apps/web/base/*",)))

    assert isinstance(shifted, Shifted), shifted
    assert [(each.code, each.weight, each.path) for each in shifted.objections] == [
        ("shared-route", Weight.PERSON, "apps/web/base/route.yaml")
    ]
