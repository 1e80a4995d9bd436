"""`/healthz`, `/readyz`, `/metrics`: whether it lives, whether it can work, and a handful of numbers."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from bot.errors import RollbotError
from bot.ports import Ports
from bot.reconciler.notifying import troubles, undelivered, worked
from bot.reconciler.outbox import waiting
from bot.reconciler.view import in_force
from bot.web import guard

FRESH = 15.0
SHOWN = 5
PROBE = 16_384
"""Bytes that are written to see whether there is room: more than a small delivery needs."""
router = APIRouter()


@dataclass(slots=True)
class Readiness:
    """What was found when it was last looked; probes come every few seconds, the Git server need not feel each."""

    looked: float = float("-inf")
    store: str | None = None
    repositories: dict[str, dict[str, str | None]] = field(default_factory=dict)


@router.get("/healthz", summary="It lives")
def healthz(request: Request) -> Response:
    alive = request.app.state.alive()
    return JSONResponse({"ok": alive}, 200 if alive else 503)


@router.get("/readyz", summary="It can take work; and what stands in its way")
def readyz(request: Request) -> Response:
    """503 where nothing can be stored. A Git server that is down or a broken configuration is said, but alerts are still taken and kept.

    Whoever may not see the pages is told which kinds fail (`store`, `git`, `config`, `notices`), and neither where nor how.
    """
    found = readiness(request)
    if not guard.insider(request):
        return JSONResponse({"ready": found.store is None, "failing": _failing(found)}, 503 if found.store else 200)
    repositories = [{"repository": name, **said} for name, said in found.repositories.items()]
    ready = found.store is None
    said = {"ready": ready, "store": found.store or "ok", "repositories": repositories, "troubles": dict(request.app.state.troubles)}
    return JSONResponse(said, 200 if ready else 503)


def readiness(request: Request) -> Readiness:
    known: Readiness = request.app.state.readiness
    if time.monotonic() - known.looked < FRESH:
        return known
    ports: Mapping[str, Ports] = request.app.state.ports
    found = Readiness(time.monotonic(), _store(ports), {name: _repository(one) for name, one in ports.items()})
    request.app.state.readiness = found
    return found


def _failing(found: Readiness) -> list[str]:
    kinds = [kind for kind in ("git", "config", "notices") if any(said[kind] not in (None, "ok") for said in found.repositories.values())]
    return ["store", *kinds] if found.store else kinds


def warnings(request: Request) -> list[str]:
    """Sentences for people about what is not as it should be."""
    found = readiness(request)
    said = [f"The store cannot be written: {found.store}"] if found.store else []
    for name, repository in found.repositories.items():
        said += [f"{name}: {what}: {text}" for what, text in repository.items() if text not in (None, "ok")]
    return said + [f"{about}: {text}" for about, text in request.app.state.troubles.items()]


def _store(ports: Mapping[str, Ports]) -> str | None:
    try:
        for one in ports.values():
            one.store.keep("readyz", secrets.token_bytes(PROBE))  # the same again would not reach the disk
    except RollbotError as error:
        return str(error)
    return None


def _repository(ports: Ports) -> dict[str, str | None]:
    """Say how the repository answers, and which configuration is in use."""
    try:
        ports.repository.fetch()
        rules = in_force(ports, ports.repository.tree(ports.repository.resolve(ports.repository.branch)))
    except RollbotError as error:
        return {"git": str(error), "config": None, "stopped": None, "notices": _notices(ports)}
    config = f"last good config in use: {rules.problem}" if rules.problem else "ok"
    return {"git": "ok", "config": config, "stopped": rules.stopped, "notices": _notices(ports)}


def _notices(ports: Ports) -> str:
    """Say whom nobody could be told of, and which notifier fails."""
    try:
        lost, failing = undelivered(ports), troubles(ports)
    except RollbotError as error:
        return str(error)
    said = [f"nobody has: {row.notice.title} ({'; '.join(f'{name}: {how.why}' for name, how in row.sent.items())})" for row in lost[:SHOWN]]
    said += [f"and {len(lost) - SHOWN} more"] if len(lost) > SHOWN else []
    return "; ".join([*said, *failing.values()]) or "ok"


@router.get("/metrics", summary="Numbers for Prometheus")
def metrics(request: Request) -> Response:
    """Open, as scrapers expect; only who may see the pages (a token as bearer or basic credentials) has them by `repository`.

    What the store knows is left out while it is away; that it is, is a number too.
    """
    named = guard.insider(request)
    ports: Mapping[str, Ports] = request.app.state.ports
    try:
        lines, up = [*_incidents(ports, named), *_waiting(ports, named), *_of_notices(ports, named)], 1
    except RollbotError:
        lines, up = [], 0
    lines += ["# HELP rollbot_store_up 1 while the database answers.", "# TYPE rollbot_store_up gauge", f"rollbot_store_up {up}"]
    lines += ["# HELP rollbot_deliveries_total What came to the hooks, by outcome.", "# TYPE rollbot_deliveries_total counter"]
    deliveries: Counter[tuple[str, str]] = request.app.state.deliveries
    lines += [f"rollbot_deliveries_total{_labels(source=source, outcome=what)} {count}" for (source, what), count in deliveries.items()]
    lines += ["# HELP rollbot_trouble 1 for each thing that stands in the way of the work.", "# TYPE rollbot_trouble gauge"]
    places = {"" if about in ports and not named else about for about in list(request.app.state.troubles)}
    lines += [f"rollbot_trouble{_labels(about=about or 'repository')} 1" for about in sorted(places)]
    lines += ["# HELP rollbot_up 1 while the work goes on.", "# TYPE rollbot_up gauge", f"rollbot_up {int(request.app.state.alive())}"]
    return PlainTextResponse("\n".join([*lines, ""]), media_type="text/plain; version=0.0.4; charset=utf-8")


def _labels(**values: str) -> str:
    """Labels of a sample; an empty one is the same as none (https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels)."""
    said = [f'{name}="{_label(text)}"' for name, text in values.items() if text]
    return f"{{{','.join(said)}}}" if said else ""


def _incidents(ports: Mapping[str, Ports], named: bool) -> list[str]:
    found = Counter(
        (name if named else "", one.end.value if one.end else one.state.value)
        for name, each in ports.items()
        for one in each.store.incidents(name)
    )
    head = ["# HELP rollbot_incidents Incidents by state, or by how they ended.", "# TYPE rollbot_incidents gauge"]
    return head + [f"rollbot_incidents{_labels(repository=name, state=state)} {count}" for (name, state), count in found.items()]


def _waiting(ports: Mapping[str, Ports], named: bool) -> list[str]:
    found = Counter[str]()
    for name, each in ports.items():
        found[name if named else ""] += each.store.waiting(name)
    head = ["# HELP rollbot_inbox_waiting Deliveries that were not handled yet.", "# TYPE rollbot_inbox_waiting gauge"]
    return head + [f"rollbot_inbox_waiting{_labels(repository=name)} {count}" for name, count in found.items()]


def _of_notices(ports: Mapping[str, Ports], named: bool) -> list[str]:
    """What is on its way to people, what nobody has, and when it was last worked on: the dead man's number (of several, the oldest)."""
    going, lost, worked_at = Counter[tuple[str, str]](), Counter[str](), dict[str, float]()
    for name, each in ports.items():
        place, rows = name if named else "", waiting(each)
        lost[place] += len(undelivered(each))
        for messenger in each.messengers:
            going[place, messenger] += sum(row.of(messenger).done is None for row in rows)
        if each.messengers:
            worked_at[place] = min(max(worked(each), 0.0), worked_at.get(place, float("inf")))
    return [
        "# HELP rollbot_notices_waiting Notices that a notifier has not taken yet.",
        "# TYPE rollbot_notices_waiting gauge",
        *(f"rollbot_notices_waiting{_labels(repository=name, notifier=by)} {count}" for (name, by), count in going.items()),
        "# HELP rollbot_notices_undelivered Urgent notices that nobody has.",
        "# TYPE rollbot_notices_undelivered gauge",
        *(f"rollbot_notices_undelivered{_labels(repository=name)} {count}" for name, count in lost.items()),
        "# HELP rollbot_worked_timestamp_seconds When a worker last renewed what stands.",
        "# TYPE rollbot_worked_timestamp_seconds gauge",
        *(f"rollbot_worked_timestamp_seconds{_labels(repository=name)} {at:.3f}" for name, at in worked_at.items()),
    ]


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
