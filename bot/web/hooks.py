"""`POST /hooks/{source}`: a body, verified before it is parsed → the inbox and the queue."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Mapping

from anyio import to_thread
from fastapi import APIRouter, HTTPException, Request

from bot.errors import Refused
from bot.ports import Ports
from bot.reconciler.intake import keep, leave_out
from bot.reconciler.talking import same
from bot.signals.signal import Alert, Command, Ignored, Signal
from bot.signals.sources import SOURCES, Bearer, Hmac, Shown, Source, Way, parse
from bot.web.guard import bearer, owner, unsigned, within

LARGEST = 8 * 1024 * 1024
_EVENT = re.compile(r"[a-z][a-z0-9_]{0,63}")
_DELIVERY = re.compile(r"[\x21-\x7e]{1,128}")
log = logging.getLogger("rollbot.hooks")
router = APIRouter()


class TooLarge(HTTPException):
    """The body is cut off before anything of it is looked at."""

    def __init__(self, largest: int) -> None:
        super().__init__(413, f"the body is larger than {largest} bytes")


@router.post("/hooks/{source}", status_code=202, summary="Receive what an alerting system or a forge has to say")
@router.post("/hooks/{source}/{token}", status_code=202, include_in_schema=False)
async def receive(source: str, request: Request, repository: str | None = None, token: str = "") -> dict[str, object]:
    """Verified, stored, queued: 202. With several repositories each gets it, unless it, or `?repository=`, names one."""
    row = row_of(source)
    event, delivery = _named(row, request)
    try:
        body = await verified(source, row, request, token)
    except TooLarge:
        if row.ways == (Bearer(),):  # whose proof came before the body
            for ports in houses_of(request, repository).values():
                await to_thread.run_sync(leave_out, source, "a delivery that was too large", ports)
        raise
    houses = houses_of(request, repository)
    named = f"{source}:{event}" if event else source
    answer = await to_thread.run_sync(_take, named, row, delivery, body, houses, limiter=request.app.state.doors)
    outcome = {type(None): "accepted", Ignored: "ignored", str: "not understood"}[type(answer)]
    request.app.state.deliveries[source, outcome] += 1
    match answer:
        case Ignored(why=why):
            return {"accepted": True, "ignored": why}
        case str():
            log.warning("%s: kept, but not understood: %s", source, answer)
            raise HTTPException(400, f"{answer}; the body was kept")
        case None:
            return {"accepted": True}


def row_of(source: str) -> Source:
    row = SOURCES.get(source)
    if row is None or not row.ways:
        doors = sorted(name for name, each in SOURCES.items() if each.ways)
        raise HTTPException(404, f"there is no door for {source[:40]!r}; there are: {', '.join(doors)}")
    return row


def houses_of(request: Request, repository: str | None) -> Mapping[str, Ports]:
    here: Mapping[str, Ports] = request.app.state.ports
    if repository is not None and repository not in here:
        raise HTTPException(404, f"there is no such repository here; there are: {', '.join(here)}")
    return here if repository is None else {repository: here[repository]}


async def verified(source: str, row: Source, request: Request, token: str = "") -> bytes:
    """Read the body of a sender who proves itself. A token goes before the body, a signature is over it. Raises 401, 413, 415."""
    secrets = request.app.state.settings.door(source)
    if not secrets:
        raise _closed(row, f"this door is closed: set {row.setting}")
    signature = next((way for way in row.ways if isinstance(way, Hmac) and request.headers.get(way.header)), None)
    if signature is not None:
        body = await _body(request)
        now = next(iter(request.app.state.ports.values())).clock.now()
        why = unsigned(request, signature, body, secrets, now)
        if why is not None:
            raise _turned_away(source, row, request, f"{signature.header} is not what {row.setting} makes of this body{why}")
        return body
    if Bearer() in row.ways and owner(bearer(request), dict.fromkeys([source], secrets[0])) is not None:
        return await _body(request)
    shown = next((way for way in row.ways if isinstance(way, Shown)), None)
    if shown is not None:
        body = await _body(request, shown.largest)
        if owner(token or within(body, shown.path), dict.fromkeys([source], secrets[0])) is not None:
            return body.replace(secrets[0].get_secret_value().encode(), b"***")
    raise _turned_away(source, row, request, " or ".join(_wanted(way, row) for way in row.ways))


def _wanted(way: Way, row: Source) -> str:
    match way:
        case Bearer():
            return f"send {row.setting} as `Authorization: Bearer …`"
        case Hmac():
            return f"the header {way.header} is missing: give the webhook a secret"
        case Shown(path=path):
            return f"send {row.setting} as the last part of the address, or as {'.'.join(path)}"


def _turned_away(source: str, row: Source, request: Request, why: str) -> HTTPException:
    log.warning("%s: a delivery that did not prove itself was turned away", source)
    request.app.state.deliveries[source, "unauthenticated"] += 1
    return _closed(row, why)


def _closed(row: Source, why: str) -> HTTPException:
    return HTTPException(401, why, {"WWW-Authenticate": "Bearer"} if Bearer() in row.ways else None)


def _named(row: Source, request: Request) -> tuple[str, str]:
    """The event and the delivery, by their headers. Raises 400 where one that the source always sends is missing."""
    found = []
    for header, shape in ((row.event, _EVENT), (row.delivery, _DELIVERY)):
        text = request.headers.get(header, "") if header else ""
        if header and not shape.fullmatch(text):
            raise HTTPException(400, f"the header {header} is missing, or is none")
        found.append(text)
    return found[0], found[1]


async def _body(request: Request, largest: int = LARGEST) -> bytes:
    """Read the body, never more than may be. Raises 413, 415."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" or request.headers.get("content-encoding", "identity") != "identity":
        raise HTTPException(415, "send application/json, not compressed")
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > largest:
        raise TooLarge(largest)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise TooLarge(largest)
    return bytes(body)


def _take(source: str, row: Source, delivery: str, body: bytes, houses: Mapping[str, Ports]) -> str | Ignored | None:
    """Put the body into the inbox of each repository that it concerns; say what is wrong with it, None where nothing is."""
    now = next(iter(houses.values())).clock.now()
    try:
        if not row.loose:
            json.loads(body)
    except (ValueError, RecursionError) as error:
        log.warning("%s: %d bytes that are no JSON (sha256 %s)", source, len(body), hashlib.sha256(body).hexdigest())
        raise HTTPException(400, "the body is no JSON") from error
    wrong, concerned = None, list(houses.values())
    try:
        found = parse(source, body, now)
        if isinstance(found, Ignored):
            return found
        if row.about is not None:
            concerned = _concerned(row.about(body), found, houses)
    except Refused as error:
        wrong = str(error)
    if not concerned:
        return Ignored("it is about a repository that is not watched here")
    for ports in concerned:
        keep(source, body, ports, delivery)
    return wrong


def _concerned(name: str | None, signals: tuple[Signal, ...], houses: Mapping[str, Ports]) -> list[Ports]:
    """The manifests repository of that name; what is said or was deployed in another repository of the forge is for all to look at."""
    at_forge = [ports for ports in houses.values() if ports.conversation is not None]
    its_own = [ports for ports in at_forge if name and same(name, ports)]
    return its_own or (at_forge if any(isinstance(signal, Command | Alert) for signal in signals) else [])
