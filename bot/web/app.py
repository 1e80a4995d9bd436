"""Settings × ports → the web application."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from anyio import CapacityLimiter
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from bot import __doc__ as flow
from bot.errors import BadConfig, Refused, RollbotError, Unavailable
from bot.ports import Ports
from bot.settings import Settings, state_folder
from bot.web import api, gates, health, hooks, pages
from bot.web import setup as making
from bot.web.setup import Setup

HERE = Path(__file__).parent
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
DOORS = 16
"""Deliveries that are written at once: those that wait behind them go together, and fewer threads get in each other's way."""
log = logging.getLogger("rollbot.web")


def create_app(
    settings: Settings,
    ports: Mapping[str, Ports],
    alive: Callable[[], bool] = lambda: True,
    setup: Setup | None = None,
    troubles: Mapping[str, str] = MappingProxyType({}),
) -> FastAPI:
    """Make the application; it stores and enqueues, and leaves all work to the queue's runner.

    `alive`: whether that one works; `troubles`: what stands in its way now, as sentences by what they are about.
    """
    app = FastAPI(title="Rollbot", summary=(flow or "").strip().split("\n")[0], docs_url=None, redoc_url=None, openapi_url=None)
    app.state.settings, app.state.ports = settings, ports
    app.state.troubles, app.state.doors = troubles, CapacityLimiter(DOORS)
    app.state.alive, app.state.deliveries, app.state.readiness = alive, Counter(), health.Readiness()
    app.state.policy, app.state.setup = POLICY, setup or Setup(settings.github_url, state_folder())
    for router in (gates.router, hooks.router, api.router, pages.router, making.router, health.router):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")
    app.middleware("http")(_headed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(RollbotError, _ours)
    app.add_exception_handler(Exception, _defect)
    return app


async def _headed(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await go_on(request)
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    if not request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _http(_: Request, error: Exception) -> Response:
    status, detail, headers = (error.status_code, error.detail, error.headers) if isinstance(error, HTTPException) else (500, "", None)
    return JSONResponse({"error": detail}, status, dict(headers or {}))


def _invalid(_: Request, error: Exception) -> Response:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {"loc": (), "msg": ""}
    where = ".".join(str(part) for part in first["loc"])
    return JSONResponse({"error": f"{where}: {first['msg']}"}, 400)


def _ours(_: Request, error: Exception) -> Response:
    match error:
        case Unavailable():
            return JSONResponse({"error": str(error)}, 503, {"Retry-After": "5"})
        case BadConfig():
            return JSONResponse({"error": str(error)}, 500)
        case Refused() | _:
            return JSONResponse({"error": str(error)}, 409)


def _defect(request: Request, error: Exception) -> Response:
    log.error("%s %s: a defect of Rollbot", request.method, request.url.path, exc_info=error)
    return JSONResponse({"error": "a defect of Rollbot; its log says more"}, 500)
