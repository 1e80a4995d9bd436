"""Quarantines at HEAD → the one that has to end or to be extended now, as a commit of its own. Level-triggered, one at a time.

A quarantine ends by itself when a newer version has served well. When its time is up and no newer version is known, the next thing a
bot would choose is the bad one: then it is extended, and its owner told (F2). Ending it deploys nothing, and obeys freezes and trust.
"""

from __future__ import annotations

import hashlib

from bot.changes.change import Change, Merged
from bot.changes.markdown import code, prose
from bot.changes.moments import utc
from bot.plans.keeping import Newer, extended, newer
from bot.policy.settings import Trust
from bot.policy.windows import closed
from bot.policy.words import holding
from bot.ports import Notice, Ports
from bot.quarantine import Quarantine, read
from bot.reconciler.lifting import lifting, one_line
from bot.reconciler.outbox import announce
from bot.reconciler.saving import news, note_alone
from bot.reconciler.view import View
from bot.records.entry import Note, Stage
from bot.refs import ServiceRef


def expire(view: View, ports: Ports) -> bool:
    """Carry the first of them that is due as far as trust goes; whether HEAD has moved by that."""
    known = read(view.state)
    for each in known:
        others = [other for other in known if other.path != each.path]
        found = newer(each, others, view.state) if each.places else None
        if found is not None and (view.now >= each.expires or _served(found, view, ports)):
            why = f"{found.version} has been released in {found.release.service.environment} since and nothing is held against it"
            if _carried_out(each, lifting(each, "rollbot", why, view, ports), f"is allowed again: {why}", view, ports, ends=True):
                return True
        elif view.now >= each.expires and not each.places:
            why = "its time is up"
            if _carried_out(each, lifting(each, "rollbot", why, view, ports), "is allowed again: its time is up", view, ports, ends=True):
                return True
        elif view.now >= each.expires and _carried_out(each, _extending(each, view, ports), _LONGER, view, ports, ends=False):
            return True
    return False


_LONGER = "is kept out for longer: its time is up, but no newer version is known, so a bot would choose it next"


def _served(found: Newer, view: View, ports: Ports) -> bool:
    """Whether it has run for long enough where it is, with nothing blamed on it."""
    if view.now - found.release.time < view.config.attribution.good_after:
        return False
    incidents = ports.store.incidents(service=found.release.service)
    return not any(each.ended is None or any(action.release == found.release.commit for action in each.actions) for each in incidents)


def _carried_out(each: Quarantine, change: Change, what: str, view: View, ports: Ports, *, ends: bool) -> bool:
    """Merge it or leave it to a person; a person who closed it is not asked again."""
    ref = ServiceRef(ports.repository.name, each.environment, each.service)
    pull = ports.forge.find(change.branch)
    if pull is not None and pull.state != "open":
        return False
    windows = (*(freeze.window for freeze in view.config.policy.freezes), *view.config.policy.maintenance)
    waits = holding(view.holds, ref, view.now) is not None or (ends and closed(windows, ref, (), view.now) is not None)
    alone = view.config.policy.trust_at(each.environment, view.now).rung >= Trust.MERGE.rung and not waits
    if view.config.policy.trust_at(each.environment, view.now).rung < Trust.PROPOSE.rung or (waits and pull is None):
        return False
    head = ports.forge.commit(change)
    pull = ports.forge.open(change)
    said = f"{each.version} of {ref} {what}"
    notice = Notice(f"kept:{change.branch}", said, f"asked of {each.owner}; {change.title}", urgent=False, service=ref)
    _told(notice, f"pull request {pull.number}" + ("" if alone else " waits for a person"), ports)
    if not alone or isinstance(ports.forge.merge(pull, head), Merged):
        return alone
    _told(notice, f"pull request {pull.number} waits for a person", ports)
    return False


def _told(notice: Notice, how: str, ports: Ports) -> None:
    """Told before it is done: once HEAD has moved nobody would know. What was told before is noted alone."""
    note = Note(Stage.CHANGE, notice.title, (how,))
    if news((note,), ports.store.entries("")):
        announce([notice], ports)
        note_alone(note, ports)


def _extending(each: Quarantine, view: View, ports: Ports) -> Change:
    """The same quarantine that ends at the same time has the same branch."""
    until = view.now + view.config.policy.quarantine
    key = hashlib.sha256(f"{ports.repository.name}\n{each.path}\n{each.expires}".encode()).hexdigest()
    title = one_line(f"Keep {each.service} {each.version[:40]} out of {each.environment} for longer")
    marker = f"<!-- rollbot:extend:{key} -->"
    body = (
        f"{marker}\n**{code(each.service)} {code(each.version)} stays out of {code(each.environment)} until {utc(until)}.**\n\n"
        f"Its time is up, but no newer version is known here: the bot that chooses versions would take it again. "
        f"It was kept out because: {prose(each.reason)}. `/rollback allow VERSION` lets it back all the same.\n"
    )
    stem = each.path.rpartition("/")[2].removesuffix(".yaml").lower()[:60].strip("-.").replace("..", "-")
    message = f"{title}\n\nNo newer version is known.\n\nRollback-Extend: {one_line(f'{each.environment}/{each.service} {each.version}')}\n"
    files = extended(view.state, each, until)
    return Change(f"rollbot/extend/{stem}-{key[:8]}", ports.repository.branch, view.state.head, message, files, title, body, marker)
