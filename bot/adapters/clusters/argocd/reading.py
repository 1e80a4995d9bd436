"""An Application's status → what it runs of our repository, since when, and how it is (`types.go`, ApplicationStatus).

`status.sync.revision` is what it was *compared* with: it is what runs only where it is Synced. Else what runs is what the last
operation that succeeded brought, which is the newest entry of `status.history`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.adapters.clusters.answers import at, commit_in, is_name, items, text, time_of
from bot.adapters.clusters.argocd.sources import Source
from bot.adapters.clusters.wire import one_line
from bot.outcomes.job import JobRun, Phase
from bot.ports import Sync
from bot.refs import Instant, Sha

WELL: Mapping[str, bool | None] = {"Healthy": True, "Unknown": None, "": None}
"""Progressing, Degraded, Suspended and Missing are not healthy (health.go)."""
RUNNING = ("Running", "Terminating")


def read(application: Mapping[str, Any], source: Source) -> Sync:
    """What it says of the source."""
    status, past = at(application, "status"), _history(application, source)
    compared = _dry(application, commit_in(_picked(at(status, "sync"), source)), source)
    synced = text(status, "sync", "status") == "Synced"
    revision = compared if synced else past[0][0] if past else None
    since = past[0][1] if past and past[0][0] == revision else None
    earlier = past[1:] if since is not None else past
    healthy = WELL.get(text(status, "health", "status"), False)
    return Sync(
        revision,
        since,
        False if running(application) else healthy,
        _message(application, revision, compared if not synced else None),
        tuple((sha, time) for sha, time in earlier if sha is not None and time is not None),
        _begun(application, source),
        where(application),
        "" if synced or automated(application) else f"argocd app sync {qualified(application)}",
    )


def running(application: Mapping[str, Any]) -> bool:
    """Whether an operation is under way: hooks after the sync count, and so do its retries."""
    return text(application, "status", "operationState", "phase") in RUNNING


def began(application: Mapping[str, Any]) -> Instant | None:
    return time_of(at(application, "status", "operationState", "startedAt"))


def operating(application: Mapping[str, Any], source: Source) -> Sha | None:
    """The commit that the last operation, done or under way, holds; None where it names none."""
    state = at(application, "status", "operationState")
    held = _picked(at(state, "syncResult"), source) or _picked(at(state, "operation", "sync"), source)
    return _dry(application, commit_in(held), source)


def hook(application: Mapping[str, Any], name: str) -> JobRun:
    """How a hook Job got on in the last operation (`types.go`, ResourceResult: `hookPhase`, `message`)."""
    state = at(application, "status", "operationState")
    listed = items(state, "syncResult", "resources")
    found = next((each for each in listed if text(each, "kind") == "Job" and name in text(each, "name")), None)
    if found is None:
        said = f": its sync is {text(state, 'phase')}" if text(state, "phase") in (*RUNNING, "Failed", "Error") else ""
        return JobRun(Phase.WAITING, one_line(f"not seen in a sync yet{said}"), where(application))
    phase = {"Succeeded": Phase.SUCCEEDED, "Failed": Phase.FAILED, "Error": Phase.FAILED}.get(text(found, "hookPhase"), Phase.RUNNING)
    return JobRun(phase, one_line(text(found, "message")), where(application))


def automated(application: Mapping[str, Any]) -> bool:
    """`automated: {}` is on; since 2.14 `enabled: false` turns it off."""
    policy = at(application, "spec", "syncPolicy")
    said = policy.get("automated") if isinstance(policy, dict) else None
    return isinstance(said, dict) and said.get("enabled") is not False


def qualified(application: Mapping[str, Any]) -> str:
    """`namespace/name` as the command line takes it; a name that Kubernetes would not allow is not repeated."""
    parts = [text(application, "metadata", "namespace"), text(application, "metadata", "name")]
    return "/".join(part for part in parts if is_name(part))


def where(application: Mapping[str, Any]) -> str:
    destination = at(application, "spec", "destination")
    cluster = one_line(text(destination, "name") or text(destination, "server"))
    on = f" on {cluster}" if cluster and cluster != "https://kubernetes.default.svc" and cluster != "in-cluster" else ""
    return f"Application {qualified(application)}{on}"


def _history(application: Mapping[str, Any], source: Source) -> list[tuple[Sha | None, Instant | None]]:
    """What it brought, newest first. An entry keeps the sources that it was made with, whose order may have been another."""
    entries = items(application, "status", "history")
    found = [(_dry(application, commit_in(_picked(each, source)), source), time_of(each.get("deployedAt"))) for each in entries]
    return sorted(found, key=lambda each: each[1] or 0.0, reverse=True)


def _begun(application: Mapping[str, Any], source: Source) -> tuple[tuple[Sha, Instant], ...]:
    """What operations began to bring: an entry of the history knows when its own began, the last operation stands beside it."""
    entries = items(application, "status", "history")
    told = [(_dry(application, commit_in(_picked(each, source)), source), time_of(each.get("deployStartedAt"))) for each in entries]
    told.append((operating(application, source), began(application)))
    return tuple(dict.fromkeys((sha, time) for sha, time in reversed(told) if sha is not None and time is not None))


def _picked(holder: Any, source: Source) -> object:
    """Our source's revision: `revisions[index]` of several, else `revision`."""
    several = at(holder, "revisions")
    if source.index is None or not isinstance(several, list) or not several:
        return at(holder, "revision") if source.index is None else None
    return several[source.index] if source.index < len(several) else None


def _dry(application: Mapping[str, Any], commit: Sha | None, source: Source) -> Sha | None:
    """The commit that a hydrated one was rendered from, None where Argo CD does not know it any more (F7)."""
    if not source.dry or commit is None:
        return commit
    state = at(application, "status", "sourceHydrator")
    known = {text(state, key, "hydratedSHA"): text(state, key, "drySHA") for key in ("currentOperation", "lastSuccessfulOperation")}
    return commit_in(known.get(commit))


def _message(application: Mapping[str, Any], revision: Sha | None, compared: Sha | None) -> str:
    status = at(application, "status")
    words = [text(status, "sync", "status") or "never compared", text(status, "health", "status")]
    if compared is not None and compared != revision:
        words.append(f"compared with {compared[:12]}")
    state = at(status, "operationState")
    phase = text(state, "phase")
    if phase in (*RUNNING, "Failed", "Error"):
        words.append(f"its sync is {phase}: {text(state, 'message')}")
    words += [
        f"{text(each, 'type')}: {text(each, 'message')}" for each in items(status, "conditions") if text(each, "type").endswith("Error")
    ]
    hydration = at(status, "sourceHydrator", "currentOperation")
    if text(hydration, "phase") == "Failed":
        words.append(f"rendering failed: {text(hydration, 'message')}")
    return one_line(", ".join(word for word in words if word))
