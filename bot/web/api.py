"""`/api/v1`: services, releases, incidents, rollbacks, quarantine; and asking for a rollback."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.incidents.incident import Incident
from bot.ports import Ports
from bot.quarantine import read
from bot.reconciler.asking import ask
from bot.reconciler.calling import call
from bot.reconciler.reaching import reached
from bot.reconciler.scoring import scorecard as scored
from bot.reconciler.view import look_around
from bot.records.scorecard import Scorecard
from bot.releases.history import history
from bot.releases.release import DesiredState
from bot.signals.signal import Asked
from bot.web import guard
from bot.web.rows import Row, action_row, incident_row, quarantine_row, release_row, scorecard_row, service_row

router = APIRouter(prefix="/api/v1", tags=["api"])
Who = Annotated[guard.Identity, Depends(guard.api)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
Open = Annotated[bool, Query(alias="open")]
Key = Annotated[str | None, Header(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=1000)]


class Wanted(BaseModel):
    """What to roll back: exactly one of `service`, `path`, `commit`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    repository: Word | None = None
    service: Word | None = None
    environment: Word | None = None
    path: Word | None = None
    artefact: Word | None = None
    at_path: Word | None = None
    value: Annotated[Word | None, Field(alias="from")] = None
    commit: Word | None = None
    to: Word | None = None
    pins_only: bool = False
    mode: Literal["pr", "merge", "push"] | None = None
    reason: Annotated[str, StringConstraints(max_length=2000)] = ""


@router.get("/services", summary="Every service of the desired state, and the version it is to run")
def services(request: Request, who: Who, repository: str | None = None) -> list[Row]:
    found = [service for ports in _chosen(request, repository) for service in _state(ports).estate.services]
    return [service_row(service) for service in found if who.may(guard.READ, service.ref.environment)]


@router.get("/releases", summary="A service's releases, newest first")
def releases(
    request: Request, who: Who, service: str, environment: str | None = None, repository: str | None = None, limit: Limit = 100
) -> list[Row]:
    found = []
    for ports in _chosen(request, repository):
        state = _state(ports)
        for one in (each for each in state.estate.named(service, environment) if who.may(guard.READ, each.ref.environment)):
            found += [release_row(release) for release in history(one.ref, state).releases[:limit]]
    if not found:
        raise HTTPException(404, f"there is no service {service[:100]!r} with releases")
    return found


@router.get("/incidents", summary="Incidents, newest first")
def incidents(
    request: Request, who: Who, is_open: Open = False, repository: str | None = None, service: str | None = None, limit: Limit = 100
) -> list[Row]:
    found = [
        incident
        for ports in _chosen(request, repository)
        for incident in ports.store.incidents(ports.repository.name, open_only=is_open)
        if (service is None or incident.service.name == service) and who.may(guard.READ, incident.service.environment)
    ]
    return [incident_row(incident) for incident in sorted(found, key=lambda one: -one.opened)[:limit]]


@router.get("/incidents/{name}", summary="An incident with its whole record")
def incident(name: str, request: Request, who: Who) -> Row:
    found, ports = _incident(name, request)
    who.must(guard.READ, [found.service.environment])
    return incident_row(found, ports.store.entries(found.id))


@router.post("/incidents/{name}/{verb}", status_code=202, summary="Approve or cancel its rollback, or say that you are at it")
def act(name: str, verb: Literal["approve", "cancel", "acknowledge"], request: Request, who: Who) -> Row:
    """`approve` needs the right to approve wherever the rollback changes something, `cancel` and `acknowledge` that to stop.

    The same call again does nothing again. 409 with what is in the way.
    """
    found, ports = _incident(name, request)
    right = guard.APPROVE if verb == "approve" else guard.STOP
    done = call(verb, found, who.name, lambda environments: who.must(right, environments), ports)
    return incident_row(done.incident)


@router.get("/rollbacks", summary="What was changed in Git, newest first")
def rollbacks(request: Request, who: Who, repository: str | None = None, limit: Limit = 100) -> list[Row]:
    everything = [one for ports in _chosen(request, repository) for one in ports.store.incidents(ports.repository.name)]
    found = [one for one in everything if who.may(guard.READ, one.service.environment)]
    newest = sorted(found, key=lambda one: -one.opened)
    return [action_row(one, action) for one in newest for action in reversed(one.actions)][:limit]


@router.post("/rollbacks", status_code=202, summary="Ask for a rollback")
def roll_back(request: Request, who: Who, wanted: Wanted, idempotency_key: Key = None) -> Response:
    """Opens an incident, which the queue's runner carries out; 409 with the objections and choices where it cannot be planned.

    The same `Idempotency-Key` sent again answers with the same incident. Needs the right to ask wherever something would be changed;
    with mode `merge` or `push` that to approve, too.
    """
    _one_selector(wanted)
    chosen = _chosen(request, wanted.repository)
    if len(chosen) > 1:
        raise HTTPException(400, f"say which repository: {', '.join(request.app.state.ports)}")
    [ports] = chosen
    fields = wanted.model_dump(exclude={"repository"})
    key = f"api:{who.name}:{idempotency_key}" if idempotency_key else f"api:{uuid.uuid4().hex}"
    asked = Asked(key=key, actor=who.name, at=ports.clock.now(), **fields)

    def permitted(environments: Iterable[str]) -> None:
        who.must(guard.ASK, environments)
        if wanted.mode in ("merge", "push"):
            who.must(guard.APPROVE, environments)

    if wanted.environment is not None:
        permitted([wanted.environment])
    answer = ask(asked, ports, permitted=lambda plan, state: permitted(reached(plan, state)))
    if answer.incident is None:
        objections = [{"code": one.code, "why": one.why, "weight": one.weight.value} for one in answer.objections]
        error = answer.objections[0].why if answer.objections else "refused"
        return JSONResponse({"error": error, "objections": objections, "choices": list(answer.choices)}, 409)
    return JSONResponse(incident_row(answer.incident), 202, {"Location": f"/api/v1/incidents/{answer.incident.id}"})


@router.get("/scorecard", summary="What it would have done in incidents that it changed nothing in, and what people then did")
def scorecard(
    request: Request, who: Who, repository: str | None = None, service: str | None = None, environment: str | None = None
) -> list[Row]:
    found = []
    for ports in _chosen(request, repository):
        card = scored(ports, service, environment)
        mine = Scorecard(tuple(each for each in card.scores if who.may(guard.READ, each.would.service.environment)))
        found.append({"repository": ports.repository.name, **scorecard_row(mine)})
    return found


@router.get("/quarantine", summary="Releases that must not come back, as Git has them at the head")
def quarantine(request: Request, who: Who, repository: str | None = None) -> list[Row]:
    found = [(ports.repository.name, one) for ports in _chosen(request, repository) for one in read(_state(ports))]
    return [quarantine_row(name, one) for name, one in found if who.may(guard.READ, one.environment)]


def _incident(name: str, request: Request) -> tuple[Incident, Ports]:
    """An incident and the ports of its repository. Raises 404."""
    here: dict[str, Ports] = request.app.state.ports
    for ports in here.values():
        found = ports.store.incident(name)
        if found is not None and found.service.repository in here:
            return found, here[found.service.repository]
    raise HTTPException(404, f"there is no incident {name[:100]!r}")


def _chosen(request: Request, name: str | None) -> list[Ports]:
    here: dict[str, Ports] = request.app.state.ports
    if name is None:
        return list(here.values())
    if name not in here:
        raise HTTPException(404, f"there is no such repository here; there are: {', '.join(here)}")
    return [here[name]]


def _state(ports: Ports) -> DesiredState:
    return look_around(ports).state


def _one_selector(wanted: Wanted) -> None:
    if sum(one is not None for one in (wanted.service, wanted.path, wanted.commit)) != 1:
        raise HTTPException(400, "say exactly one of service, path, commit")
    if wanted.environment and not wanted.service:
        raise HTTPException(400, "environment goes with service only")
    if not wanted.path and (wanted.artefact or wanted.at_path or wanted.value):
        raise HTTPException(400, "artefact, at_path and from go with path only")
