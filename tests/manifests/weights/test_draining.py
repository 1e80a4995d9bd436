"""Draining: the bad side gets nothing, the sum stays, every other byte stays, and all of it comes back; or an objection with its line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.manifests.weights.draining import Drained, drain, restore, routed, share_of
from bot.objections import Objection, Weight

WEIGHT = st.integers(0, 1000)
NAMES = ["web-a", "web-b", "web-c", "web-d"]
SPACE = st.sampled_from([" ", "  ", "\t", " "])
COMMENT = st.sampled_from(["", " # why", "  # 90 → 10, é", " # weight: 5"])
QUOTE = st.sampled_from(["", "", "'", '"'])
HEADS = {
    "gateway": "apiVersion: gateway.networking.k8s.io/v1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n  rules:\n",
    "istio": "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: web}}\nspec:\n  http:\n",
    "traefik": "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {{name: web}}\nspec:\n  routes:\n",
    "smi": "apiVersion: split.smi-spec.io/v1alpha4\nkind: TrafficSplit\nmetadata: {{name: web}}\nspec:\n",
    "rollouts": "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: web}}\nspec:\n  strategy:\n    canary:\n      steps:\n",
    "nginx": "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  annotations:\n",
}


@st.composite
def weight_line(draw: st.DrawFn, weight: int, key: str = "weight") -> str:
    quote = draw(QUOTE)
    return f"{key}:{draw(SPACE)}{quote}{weight}{quote}{draw(COMMENT)}"


@st.composite
def shares(draw: st.DrawFn, kind: str) -> list[tuple[str, int]]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=4, unique=True))
    weights = draw(st.lists(WEIGHT, min_size=len(names), max_size=len(names)))
    if kind == "istio":  # in percent
        cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=len(names) - 1, max_size=len(names) - 1)))
        weights = [after - before for before, after in zip([0, *cuts], [*cuts, 100], strict=True)]
    return list(zip(names, weights, strict=True))


@st.composite
def listed(draw: st.DrawFn, kind: str, pairs: list[tuple[str, int]], indent: str) -> str:
    lines = []
    for name, weight in pairs:
        line = draw(weight_line(weight))
        first = {"istio": f"destination: {{host: {name}}}", "smi": f"service: {name}"}.get(kind, f"name: {name}")
        two = [first, line] if draw(st.booleans()) else [line, first]
        lines += [f"{indent}- {two[0]}", f"{indent}  {two[1]}"]
        lines += [""] * draw(st.integers(0, 1))
    return "\n".join(lines) + "\n"


@st.composite
def routes(draw: st.DrawFn) -> tuple[bytes, list[list[tuple[str, int]]]]:
    """A file of a random kind with its splits in order; what is to be drained is `web-a`."""
    kind = draw(st.sampled_from(sorted(HEADS)))
    text = HEADS[kind].format(kind=draw(st.sampled_from(["HTTPRoute", "GRPCRoute"])))
    if kind == "rollouts":
        weights = draw(st.lists(st.integers(0, 100), min_size=1, max_size=4))
        text += "".join(f"        - {draw(weight_line(weight, 'setWeight'))}\n        - pause: {{}}\n" for weight in weights)
        told = [[("web", weight)] for weight in weights]
    elif kind == "nginx":
        weight = draw(st.integers(0, 100))
        line = draw(weight_line(weight, "nginx.ingress.kubernetes.io/canary-weight"))
        text += f"    nginx.ingress.kubernetes.io/canary: 'true'\n    {line}\n"
        text += "spec:\n  rules:\n    - http:\n        paths:\n          - backend: {service: {name: web-a}}\n"
        told = [[("web-a", weight)]]
    else:
        told = [draw(shares(kind)) for _ in range(1 if kind == "smi" else draw(st.integers(1, 3)))]
        key = {"gateway": "backendRefs", "istio": "route", "traefik": "services", "smi": "backends"}[kind]
        for pairs in told:
            start, indent = ("  ", "    ") if kind == "smi" else ("    - ", "        ")
            text += f"{start}{key}:\n" + draw(listed(kind, pairs, indent))
    text += draw(st.sampled_from(["", "---\nkind: ConfigMap\ndata: {weight: '10'}\n", "# the end"]))
    file = text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))).encode()
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + file, told


@settings(max_examples=300, deadline=None)
@given(routes())
def test_the_sum_stays_and_all_of_it_comes_back(route: tuple[bytes, list[list[tuple[str, int]]]]) -> None:
    file, told = route
    bad = "web" if told[0][0][0] == "web" else "web-a"

    answer = drain(file, "route.yaml", [bad])

    if isinstance(answer, Objection):
        assert answer.code in {"no-route", "already-drained", "weights-sum", "weights-unclear"}
        assert answer.path == "route.yaml"
        assert answer.line
        return
    assert share_of(answer.text, "route.yaml", bad) == 0
    for before, after in zip(routed(file, "route.yaml", [bad]), routed(answer.text, "route.yaml", [bad]), strict=True):
        assert [share.backend for share in before.shares] == [share.backend for share in after.shares]
        assert before.rest or sum(share.weight for share in before.shares) == sum(share.weight for share in after.shares)
        assert all(old.weight <= new.weight for old, new in zip(before.shares, after.shares, strict=True) if old.backend != bad)
    assert _without(file, [shift.line for shift in answer.shifts]) == _without(answer.text, [shift.line for shift in answer.shifts])
    assert restore(answer.text, "route.yaml", answer.shifts) == file


def _without(file: bytes, lines: list[int]) -> list[bytes]:
    return [line for number, line in enumerate(file.split(b"\n"), 1) if number not in lines]


HTTP = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  rules:
    - backendRefs:
"""
ISTIO = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  http:
    - route:
"""
NGINX = """\
kind: Ingress
metadata:
  annotations:
    nginx.ingress.kubernetes.io/canary: "true"
    nginx.ingress.kubernetes.io/canary-weight: "30"
    nginx.ingress.kubernetes.io/canary-weight-total: "20"
spec: {defaultBackend: {service: {name: canary}}}
"""
ROLLOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: canary}
spec: {strategy: {canary: {steps: [
  {setWeight: 20},
  {pause: {duration: 1h}}]}}}
"""


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        pytest.param(HTTP + "        - {name: canary, weight: 10}\n", "one-backend", 6, id="one backend"),
        pytest.param(HTTP + "        - {name: canary}\n", "one-backend", 6, id="one backend without a weight"),
        pytest.param(
            HTTP + "        - {name: canary, weight: 10}\n        - {name: canary, port: 2, weight: 1}\n",
            "one-backend",
            6,
            id="the same twice",
        ),
        pytest.param(HTTP + "        - {name: stable}\n        - {name: canary, weight: 1}\n", "weights-unreadable", 7, id="not written"),
        pytest.param(
            HTTP + "        - {name: stable, weight: 9}\n        - {name: canary, weight: ten}\n", "weights-unreadable", 8, id="no number"
        ),
        pytest.param(
            HTTP + "        - {name: stable, weight: 9}\n        - {name: canary, weight: 0.5}\n", "weights-unreadable", 8, id="half"
        ),
        pytest.param(
            HTTP + "        - {name: stable, weight: 9}\n        - {name: canary, weight: -1}\n", "weights-unreadable", 8, id="negative"
        ),
        pytest.param(
            HTTP + "        - {name: stable, weight: 9}\n        - {name: canary, weight: 010}\n",
            "weights-unreadable",
            8,
            id="octal or not",
        ),
        pytest.param(
            HTTP + "        - {name: stable, weight: &w 9}\n        - {name: canary, weight: *w}\n", "weights-unreadable", 7, id="alias"
        ),
        pytest.param(
            HTTP + "        - name: stable\n          weight: {{ .Values.stable }}\n        - {name: canary, weight: 1}\n",
            "weights-unreadable",
            8,
            id="template",
        ),
        pytest.param(
            HTTP + "        - {name: stable, weight: 9}\n        - {name: canary, weight: '${CANARY}'}\n",
            "weights-unreadable",
            8,
            id="filled in by Flux",
        ),
        pytest.param(
            HTTP + "        - {name: stable, weight: 0}\n        - {name: canary, weight: 0}\n", "weights-sum", 6, id="all nothing"
        ),
        pytest.param(
            HTTP + "".join(f"        - {{name: {name}, weight: {weight}}}\n" for name, weight in (("a", 0), ("b", 0), ("canary", 5))),
            "weights-unclear",
            6,
            id="nobody says who takes it",
        ),
        pytest.param(
            ISTIO + "        - {destination: {host: stable}, weight: 80}\n        - {destination: {host: canary}, weight: 10}\n",
            "weights-sum",
            6,
            id="not a hundred percent",
        ),
        pytest.param(NGINX, "weights-sum", 5, id="more than the total"),
        pytest.param(ROLLOUT, "weights-pass", 5, id="nothing holds the rollout"),
        pytest.param("kind: Deployment\n", "no-route", 1, id="no route"),
        pytest.param("kind: [", "no-route", 1, id="no YAML"),
    ],
)
def test_what_is_not_certain_is_an_objection_with_its_line(text: str, code: str, line: int) -> None:
    answer = drain(text.encode(), "apps/route.yaml", ["canary"])

    assert isinstance(answer, Objection)
    assert (answer.code, answer.path, answer.line, answer.weight) == (code, "apps/route.yaml", line, Weight.FORBIDS)


def test_a_chart_s_template_is_an_objection() -> None:
    text = "# {{ .Values.x }}\n" + HTTP + "        - {name: canary, weight: 10}\n"

    answer = drain(text.encode(), "chart/templates/route.yaml", ["canary"])

    assert isinstance(answer, Objection)
    assert (answer.code, answer.line) == ("weights-template", 3)


def test_other_routes_of_the_file_stay_whatever_is_wrong_with_them() -> None:
    wrong = HTTP + "        - {name: other, weight: ten}\n"
    file = (HTTP + "        - {name: stable, weight: 1}\n        - {name: canary, weight: 1}\n---\n" + wrong).encode()

    answer = drain(file, "route.yaml", ["canary"])

    assert isinstance(answer, Drained)
    assert answer.text.decode() == file.decode().replace("stable, weight: 1", "stable, weight: 2").replace(
        "canary, weight: 1", "canary, weight: 0"
    )


def test_a_weight_that_somebody_set_since_is_left_alone() -> None:
    file = (HTTP + "        - {name: stable, weight: 1}\n        - {name: canary, weight: 1}\n").encode()
    drained = drain(file, "route.yaml", ["canary"])
    assert isinstance(drained, Drained)

    answer = restore(drained.text.replace(b"weight: 0", b"weight: 3"), "route.yaml", drained.shifts)

    assert isinstance(answer, Objection)
    assert (answer.code, answer.line) == ("moved-on", 8)


def test_what_is_routed_by_a_header_is_said() -> None:
    text = NGINX.replace('total: "20"', 'total: "100"').replace("spec:", "    nginx.ingress.kubernetes.io/canary-by-cookie: side\nspec:")

    answer = drain(text.encode(), "route.yaml", ["canary"])

    assert isinstance(answer, Drained)
    assert [(caution.code, caution.weight) for caution in answer.cautions] == [("still-routed", Weight.NOTE)]
