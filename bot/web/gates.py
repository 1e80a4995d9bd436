"""Flagger's gates: may the canary be taken back, may it get more traffic? 200 is yes, whatever else is no."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from bot.errors import Refused
from bot.ports import Ports
from bot.reconciler.gating import Gate, forward, gate
from bot.signals.flagger import SOURCE, question
from bot.signals.signal import Alert
from bot.web.hooks import houses_of, row_of, verified

log = logging.getLogger("rollbot.gates")
router = APIRouter()


@router.post(f"/hooks/{SOURCE}/rollback", summary="Flagger's gate: may the canary be taken back?")
@router.post(f"/hooks/{SOURCE}/{{token}}/rollback", include_in_schema=False)
async def rollback(request: Request, repository: str | None = None, token: str = "") -> dict[str, object]:
    """200 where an open incident rolls that service back by itself right now; 403 with the reason otherwise."""
    said = await _asked(request, repository, token, gate)
    return {"rollback": True, "why": said.why}


@router.post(f"/hooks/{SOURCE}/forward", summary="Flagger's gate: may the canary get more traffic?")
@router.post(f"/hooks/{SOURCE}/{{token}}/forward", include_in_schema=False)
async def spread(request: Request, repository: str | None = None, token: str = "") -> dict[str, object]:
    """200 where nothing speaks against it; 403 with the reason while the service is suspected or rolled back."""
    said = await _asked(request, repository, token, forward)
    return {"forward": True, "why": said.why}


async def _asked(request: Request, repository: str | None, token: str, which: Callable[[Alert, Ports], Gate]) -> Gate:
    body = await verified(SOURCE, row_of(SOURCE), request, token)
    said = await run_in_threadpool(_answer, body, houses_of(request, repository), which)
    request.app.state.deliveries[SOURCE, "opened" if said.opens else "not opened"] += 1
    if not said.opens:
        raise HTTPException(403, f"no: {said.why}")
    if which is gate:  # the other is open as a rule
        log.info("%s: a gate was opened: %s", SOURCE, said.why)
    return said


def _answer(body: bytes, houses: Mapping[str, Ports], which: Callable[[Alert, Ports], Gate]) -> Gate:
    """Taken back where one repository says so, forward where none is against it. Raises Unavailable where one cannot be read."""
    ports = list(houses.values())
    try:
        asked = question(body, ports[0].clock.now())
    except Refused as error:
        raise HTTPException(400, str(error)) from error
    said = [which(asked, each) for each in ports]
    return next((each for each in said if each.opens is (which is gate)), said[0])
