"""Git's host is away while something is to be done (F19): a person is paged with what to type, and told on return what differs."""

from __future__ import annotations

import json
from typing import Any

from bot.changes.moments import utc
from bot.errors import Refused, Unavailable
from bot.incidents.incident import Incident
from bot.plans.breakglass import commands
from bot.plans.make import make
from bot.plans.plan import ByService, Plan, Unplanned
from bot.ports import Notice, Ports, Sync
from bot.reconciler.arriving import asked_of
from bot.reconciler.drafting import planned
from bot.reconciler.look import look
from bot.reconciler.outbox import announce
from bot.reconciler.view import in_force
from bot.refs import Instant
from bot.releases.release import DesiredState

_NOWHERE = "rollbot/none"
"""A branch that is never there, to ask the forge about."""


def away(ports: Ports, incident: Incident | None = None) -> None:
    """To be called whenever work on the repository waits for the outside world: notice whether that is Git's host, and page in time."""
    why = _why(ports)
    if why is None:
        _over(ports)
        return
    now = ports.clock.now()
    known = _kept(ports) or {"since": now, "head": _head(ports), "paged": []}
    subject = incident.id if incident else ""
    if now - known["since"] >= ports.patience and subject not in known["paged"]:
        announce([_page(why, known["since"], incident, ports)], ports)
        known["paged"].append(subject)
    ports.store.keep(_name(ports), json.dumps(known).encode())


def back(ports: Ports) -> None:
    """To be called whenever work on the repository went well: notice whether Git's host is back."""
    if _kept(ports) and _why(ports) is None:
        _over(ports)


def _over(ports: Ports) -> None:
    """Say what differs now to whoever was paged, and that nobody has to break glass any more."""
    known = _kept(ports)
    if known is None:
        return
    paged = [(ports.store.incident(subject) if subject else None) for subject in known["paged"]]
    announce([_returned(known["since"], known["head"], incident, ports) for incident in paged], ports)
    ports.store.forget(_name(ports))


def _why(ports: Ports) -> str | None:
    """Why Git's host cannot be worked with, None where it can."""
    try:
        ports.repository.fetch()
        ports.forge.find(_NOWHERE)
    except Unavailable as error:
        return str(error)
    except Refused:
        return None
    return None


def _page(why: str, since: Instant, incident: Incident | None, ports: Ports) -> Notice:
    subject = _subject(since, incident, ports)
    minutes = round((ports.clock.now() - since) / 60)
    about = incident.service if incident else ports.repository.name
    lines = [f"Git's host has not answered for {minutes} minutes: {why}", *_typed(incident, ports)]
    service = incident.service if incident else None
    return Notice(subject, f"{about}: break glass, Git is away", "\n".join(lines), True, subject, service=service)


def _typed(incident: Incident | None, ports: Ports) -> list[str]:
    try:
        state = _mirrored(ports)
    except (Unavailable, Refused) as error:
        return [f"There is no mirror to read either: {error}"]
    head = state.head
    seen = ports.fetched.get(ports.repository.name)
    age = f"last fetched {utc(seen)}" if seen is not None else "when it was fetched is not known"
    known = f"The mirror ends with {head[:12]} of {utc(state.log[0].time)}, {age}"
    if incident is None:
        return [f"{known}; what came in meanwhile waits, and whose it is was not looked at"]
    plan = _planned(incident, state, ports)
    if isinstance(plan, Unplanned):
        return [f"{known}; there is no plan: {'; '.join(str(each) for each in plan.objections)}"]
    doubt = () if incident.actions else ("Nobody has judged yet whether the newest release is to blame; this would take it back:",)
    return [f"{known}.", *doubt, *commands(plan, state)]


def _mirrored(ports: Ports) -> DesiredState:
    """What the mirror's head says, fetched or not."""
    head = ports.repository.resolve(ports.repository.branch)
    rules = in_force(ports, ports.repository.tree(head)).config.manifests
    return look(ports.repository, ports.cache, rules, at=head, known=ports.seen.get(ports.repository.name))


def _planned(incident: Incident, state: DesiredState, ports: Ports) -> Plan | Unplanned:
    if incident.actions:
        return planned(incident, state, ports.repository)
    return make(ByService(incident.service.name, incident.service.environment), state)


def _returned(since: Instant, head: str, incident: Incident | None, ports: Ports) -> Notice:
    now = ports.clock.now()
    subject = _subject(since, incident, ports)
    newest = _head(ports)
    lines = [f"It was away for {round((now - since) / 60)} minutes."]
    lines.append(
        f"{ports.repository.branch} is where it was, at {head[:12]}" if newest == head else f"It went from {head[:12]} to {newest[:12]}"
    )
    lines += _applied(incident, newest, ports) if incident is not None else []
    lines.append("Whatever was applied to the cluster by hand has to be brought into Git now, or goes with the next sync.")
    service = incident.service if incident else None
    title = f"{service or ports.repository.name}: Git answers again"
    return Notice(f"{subject}:back", title, "\n".join(lines), False, subject, service=service, handled=True)


def _applied(incident: Incident, newest: str, ports: Ports) -> list[str]:
    """What each place says that it runs, beside what Git says."""
    try:
        commit = incident.action.commit if incident.actions else None
        sync = ports.cluster.sync(asked_of(incident.service, commit, _mirrored(ports)))
    except (Unavailable, Refused):
        sync = None
    if sync is None:
        return ["What the cluster runs cannot be told: compare it by hand"]
    return [_beside(newest, place) for place in sync.places]


def _beside(newest: str, place: Sync) -> str:
    where = place.where or "The cluster"
    if place.revision is None:
        return f"{where} does not say what it runs: compare it by hand"
    same = "the same" if place.revision == newest else f"not {newest[:12]}"
    health = {True: "healthy", False: "not healthy", None: "health unknown"}[place.healthy]
    return f"{where} says that it runs {place.revision[:12]} ({same}, {health})"


def _subject(since: Instant, incident: Incident | None, ports: Ports) -> str:
    return f"break-glass:{incident.id if incident else ports.repository.name}:{since!r}"


def _kept(ports: Ports) -> dict[str, Any] | None:
    """`since` when, the `head` at that time, and for which incidents somebody was `paged` ("": for what came in)."""
    text = ports.store.kept(_name(ports))
    return json.loads(text) if text else None


def _head(ports: Ports) -> str:
    try:
        return ports.repository.resolve(ports.repository.branch)
    except (Unavailable, Refused):
        return ""


def _name(ports: Ports) -> str:
    return f"away:{ports.repository.name}"
