"""A person's request, whichever door it came through → carried as far as it goes now, and what to say of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.errors import Unavailable

if TYPE_CHECKING:
    from bot.incidents.incident import Incident
    from bot.ports import Ports
    from bot.reconciler.asking import Answer
    from bot.refs import Instant
    from bot.settings import Settings
    from bot.signals.signal import Asked


@dataclass(frozen=True, slots=True)
class Carried:
    """`waits`: when to look again, where what is left is for time or others to do (a check, an approval)."""

    answer: Answer
    waits: Instant | None = None

    def insist(self) -> Answer:
        """The answer of what is done. Raises Unavailable where it waits."""
        incident = self.answer.incident
        if self.waits is not None and incident is not None:
            raise Unavailable(f"{incident.id} waits ({incident.state}); `rollbot serve` goes on with it, or run this again")
        return self.answer


@contextmanager
def written_to(address: str, found: Settings) -> Iterator[Ports]:
    """Open the ports of the one repository that a rollback has to be written to: a clone's origin, or the repository itself."""
    from bot import wiring

    with wiring.house(found, (wiring.upstream(address, found),)) as house:
        [ports] = house.ports.values()
        yield ports


def carry(asked: Asked, ports: Ports, *, dry_run: bool) -> Carried:
    """Open the incident and carry it as far as it goes without waiting; `dry_run`: think it through, write nothing."""
    from bot.reconciler.asking import ask
    from bot.reconciler.reconcile import reconcile
    from bot.reconciler.rehearsal import rehearse

    if dry_run:
        return Carried(rehearse(asked, ports))
    _catch_up(ports)
    answer = ask(asked, ports)
    while answer.incident is not None and not _settled(answer.incident):
        again = reconcile(answer.incident.id, ports)
        answer = replace(answer, incident=ports.store.incident(answer.incident.id))
        if again is not None and again > ports.clock.now() and answer.incident is not None and not _settled(answer.incident):
            return Carried(answer, again)
    return Carried(answer)


def _catch_up(ports: Ports) -> None:
    """See what became of earlier rollbacks, where no server has looked since: it changes nothing in Git."""
    from bot.incidents.lifecycle import State
    from bot.reconciler.reconcile import reconcile

    for incident in ports.store.incidents(ports.repository.name, open_only=True):
        seen: Incident | None = incident
        while seen and seen.state in (State.MERGED, State.ARRIVED) and (seen.due is None or seen.due <= ports.clock.now()):
            reconcile(seen.id, ports)
            seen = ports.store.incident(seen.id)


def _settled(incident: Incident) -> bool:
    """Whether what is left is not ours to hurry: a person's merge, the cluster's sync."""
    from bot.incidents.lifecycle import State
    from bot.policy.settings import Trust

    if incident.state is State.PROPOSED:
        return incident.action.mode == Trust.PROPOSE
    return incident.state in (State.MERGED, State.ARRIVED, State.ENDED)


def row(answer: Answer) -> dict[str, Any]:
    """`decision` is `rollback`, `refuse` or `escalate`; `reason_code` says how far it went, or what forbade it."""
    incident = answer.incident
    if incident is None:
        code = answer.objections[0].code if answer.objections else "refused"
        return {"decision": "refuse", "reason_code": code, "branch": None, "commit": None, "pull_request": None}
    action = incident.actions[-1] if incident.actions else None
    decision = _decision(incident)
    coded = re.search(r"\[([a-z0-9-]+)\]$", incident.why)
    return {
        "decision": decision,
        "reason_code": coded[1] if coded and decision != "rollback" else _reach(incident),
        "branch": action.branch or None if action else None,
        "commit": (action.commit or action.head) if action else None,
        "pull_request": action.pull if action else None,
    }


def _decision(incident: Incident) -> str:
    from bot.incidents.lifecycle import End

    if incident.end in (None, End.DONE, End.RECOVERED):
        return "rollback"
    return "escalate" if incident.end is End.ESCALATED else "refuse"


def _reach(incident: Incident) -> str:
    """How far it went: `would-merge` where it was only rehearsed, else the incident's end or state."""
    from bot.incidents.lifecycle import State

    if incident.state is State.ADMITTED:
        return f"would-{incident.action.mode}"
    return str(incident.end or incident.state)
