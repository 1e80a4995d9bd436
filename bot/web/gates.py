"""`POST /hooks/flagger/rollback`: may the canary be taken back? 200 is yes, whatever else is no."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from bot.errors import Refused
from bot.ports import Ports
from bot.reconciler.gating import Gate, gate
from bot.signals.flagger import SOURCE, question
from bot.web.hooks import houses_of, row_of, verified

log = logging.getLogger("rollbot.gates")
router = APIRouter()


@router.post(f"/hooks/{SOURCE}/rollback", summary="Flagger's gate: may the canary be taken back?")
@router.post(f"/hooks/{SOURCE}/{{token}}/rollback", include_in_schema=False)
async def rollback(request: Request, repository: str | None = None, token: str = "") -> dict[str, object]:
    """200 where an open incident rolls that service back by itself right now; 403 with the reason otherwise."""
    body = await verified(SOURCE, row_of(SOURCE), request, token)
    said = await run_in_threadpool(_answer, body, houses_of(request, repository))
    request.app.state.deliveries[SOURCE, "opened" if said.opens else "not opened"] += 1
    if not said.opens:
        raise HTTPException(403, f"no: {said.why}")
    log.info("%s: a gate was opened: %s", SOURCE, said.why)
    return {"rollback": True, "why": said.why}


def _answer(body: bytes, houses: Mapping[str, Ports]) -> Gate:
    """Yes where one repository says yes. Raises Unavailable where one cannot be read and none says yes."""
    ports = list(houses.values())
    try:
        asked = question(body, ports[0].clock.now())
    except Refused as error:
        raise HTTPException(400, str(error)) from error
    said = [gate(asked, each) for each in ports]
    return next((each for each in said if each.opens), said[0])
