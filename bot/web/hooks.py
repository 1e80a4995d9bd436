"""`POST /hooks/{source}`: a body, verified before it is parsed → the inbox and the queue."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

from bot.errors import Refused
from bot.ports import Delivery, Ports
from bot.signals.sources import SOURCES
from bot.web.guard import bearer, owner

LARGEST = 8 * 1024 * 1024
log = logging.getLogger("rollbot.hooks")
router = APIRouter()


@router.post("/hooks/{source}", status_code=202, summary="Receive what an alerting system has to say")
async def receive(source: str, request: Request, repository: str | None = None) -> dict[str, object]:
    """Verified, stored, queued: 202. With several repositories each gets it, unless `?repository=` names one."""
    settings, here = request.app.state.settings, request.app.state.ports
    if source not in SOURCES:
        raise HTTPException(404, f"there is no source {source[:40]!r}; there are: {', '.join(sorted(SOURCES))}")
    secret = settings.hook_tokens.get(source)
    if secret is None:
        raise HTTPException(401, f"this door is closed: set ROLLBOT_HOOK_TOKEN_{source.upper()}", {"WWW-Authenticate": "Bearer"})
    if owner(bearer(request), {source: secret}) is None:
        log.warning("%s: a delivery with a wrong or no token was turned away", source)
        request.app.state.deliveries[source, "unauthenticated"] += 1
        raise HTTPException(401, f"send ROLLBOT_HOOK_TOKEN_{source.upper()} as `Authorization: Bearer …`", {"WWW-Authenticate": "Bearer"})
    if repository is not None and repository not in here:
        raise HTTPException(404, f"there is no such repository here; there are: {', '.join(here)}")
    body = await _body(request)
    ports = [here[repository]] if repository is not None else list(here.values())
    answer = await run_in_threadpool(_take, source, body, ports)
    request.app.state.deliveries[source, "accepted" if answer is None else "not understood"] += 1
    if answer is not None:
        log.warning("%s: kept, but not understood: %s", source, answer)
        raise HTTPException(400, f"{answer}; the body was kept")
    return {"accepted": True}


async def _body(request: Request) -> bytes:
    """Read the body, never more than may be. Raises 413, 415, 400."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" or request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415, "send application/json, not compressed")
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > LARGEST:
        raise HTTPException(413, f"the body is larger than {LARGEST} bytes")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise HTTPException(413, f"the body is larger than {LARGEST} bytes")
    return bytes(body)


def _take(source: str, body: bytes, ports: Sequence[Ports]) -> str | None:
    """Put the body into each repository's inbox; say what is wrong with it, None where nothing is."""
    now = ports[0].clock.now()
    try:
        json.loads(body)
    except (ValueError, RecursionError) as error:
        log.warning("%s: %d bytes that are no JSON (sha256 %s)", source, len(body), hashlib.sha256(body).hexdigest())
        raise HTTPException(400, "the body is no JSON") from error
    wrong = None
    try:
        SOURCES[source].parse(body, now)
    except Refused as error:
        wrong = str(error)
    for port in ports:
        name = port.repository.name
        key = hashlib.sha256(f"{source}\0{name}\0".encode() + body).hexdigest()
        if port.store.receive(Delivery(key, source, name, body, now)):
            port.queue.enqueue(f"inbox:{name}", now)
    return wrong
