"""An alert's labels → the one service that they name, or the candidates and why it is not one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.incidents.rules import AlertRule, AlertRules
from bot.manifests.estate import Estate, Service
from bot.refs import ImageRef, ServiceRef
from bot.signals.globs import fits
from bot.signals.signal import Alert

MOST_CANDIDATES = 10
OPT_IN = "rollbot"
# Nothing that a release does makes these fire, or they fire by design.
NEVER = re.compile(
    r"Watchdog|DeadMansSwitch|InfoInhibitor|DatasourceNoData|DatasourceError|"
    r"(?:Kube)?(?:Node|Kubelet|Host|Machine|Etcd)[A-Z].*|KubeAPI.*|KubeVersionMismatch|KubeClient.*|"
    r".*(?:Certificate|Cert(?=[A-Z]|$)|CertManager|TLS|SSL)[A-Za-z]*|.*(?:Disk|Filesystem|FileSystem|PersistentVolume|Inode|RAID|Clock(?:Skew|NotSync)).*"
)
SIDECARS = frozenset(("istio-proxy", "istio-init", "linkerd-proxy", "envoy", "POD", "vault-agent", "cloud-sql-proxy", "kube-rbac-proxy"))
_HINTS = frozenset(("cluster", "namespace"))
_WEAK_LABELS = frozenset(("job", "container", "pod", "namespace", "image", "revision"))
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_TAGGED = re.compile(r"(?<![0-9a-z])[0-9a-f]{7,64}(?![0-9a-z])")
_POD = re.compile(r"(.+?)(?:-[a-f0-9]{6,10}-[a-z0-9]{5}|-\d{8,10}-[a-z0-9]{5}|-\d+|-[bcdfghjklmnpqrstvwxz2456789]{5})")
_SYNONYMS = (("prod", "production", "prd", "live"), ("staging", "stage", "stg"), ("dev", "development"), ("test", "testing"))
_SAME = {word: words[0] for words in _SYNONYMS for word in words}


@dataclass(frozen=True, slots=True)
class Resolved:
    service: ServiceRef
    why: str


@dataclass(frozen=True, slots=True)
class Unresolved:
    """`candidates`: the services that fit, or else those with the nearest names."""

    candidates: tuple[ServiceRef, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Acting:
    """Whether an alert may change Git, and why (F10)."""

    may: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Clue:
    """A label that speaks of a service, by the name it gives."""

    label: str
    name: str
    services: tuple[Service, ...]


def resolve(alert: Alert, estate: Estate, rules: AlertRules) -> Resolved | Unresolved:
    """Name the alert's service: exactly one in exactly one environment, else the candidates for a person to choose from."""
    rule = _rule(alert, rules)
    names = (_filled(rule.service, alert), _filled(rule.environment, alert)) if rule else (None, None)
    if rule and (names[0] == "" or names[1] == ""):
        return Unresolved((), f"the rule for {_matched(rule)} refers to a label that the alert does not have")
    clues = [_Clue("rule", names[0], estate.named(names[0]))] if names[0] else _clues(alert, estate, rules)
    known = [clue for clue in clues if clue.services]
    if not known:
        return _unknown(alert, clues, estate, rules)
    found = _in_environment(_agreeing(known), names[1], alert, rules)
    told = ", ".join(f"{clue.label}={clue.name}" for clue in known)
    if isinstance(found, str):
        return Unresolved(_refs(service for clue in known for service in clue.services), f"{told}: {found}")
    if len(found) == 1:
        return Resolved(found[0].ref, f"{told} names {found[0].ref}")
    return Unresolved(_refs(found), f"{told} fits {len(found)} services: {_some(found)}")


def may_act(alert: Alert, rules: AlertRules) -> Acting:
    """Say whether an alert may change Git; those that may not are evidence."""
    if NEVER.fullmatch(alert.name):
        return Acting(False, f"{alert.name} is no symptom of a release")
    if alert.never:
        return Acting(False, alert.never)
    if alert.severity not in rules.acting_severities:
        return Acting(False, f"severity {alert.severity} never acts")
    label = alert.labels.get(OPT_IN, "").strip().lower()
    if label == "act":
        return Acting(True, "its label rollbot=act opts it in")
    if label:
        return Acting(False, f"its label rollbot={label} keeps it out")
    rule = _rule(alert, rules)
    if rule and rule.act is not None:
        return Acting(rule.act, f"the rule for {_matched(rule)} says so")
    if rules.act_by_default:
        return Acting(True, "alerts.act_by_default is on")
    return Acting(False, "no label rollbot=act and no rule opts it in")


def _rule(alert: Alert, rules: AlertRules) -> AlertRule | None:
    return next((rule for rule in rules.rules if _fits(rule, alert)), None)


def _fits(rule: AlertRule, alert: Alert) -> bool:
    return all(fits(pattern, alert.labels.get(label) or _said(label, alert)) for label, pattern in rule.match.items())


def _said(label: str, alert: Alert) -> str:
    """What a rule may match besides labels: which system said it, and what it is called."""
    return {"source": alert.source, "alertname": alert.name}.get(label, "")


def _matched(rule: AlertRule) -> str:
    return ", ".join(f"{label}={text}" for label, text in rule.match.items()) or "every alert"


def _filled(template: str | None, alert: Alert) -> str | None:
    """Put labels in the place of `{label}`; "" where one is missing."""
    if template is None:
        return None
    names = re.findall(r"\{([^{}]+)\}", template)
    if not all(alert.labels.get(name) for name in names):
        return ""
    return re.sub(r"\{([^{}]+)\}", lambda group: alert.labels[group[1]], template)


def _clues(alert: Alert, estate: Estate, rules: AlertRules) -> list[_Clue]:
    """What the labels say, in the rules' order. Labels that name the scraper are no clues (F10)."""
    scraped = _names_scraper(alert.labels.get("job", ""), rules) or _names_scraper(alert.labels.get("service", ""), rules)
    clues: list[_Clue] = []
    for label in rules.service_labels:
        # an exporter tells of others: what they are called then stands in exported_*, and the plain label is its own
        text = alert.labels.get(f"exported_{label}", "") if scraped else ""
        text = text or alert.labels.get(label, "")
        if not text or text in SIDECARS or (label == "namespace" and any(clue.services for clue in clues)):
            continue
        names = _names(label, text)
        if not any(_names_scraper(name, rules) for name in names):
            known = next((name for name in names if estate.named(name)), names[0])
            services = estate.named(known) or (_living_in(known, estate) if label == "namespace" else ())
            clues.append(_Clue(label, known, services))
    return [*clues, *_running(alert, estate)]


def _running(alert: Alert, estate: Estate) -> list[_Clue]:
    """What the alert says is running names the services that pin it: an image, or the commit that a tag was built from."""
    found = []
    image = ImageRef.parse(alert.labels.get("image", ""))
    if image is not None:
        name = image.name.rpartition("/")[2]
        found.append(_Clue("image", name, estate.named(name)))
    commit = alert.labels.get("revision", "")
    if _COMMIT.fullmatch(commit):
        built = tuple(service for service in estate.services if any(_built_from(commit, pin.value) for pin in service.pins))
        found.append(_Clue("revision", commit[:12], built))
    return [clue for clue in found if clue.services]


def _built_from(commit: str, version: str) -> bool:
    """Whether a tag such as `main-1a2b3c4-1700` holds the commit, in whatever length."""
    return any(commit.startswith(part) or part.startswith(commit) for part in _TAGGED.findall(version.partition("@")[0]))


def _names_scraper(text: str, rules: AlertRules) -> bool:
    name = text.rpartition("/")[2]
    return any(name == ignored or name.endswith(f"-{ignored}") for ignored in rules.ignore_values)


def _names(label: str, text: str) -> list[str]:
    """What a label's value may call the service, likeliest first: pods carry suffixes, scrape jobs a namespace."""
    names = [text, text.rpartition("/")[2]]
    if label in ("pod", "job"):
        names += [group[1] for name in names if (group := _POD.fullmatch(name))]
    return list(dict.fromkeys(name for name in names if name))


def _living_in(namespace: str, estate: Estate) -> tuple[Service, ...]:
    return tuple(service for service in estate.services if _lives_in(service, namespace))


def _lives_in(service: Service, namespace: str) -> bool:
    return service.ref.name.endswith(f".{namespace}") or any(pin.namespace == namespace for pin in service.pins)


def _agreeing(clues: Sequence[_Clue]) -> list[Service]:
    """The services that all clues name. A weak label only narrows; strong ones that contradict each other leave all of theirs."""
    found: list[Service] = []
    strong = False
    for clue in clues:
        refs = {service.ref for service in clue.services}
        both = [service for service in found if service.ref in refs]
        if not found or both:
            found = both or list(clue.services)
            strong = strong or clue.label not in _WEAK_LABELS
        elif clue.label not in _WEAK_LABELS or not strong:
            found += clue.services
    return found


def _in_environment(services: Sequence[Service], environment: str | None, alert: Alert, rules: AlertRules) -> Sequence[Service] | str:
    """Keep those in the environment that the rule or the labels name; a text says why none is left.

    A repository that knows no environments (`default`) fits any. `cluster` and `namespace` decide only between several.
    """
    if environment:
        named = [service for service in services if _is_in(service, environment)]
        return named or f"none of them in environment {environment}, which the rule names"
    for label in rules.environment_labels:
        text = alert.labels.get(label, "")
        if not text:
            continue
        meant = rules.environments.get(text, text)
        here = [service for service in services if _is_in(service, meant)]
        if here:
            services = here
        elif label not in _HINTS and any(service.ref.environment != "default" for service in services):
            return f"none of them in environment {meant}, which the label {label} names"
        elif label == "cluster":
            services = _by_part(services, meant) or services
        elif label == "namespace":
            near = [service for service in services if _lives_in(service, text)]
            services = near or _by_part(services, meant) or services
    return services


def _is_in(service: Service, environment: str) -> bool:
    ref = service.ref
    return environment in (ref.environment, ref.cluster) or _same(ref.environment) == _same(environment)


def _by_part(services: Sequence[Service], text: str) -> list[Service]:
    """`shop-prod` and `prod-eu1` speak of prod."""
    parts = {_same(part) for part in re.split(r"[-_.]", text)}
    return [service for service in services if _same(service.ref.environment) in parts]


def _same(environment: str) -> str:
    return _SAME.get(environment.lower(), environment.lower())


def _unknown(alert: Alert, clues: Sequence[_Clue], estate: Estate, rules: AlertRules) -> Unresolved:
    if not clues:
        return Unresolved((), f"none of the labels {', '.join(rules.service_labels)} names a service")
    told = ", ".join(f"{clue.label}={clue.name}" for clue in clues)
    names = sorted({service.ref.name for service in estate.services})
    near = [name for clue in clues for name in difflib.get_close_matches(clue.name, names, n=3)]
    candidates = [service for name in dict.fromkeys(near) for service in estate.named(name)]
    hint = f"; the nearest names are {', '.join(dict.fromkeys(near))}" if near else ""
    return Unresolved(_refs(candidates), f"no service goes by {told}{hint}")


def _refs(services: Iterable[Service]) -> tuple[ServiceRef, ...]:
    return tuple(dict.fromkeys(service.ref for service in services))[:MOST_CANDIDATES]


def _some(services: Sequence[Service]) -> str:
    shown = ", ".join(str(service.ref) for service in services[:MOST_CANDIDATES])
    return shown + (" …" if len(services) > MOST_CANDIDATES else "")
