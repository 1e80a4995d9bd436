"""Which service an alert speaks of, and whether it may act: tables."""

from __future__ import annotations

import pytest

from bot.incidents.resolve import Resolved, Unresolved, may_act, resolve
from bot.incidents.rules import AlertRule, AlertRules
from bot.manifests.estate import Estate, Service
from bot.manifests.pin import Pin, PinKind
from bot.refs import ServiceRef
from bot.signals.signal import Alert, Status

RULES = AlertRules()


def a_service(
    name: str, environment: str = "prod", *, namespace: str = "", aliases: tuple[str, ...] = (), cluster: str | None = None
) -> Service:
    path = f"{environment}/{name}.yaml"
    pin = Pin(path, 0, "spec.image", 1, 0, 1, "test", PinKind.IMAGE, "Deployment", name, namespace, f"acme/{name}", "1")
    return Service(ServiceRef("r", environment, name, cluster), (pin,), (path,), (), pin, aliases)


def an_alert(severity: str = "critical", name: str = "HighErrorRate", **labels: str) -> Alert:
    return Alert("alertmanager", "k", name, Status.FIRING, labels, {}, severity, 0.0, None, "f", None, 0.0)


SHOP = Estate(
    (
        a_service("checkout", namespace="shop", aliases=("checkout-api", "nginx")),
        a_service("checkout", "staging", namespace="shop", aliases=("checkout-api", "nginx")),
        a_service("cart", namespace="shop", aliases=("nginx",)),
        a_service("billing", namespace="billing"),
        a_service("edge", cluster="prod-eu1"),
        a_service("edge", cluster="prod-us1"),
        a_service("search", "default", namespace="find"),
        a_service("db-0", namespace="data"),
    ),
    {},
)


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        pytest.param({"service": "cart"}, "prod/cart", id="service"),
        pytest.param({"service": "checkout", "environment": "staging"}, "staging/checkout", id="environment label"),
        pytest.param({"service": "checkout", "env": "production"}, "prod/checkout", id="another word for it"),
        pytest.param({"deployment": "checkout-api", "namespace": "shop-prod"}, "prod/checkout", id="alias, environment by namespace"),
        pytest.param({"pod": "cart-7d4b9c6f5-x2x1z"}, "prod/cart", id="pod of a Deployment"),
        pytest.param({"pod": "cart-0"}, "prod/cart", id="pod of a StatefulSet"),
        pytest.param({"pod": "db-0"}, "prod/db-0", id="a name that only looks like a pod's"),
        pytest.param({"pod": "cart-28391234-abcde"}, "prod/cart", id="pod of a CronJob"),
        pytest.param({"pod": "cart-x7k2p"}, "prod/cart", id="pod of a DaemonSet"),
        pytest.param({"pod": "cart-7d4b9c6f5-x2x1z", "container": "istio-proxy"}, "prod/cart", id="a sidecar's container says nothing"),
        pytest.param({"pod": "cart-7d4b9c6f5-x2x1z", "container": "nginx"}, "prod/cart", id="a common container only narrows"),
        pytest.param({"job": "shop/cart"}, "prod/cart", id="scrape job with its namespace"),
        pytest.param({"job": "kube-state-metrics", "deployment": "cart"}, "prod/cart", id="the scraper is no service"),
        pytest.param(
            {"job": "prom-kube-state-metrics", "service": "billing", "exported_service": "cart"},
            "prod/cart",
            id="exported_* behind an exporter",
        ),
        pytest.param({"job": "shop/cart", "service": "cart", "exported_service": "billing"}, "prod/cart", id="exported_* elsewhere"),
        pytest.param({"service": "edge", "cluster": "prod-us1"}, "prod/prod-us1/edge", id="cluster"),
        pytest.param({"service": "search", "env": "prod"}, "default/search", id="a repository without environments"),
        pytest.param({"namespace": "billing"}, "prod/billing", id="namespace named like the service"),
        pytest.param({"namespace": "find"}, "default/search", id="the only service of its namespace"),
        pytest.param({"service": "cart", "namespace": "billing"}, "prod/cart", id="namespace does not contradict"),
    ],
)
def test_labels_name_exactly_one_service(labels, service):
    found = resolve(an_alert(**labels), SHOP, RULES)

    assert isinstance(found, Resolved), found
    assert str(found.service) == service


@pytest.mark.parametrize(
    ("labels", "candidates", "says"),
    [
        pytest.param({}, [], "none of the labels", id="no labels"),
        pytest.param({"service": "checkout"}, ["prod/checkout", "staging/checkout"], "fits 2 services", id="two environments"),
        pytest.param({"service": "cart", "environment": "staging"}, ["prod/cart"], "none of them in environment staging", id="elsewhere"),
        pytest.param({"service": "cart", "deployment": "billing"}, ["prod/cart", "prod/billing"], "fits 2 services", id="contradiction"),
        pytest.param({"service": "chekout"}, ["prod/checkout", "staging/checkout"], "the nearest names are checkout", id="misspelt"),
        pytest.param(
            {"job": "kube-state-metrics", "pod": "kube-state-metrics-6c9b7d8f4-abcde"}, [], "none of the labels", id="only the scraper"
        ),
        pytest.param({"container": "nginx", "env": "prod"}, ["prod/checkout", "prod/cart"], "fits 2 services", id="a common container"),
        pytest.param({"namespace": "shop", "env": "prod"}, ["prod/checkout", "prod/cart"], "fits 2 services", id="a full namespace"),
        pytest.param({"service": "edge"}, ["prod/prod-eu1/edge", "prod/prod-us1/edge"], "fits 2 services", id="two clusters"),
    ],
)
def test_what_does_not_name_one_service_lists_the_candidates(labels, candidates, says):
    found = resolve(an_alert(**labels), SHOP, RULES)

    assert isinstance(found, Unresolved), found
    assert [str(ref) for ref in found.candidates] == candidates
    assert says in found.why


@pytest.mark.parametrize(
    ("rule", "labels", "service"),
    [
        pytest.param(AlertRule({"team": "a*"}, "cart"), {"team": "alpha", "service": "billing"}, "prod/cart", id="service by rule"),
        pytest.param(
            AlertRule({"team": "*"}, "{app}", "{stage}"),
            {"team": "x", "app": "checkout", "stage": "staging"},
            "staging/checkout",
            id="labels",
        ),
        pytest.param(AlertRule({"source": "alert*"}, "cart"), {}, "prod/cart", id="the system that says it"),
        pytest.param(AlertRule({"source": "flux"}, "cart"), {}, None, id="another system"),
        pytest.param(AlertRule({"alertname": "High*"}, "cart"), {}, "prod/cart", id="its name"),
        pytest.param(
            AlertRule({"team": "x"}, environment="staging"), {"team": "x", "service": "checkout"}, "staging/checkout", id="environment only"
        ),
        pytest.param(AlertRule({"team": "y"}, "billing"), {"team": "x", "service": "cart"}, "prod/cart", id="a rule that does not match"),
        pytest.param(AlertRule({"team": "x"}, "{app}"), {"team": "x"}, None, id="a label that is missing"),
        pytest.param(AlertRule({"team": "x"}, "gone"), {"team": "x"}, None, id="a service that is not there"),
        pytest.param(AlertRule({"team": "x"}, "cart", "staging"), {"team": "x"}, None, id="an environment where it is not"),
    ],
)
def test_rules_go_before_the_defaults(rule, labels, service):
    found = resolve(an_alert(**labels), SHOP, AlertRules(rules=(rule,)))

    assert (str(found.service) if isinstance(found, Resolved) else None) == service


@pytest.mark.parametrize(
    ("labels", "services"),
    [
        pytest.param({"revision": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"}, ["prod/web"], id="the tag is the short commit"),
        pytest.param({"revision": "f95f852bd8fc"}, ["prod/web"], id="short against short"),
        pytest.param({"revision": "f95f853aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, [], id="another commit"),
        pytest.param({"revision": "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a"}, [], id="a digest is no commit"),
        pytest.param({"image": "ghcr.io/acme/web:main-f95f852-1700"}, ["prod/web"], id="an image"),
        pytest.param(
            {"app": "api", "revision": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"}, ["prod/api"], id="a name counts before a commit"
        ),
    ],
)
def test_what_runs_names_the_services_that_pin_it(labels, services):
    def running(name: str, version: str) -> Service:
        pin = Pin(f"{name}.yaml", 0, "spec.image", 1, 0, 1, "test", PinKind.IMAGE, "Deployment", name, "", f"acme/{name}", version)
        return Service(ServiceRef("r", "prod", name), (pin,), (pin.path,), (), pin, ())

    estate = Estate((running("web", "main-f95f852-1700@sha256:" + "0a" * 32), running("api", "1.2.3")), {})

    found = resolve(an_alert(**labels), estate, RULES)

    assert ([str(found.service)] if isinstance(found, Resolved) else [str(ref) for ref in found.candidates]) == services


def test_environments_can_be_renamed():
    rules = AlertRules(environments={"live": "staging"})

    found = resolve(an_alert(service="checkout", env="live"), SHOP, rules)

    assert isinstance(found, Resolved)
    assert found.service.environment == "staging"


@pytest.mark.parametrize(
    ("alert", "rules", "may"),
    [
        pytest.param(an_alert(), RULES, False, id="not opted in"),
        pytest.param(an_alert(rollbot="act"), RULES, True, id="label"),
        pytest.param(an_alert(rollbot="off"), AlertRules(act_by_default=True), False, id="label keeps out"),
        pytest.param(an_alert("warning", rollbot="act"), RULES, False, id="warnings never"),
        pytest.param(an_alert("", rollbot="act"), RULES, True, id="no severity"),
        pytest.param(an_alert(team="x"), AlertRules(rules=(AlertRule({"team": "x"}, act=True),)), True, id="rule"),
        pytest.param(
            an_alert(team="x"), AlertRules(rules=(AlertRule({"team": "x"}, act=False),), act_by_default=True), False, id="rule against"
        ),
        pytest.param(an_alert(), AlertRules(act_by_default=True), True, id="by default"),
        *(
            pytest.param(an_alert(name=name, rollbot="act"), RULES, False, id=name)
            for name in (
                *("Watchdog", "InfoInhibitor", "DatasourceNoData", "KubeNodeNotReady", "NodeFilesystemAlmostOutOfSpace", "HostOutOfMemory"),
                *(
                    "CertManagerCertExpirySoon",
                    "TLSCertificateExpiring",
                    "KubePersistentVolumeFillingUp",
                    "DiskWillFillIn4Hours",
                    "KubeAPIDown",
                ),
            )
        ),
        *(
            pytest.param(an_alert(name=name, rollbot="act"), RULES, True, id=name)
            for name in (
                "HighErrorRate",
                "KubePodCrashLooping",
                "NodejsEventLoopLag",
                "HostnameLookupErrors",
                "CertainRequestsFail",
                "CacheMissLatency",
            )
        ),
    ],
)
def test_which_alerts_may_act(alert, rules, may):
    acting = may_act(alert, rules)

    assert acting.may is may
    assert acting.why


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("a", "a", True),
        ("a", "ab", False),
        ("*", "", True),
        ("a*", "abc", True),
        ("*c", "abc", True),
        ("a*b*c", "a-b-c", True),
        ("a*b*c", "a-c", False),
        ("ab*ba", "aba", False),
        ("*a*", "xay", True),
        ("a.c", "abc", False),
    ],
)
def test_globs_of_rules(pattern, text, fits):
    found = resolve(an_alert(x=text), SHOP, AlertRules(rules=(AlertRule({"x": pattern}, "cart"),)))

    assert isinstance(found, Resolved) is fits
