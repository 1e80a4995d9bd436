"""What is on its way to people → delivered, each notice to every messenger at least once; and what stands kept up.

A messenger that fails is tried again later and later, by itself: it keeps no other waiting. What one has taken is remembered before the
next is asked, so nothing is delivered twice where the answer was clear.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.errors import Refused, Unavailable
from bot.ports import Messenger, Ports
from bot.reconciler.outbox import Sent, Waiting, forget, keep, lost, waiting
from bot.reconciler.paging import hand_over, look_after, standing
from bot.reconciler.saving import note_alone
from bot.records.entry import Note, Stage
from bot.refs import Instant

EVERY = 60.0
"""Seconds between renewals of what stands: a fifth of what it stands for (`alertmanager.STANDS`)."""
FIRST_RETRY, LAST_RETRY = 5.0, 900.0
GIVEN_UP = 86_400.0
"""Seconds after which a notice is no news any more."""
FAILURES = 2
"""How many notices in a row a messenger may fail before it is left alone for this time."""
LONGEST = 45.0
"""Seconds of delivering after which the rest is left to the next turn: who is called next does not wait for all who were called before."""


def due(ports: Ports, now: Instant) -> bool:
    """Whether it is time to renew; what waits to be delivered comes by itself."""
    return bool(ports.messengers) and not 0 <= now - worked(ports) < EVERY


def worked(ports: Ports) -> Instant:
    """When notices were last worked on."""
    return float(_kept(ports).get("at", "-inf"))


def troubles(ports: Ports) -> Mapping[str, str]:
    """Why a messenger did not take what was last renewed, by its name."""
    return {name: why for name, why in _kept(ports).items() if name != "at" and why and name in ports.messengers}


def undelivered(ports: Ports) -> tuple[Waiting, ...]:
    """Urgent notices that were tried everywhere and that nobody has."""
    return tuple(row for row in waiting(ports) if lost(row, ports.messengers))


def deliver(ports: Ports) -> Instant | None:
    """Deliver what is due, see whose page is handled, renew the rest; say when the next try is due."""
    if not ports.messengers:
        return None
    start = ports.clock.now()
    look_after(ports)
    rows = {row.notice.key: _paged(row, ports) for row in waiting(ports)}
    for name, messenger in ports.messengers.items():
        _through(name, messenger, rows, start, ports)
    for row in rows.values():
        _settle(row, ports)
    if due(ports, ports.clock.now()):
        _renew(ports)
    return _next(waiting(ports), ports)


def _paged(row: Waiting, ports: Ports) -> Waiting:
    if not row.paged:
        hand_over(row.notice, row.at, ports)
        row = replace(row, paged=True)
        keep(row, ports)
    return row


def _through(name: str, messenger: Messenger, rows: dict[str, Waiting], start: Instant, ports: Ports) -> None:
    """One after the other, so that the word that a page is handled never overtakes the page."""
    held: set[str] = set()
    failures = 0
    for key, row in list(rows.items()):
        how, now = row.of(name), ports.clock.now()
        if how.done is not None:
            continue
        if how.again > now or row.notice.subject in held:
            held.add(row.notice.subject)
            continue
        if failures == FAILURES or now - start > LONGEST:
            return
        how = _tried(messenger, row, how, ports)
        failures = 0 if how.done is not None else failures + 1
        if how.done is None:
            held.add(row.notice.subject)
        rows[key] = row.with_(name, how)
        keep(rows[key], ports)


def _tried(messenger: Messenger, row: Waiting, how: Sent, ports: Ports) -> Sent:
    tries = how.tries + 1
    try:
        messenger.deliver(row.notice)
    except Unavailable as error:
        later = min(LAST_RETRY, FIRST_RETRY * 2.0 ** min(how.tries, 10))
        return Sent(tries, ports.clock.now() + later, None, str(error))
    except Refused as error:  # a wrong key can be put right: asked again, but seldom
        return Sent(tries, ports.clock.now() + LAST_RETRY, None, str(error))
    return Sent(tries, 0.0, ports.clock.now())


def _settle(row: Waiting, ports: Ports) -> None:
    """Forget what everybody has. What is a day old goes too, and the record says who never had it."""
    without = {name: row.of(name).why for name in ports.messengers if row.of(name).done is None}
    if without and ports.clock.now() - row.at < GIVEN_UP:
        return
    if without:
        reasons = tuple(f"{name}: {why or 'not tried'}" for name, why in without.items())
        note_alone(Note(Stage.END, f"given up telling: {row.notice.title}", reasons, {"key": f"notice:{row.notice.key}"}), ports)
    forget(row, ports)


def _next(rows: Sequence[Waiting], ports: Ports) -> Instant | None:
    """When the first of those that hold others up is to be tried again."""
    soon = ports.clock.now() + FIRST_RETRY
    found: dict[tuple[str, str], Instant] = {}
    for row in rows:
        for name in ports.messengers:
            if row.of(name).done is None:
                found.setdefault((name, row.notice.subject), max(soon, row.of(name).again))
    return min(found.values(), default=None)


def _renew(ports: Ports) -> None:
    pages, said = standing(ports), dict[str, str]()
    for name, messenger in ports.messengers.items():
        try:
            messenger.renew(pages)
        except (Unavailable, Refused) as error:
            said[name] = str(error)
    ports.store.keep(_name(ports), json.dumps({**said, "at": repr(ports.clock.now())}, sort_keys=True).encode())


def _kept(ports: Ports) -> dict[str, str]:
    text = ports.store.kept(_name(ports))
    return json.loads(text) if text else {}


def _name(ports: Ports) -> str:
    return f"notified:{ports.repository.name}"
