"""`/` and `/incidents/{id}`: what is going on, on one screen; and why, with everything that led to it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.changes.diff import between
from bot.errors import RollbotError
from bot.incidents.incident import Action, Incident
from bot.policy.words import Hold
from bot.ports import Ports
from bot.reconciler.standing import holds
from bot.records.entry import broken
from bot.refs import Sha
from bot.web import guard
from bot.web.health import warnings
from bot.web.views import card, held, likelihoods, line, links

ENDED = 20
LONGEST_DIFF = 2000
router = APIRouter(dependencies=[Depends(guard.page)], include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def index(request: Request) -> HTMLResponse:
    found = [(ports, one) for name, ports in request.app.state.ports.items() for one in ports.store.incidents(name)]
    found.sort(key=lambda each: -(each[1].ended or each[1].opened))
    opened = [card(one, ports.store.entries(one.id)) for ports, one in found if one.end is None]
    ended = [card(one, ()) for _, one in found if one.end is not None][:ENDED]
    return render(request, "index.html", open=opened, ended=ended, held=[held(hold) for hold in _holds(request)])


def _holds(request: Request) -> list[Hold]:
    return [hold for name, ports in request.app.state.ports.items() for hold in holds(ports.store, name, ports.clock.now())]


@router.get("/incidents/{name}")
def incident(name: str, request: Request) -> HTMLResponse:
    for ports in request.app.state.ports.values():
        found = ports.store.incident(name)
        if found is not None:
            entries = ports.store.entries(found.id)
            return render(
                request,
                "incident.html",
                card=card(found, entries),
                likely=likelihoods(entries),
                entries=[line(entry) for entry in entries],
                broken=broken(entries, found.last, found.entries),
                links=links(found),
                changes=list(_changes(found, ports)),
            )
    raise HTTPException(404, "there is no such incident")


@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    paths: dict[str, dict[str, Any]] = request.app.openapi()["paths"]
    calls = [
        {"path": path, "method": method.upper(), "summary": call.get("summary", ""), "parameters": call.get("parameters", [])}
        for path, methods in paths.items()
        for method, call in methods.items()
    ]
    return render(request, "docs.html", calls=calls)


@router.get("/openapi.json", response_class=JSONResponse)
def description(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


def _changes(found: Incident, ports: Ports) -> Iterator[dict[str, Any]]:
    for action in found.actions:
        head = action.commit or action.head
        if head is not None and action.base is not None:
            yield {"title": f"{action.kind.value} of {action.version or 'what was asked'}", "lines": _diff(action, head, ports)}


def _diff(action: Action, head: Sha, ports: Ports) -> list[str]:
    try:
        before, after = ports.repository.tree(action.base or head), ports.repository.tree(action.head or head)
    except RollbotError as error:
        return [f"the commits are not here: {error}"]
    return list(between(before, after, ports.repository.blobs()))[:LONGEST_DIFF]


@cache
def _templates() -> Environment:
    folder = Path(__file__).parent / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def render(request: Request, name: str, **shown: Any) -> HTMLResponse:
    """Fill in a page; nobody's text is markup in it."""
    repositories = list(request.app.state.ports)
    return HTMLResponse(_templates().get_template(name).render(repositories=repositories, warnings=warnings(request), **shown))
