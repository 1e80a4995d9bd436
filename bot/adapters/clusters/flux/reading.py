"""A Flux object's status → what it runs of our repository, since when, and how it is.

https://fluxcd.io/flux/components/kustomize/kustomizations/#kustomization-status,
https://fluxcd.io/flux/components/helm/helmreleases/#helmrelease-status
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.adapters.clusters.answers import at, commit_in, items, text, time_of
from bot.adapters.clusters.wire import one_line
from bot.outcomes.job import JobRun, Phase
from bot.ports import Sync
from bot.refs import Instant, Sha

APPLIED = ("ReconciliationSucceeded", "HealthCheckFailed", "PruneFailed")
"""Ends of a reconciliation whose objects were applied, well or not."""
_SPAN = re.compile(r"([0-9.]+)(h|ms|us|µs|ns|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def condition(found: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return next((each for each in items(found, "status", "conditions") if text(each, "type") == kind), {})


def ready(found: Mapping[str, Any]) -> str:
    """`True`, `False` or `Unknown`; a status of an older generation says nothing of this one."""
    return text(condition(found, "Ready"), "status") if observed(found) else "Unknown"


def observed(found: Mapping[str, Any]) -> bool:
    generation = at(found, "metadata", "generation")
    return not isinstance(generation, int) or at(found, "status", "observedGeneration") == generation


def named(found: Mapping[str, Any]) -> str:
    return f"{text(found, 'kind')} {text(found, 'metadata', 'namespace')}/{text(found, 'metadata', 'name')}"


def told(found: Mapping[str, Any]) -> str:
    """Its Ready condition in words."""
    if at(found, "spec", "suspend") is True:
        return f"{named(found)} is suspended"
    said = condition(found, "Ready")
    return one_line(f"{text(said, 'reason') or 'never reconciled'}: {text(said, 'message')}".rstrip(": "))


def job(found: Mapping[str, Any]) -> JobRun:
    """How the Job of a Kustomization with `wait: true` got on; what keeps it from being applied is tried again by Flux itself."""
    failed = ready(found) == "False" and text(condition(found, "Ready"), "reason") == "HealthCheckFailed"
    phase = Phase.SUCCEEDED if ready(found) == "True" else Phase.FAILED if failed else Phase.RUNNING
    return JobRun(phase, told(found), named(found))


def resume(found: Mapping[str, Any]) -> str:
    """The command that a person has to run where it is suspended."""
    kinds = {"GitRepository": "source git", "OCIRepository": "source oci", "Kustomization": "kustomization", "HelmRelease": "helmrelease"}
    if at(found, "spec", "suspend") is not True:
        return ""
    return f"flux resume {kinds[text(found, 'kind')]} {text(found, 'metadata', 'name')} -n {text(found, 'metadata', 'namespace')}"


def read(found: Mapping[str, Any], source: Mapping[str, Any]) -> Sync:
    """What a Kustomization says. `lastAppliedRevision` is set once its health checks passed; without such checks, health is not known."""
    origin = text(source, "kind") == "OCIRepository"
    revision = commit_in(at(found, "status", "lastAppliedOriginRevision" if origin else "lastAppliedRevision"))
    since, earlier = _past(found, revision, origin)
    waits = at(found, "spec", "wait") is True or bool(items(found, "spec", "healthChecks"))
    healthy = {"True": True if waits else None, "False": False}.get(ready(found), False)
    words = [told(found)]
    if ready(source) == "False":
        words.append(f"{named(source)}: {told(source)}")
    attempted = text(found, "status", "lastAttemptedRevision")
    if attempted and attempted != text(found, "status", "lastAppliedRevision"):
        words.append(f"it attempted {attempted}")
    by_hand = "; ".join(filter(None, (resume(source), resume(found))))
    return Sync(revision, since, healthy, one_line(", ".join(words)), earlier, _begun(found, origin), named(found), by_hand)


def helm(found: Mapping[str, Any]) -> tuple[bool, str, str, Instant | None]:
    """Of a HelmRelease: whether it is settled and ready, in words, how it was remediated ("" where it was not), when it was deployed."""
    history = items(found, "status", "history")
    remedy = condition(found, "Remediated")
    healed = ""
    if text(remedy, "status") == "True" and ready(found) != "True":
        stands = next((each for each in history if text(each, "status") == "deployed"), {})
        to = f" to chart {text(stands, 'chartVersion')} (release {at(stands, 'version')})" if stands else ""
        healed = one_line(
            f"{named(found)}: {text(remedy, 'reason')}{to}, while Git asks for {text(found, 'status', 'lastAttemptedRevision')}"
        )
    return ready(found) == "True", told(found), healed, time_of(history[0].get("lastDeployed")) if history else None


def _past(found: Mapping[str, Any], revision: Sha | None, origin: bool) -> tuple[Instant | None, tuple[tuple[Sha, Instant], ...]]:
    """Since when the revision runs, and what else was applied: before it, or after it and not well.

    An entry is one content (digest), updated in place whenever that content is applied again (`fluxcd/pkg/apis/meta`, History.Upsert):
    its first time counts only where no other content was applied in between. Where that is so, nothing earlier is certain either.
    """
    entries = [each for each in items(found, "status", "history") if text(each, "lastReconciledStatus") in APPLIED]
    known: list[tuple[Sha, Instant, bool]] = []
    for index, entry in enumerate(entries):
        first, sha = time_of(entry.get("firstReconciled")), _revision(entry, origin)
        before = [time_of(each.get("lastReconciled")) for each in entries[index + 1 :]]
        if first is None or sha is None or any(time is None or time > first for time in before):
            break
        known.append((sha, first, text(entry, "lastReconciledStatus") == APPLIED[0]))
    since = next((time for sha, time, well in known if sha == revision and well), None)
    return since, tuple((sha, time) for sha, time, _ in known if (sha, time) != (revision, since))


def _begun(found: Mapping[str, Any], origin: bool) -> tuple[tuple[Sha, Instant], ...]:
    """An entry's time is that of its end: it began by its duration earlier."""
    told: list[tuple[Sha, Instant]] = []
    for entry in items(found, "status", "history"):
        sha, first = _revision(entry, origin), time_of(entry.get("firstReconciled"))
        if sha is not None and first is not None:
            told.append((sha, first - _span(text(entry, "lastReconciledDuration"))))
    under_way, sha = condition(found, "Reconciling"), None if origin else commit_in(at(found, "status", "lastAttemptedRevision"))
    since = time_of(under_way.get("lastTransitionTime"))
    if text(under_way, "status") == "True" and sha is not None and since is not None:
        told.insert(0, (sha, since))
    return tuple(told)


def _revision(entry: Mapping[str, Any], origin: bool) -> Sha | None:
    return commit_in(at(entry, "metadata", "originRevision" if origin else "revision"))


def _span(text: str) -> float:
    """A duration as Go writes it (`1m2.5s`), in seconds; 0 where it is none."""
    try:
        return sum(float(number) * _UNITS[unit] for number, unit in _SPAN.findall(text))
    except ValueError:
        return 0.0
