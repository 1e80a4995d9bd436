"""Pages that stand: raised by an urgent notice, kept up until somebody has handled what they are about.

Level-triggered: whether anybody is still needed is asked of the incident and of Prometheus. That nothing can be told is no reason to
call nobody.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from bot.errors import Refused, Unavailable
from bot.incidents.incident import Incident
from bot.incidents.lifecycle import State
from bot.ports import Notice, Ports
from bot.reconciler.outbox import announce, noticed
from bot.refs import Instant

LONGEST = 86_400.0
"""Seconds after which a page that nobody handled is not kept up any more: whoever was called has it by then, or never will."""
SETTLING = 60.0
"""Seconds that a step may take to be saved after it was told: before that, where the incident stands is not news."""
_FAR = {State.MERGED: 1, State.ARRIVED: 2}
"""How far an incident is, for the question whether it has gone on since somebody was called; 0 before anything is merged."""


@dataclass(frozen=True, slots=True)
class Page:
    """`since`: when it was raised."""

    notice: Notice
    since: Instant


def hand_over(notice: Notice, at: Instant, ports: Ports) -> None:
    """Raise the page of an urgent notice, take down the one that it says is handled, or somebody has."""
    if notice.urgent:
        ports.store.keep(_name(notice.subject, ports), json.dumps(asdict(Page(notice, at)), sort_keys=True).encode())
    elif notice.handled or notice.taken:
        ports.store.forget(_name(notice.subject, ports))


def standing(ports: Ports) -> Sequence[Notice]:
    """The notices whose pages stand."""
    return tuple(page.notice for page in pages(ports))


def pages(ports: Ports) -> Sequence[Page]:
    found = (_read(text) for text in ports.store.kept_under(_prefix(ports)).values())
    return tuple(page for page in found if page is not None)


def look_after(ports: Ports) -> None:
    """Take down the pages that nobody is needed for any more, and say so to those who were called."""
    now = ports.clock.now()
    for page in pages(ports):
        if now - page.since > LONGEST:
            ports.store.forget(_name(page.notice.subject, ports))
        elif why := handled(page, ports):
            settle(page, why, ports)


def settle(page: Page, why: str, ports: Ports) -> None:
    """Tell that nobody is needed any more."""
    of = page.notice
    key, title = f"{of.subject}:handled:{page.since!r}", f"{of.service or of.title}: handled"
    announce([replace(of, key=key, title=title, text=why, urgent=False, handled=True, about=of.subject)], ports)


def handled(page: Page, ports: Ports) -> str:
    """Say why nobody is needed any more, "" where somebody is, or it cannot be told."""
    incident = ports.store.incident(page.notice.about) if page.notice.about else None
    if incident is None or not page.notice.state or ports.clock.now() - page.since < SETTLING:
        return ""
    state = State(page.notice.state)
    if state is State.ENDED:
        return _quiet(incident, ports) if incident.state is State.ENDED else ""
    return f"it has gone on: {incident.state}" if _FAR.get(incident.state, 0) > _FAR.get(state, 0) else ""


def _quiet(incident: Incident, ports: Ports) -> str:
    """Whether Prometheus says of every alert of an ended incident that it does not fire."""
    try:
        firing = [ports.metrics.firing(each.name, each.labels) for each in incident.symptoms]
    except (Unavailable, Refused):
        return ""
    return "none of its alerts fires any more" if firing and all(one is False for one in firing) else ""


def _read(text: bytes | None) -> Page | None:
    if text is None:
        return None
    raw = json.loads(text)
    return Page(noticed(raw["notice"]), raw["since"])


def _prefix(ports: Ports) -> str:
    return f"page:{ports.repository.name}\n"


def _name(subject: str, ports: Ports) -> str:
    return f"{_prefix(ports)}{subject}"
