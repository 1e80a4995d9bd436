"""After another bot's run: a release that is kept out and has come back goes back again, twice at most; then a person (scars 2, 3)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from bot.changes.change import Change, Merged
from bot.changes.markdown import code, prose
from bot.objections import Objection
from bot.plans.repin import Returned, repinned, returned
from bot.policy.settings import Trust
from bot.policy.windows import closed
from bot.policy.words import holding
from bot.ports import Notice, Ports
from bot.quarantine import Quarantine, read
from bot.reconciler.lifting import one_line
from bot.reconciler.outbox import announce
from bot.reconciler.saving import news, note_alone
from bot.reconciler.view import View
from bot.records.entry import Note, Stage
from bot.records.trailers import repins
from bot.refs import ServiceRef

MOST = 2


def repin(view: View, ports: Ports) -> bool:
    """Take the first of them back as far as trust goes; whether HEAD has moved by that."""
    for each in read(view.state):
        found = None if view.now >= each.expires else returned(each, view.state, view.config.policy.hold_forward)
        if found is not None and _answered(each, found, view, ports):
            return True
    return False


def _answered(each: Quarantine, found: Returned, view: View, ports: Ports) -> bool:
    ref = ServiceRef(ports.repository.name, each.environment, each.service)
    what = f"{found.release.author} moved {ref} to {found.release.version} ({found.release.commit[:8]}), which is kept out"
    times = repins(view.state.log, each.path, each.since)
    if times >= MOST:
        _told(each, found, f"{what}; it was taken back {times} times already, so a person has to stop that bot", ports)
        return False
    files = repinned(found, each, view.state)
    if isinstance(files, Objection):
        _told(each, found, f"{what}; it cannot be taken back: {files}", ports)
        return False
    trust = view.config.policy.trust_at(each.environment, view.now)
    if trust.rung < Trust.PROPOSE.rung:
        _told(each, found, f"{what}; trust goes no further than {trust}", ports)
        return False
    change = _change(each, found, files, view, ports)
    pull = ports.forge.find(change.branch)
    if pull is not None and pull.state != "open":
        return False
    head = ports.forge.commit(change)
    pull = ports.forge.open(change)
    alone = trust.rung >= Trust.MERGE.rung and not _waits(ref, view)
    done = f"{what}; pull request {pull.number} takes it back"
    if alone:
        _told(each, found, done, ports, urgent=False)  # before it is done: once HEAD has moved nobody would know
        if isinstance(ports.forge.merge(pull, head), Merged):
            return True
    _told(each, found, f"{done} once a person merges it", ports, "waits" if alone else "")
    return False


def _waits(ref: ServiceRef, view: View) -> bool:
    """A hold, maintenance, and a freeze that lets no rollback through leave it to a person."""
    policy = view.config.policy
    windows = (*(freeze.window for freeze in policy.freezes if not freeze.rollbacks), *policy.maintenance)
    frozen = closed([*windows], ref, (), view.now) is not None or ref.environment in policy.frozen
    return frozen or holding(view.holds, ref, view.now) is not None


def _change(each: Quarantine, found: Returned, files: Mapping[str, bytes], view: View, ports: Ports) -> Change:
    """The same release that came back has the same branch."""
    key = hashlib.sha256(f"{ports.repository.name}\n{each.path}\n{found.release.commit}".encode()).hexdigest()
    title = one_line(f"Keep {each.service} at {found.back_to[:40]} in {each.environment}")
    trailers = {
        "Rollback-Service": each.service,
        "Rollback-Environment": each.environment,
        "Rollback-Release": found.release.commit,
        "Rollback-From": found.release.version,
        "Rollback-To": found.back_to,
        "Rollback-Incident": each.incident,
        "Rollback-Repin": each.path,
    }
    said = f"{found.release.author} moved it to {found.release.version}, which is kept out."
    message = f"{title}\n\n{one_line(said)}\n\n" + "".join(f"{name}: {one_line(value)}\n" for name, value in trailers.items())
    marker = f"<!-- rollbot:repin:{key} -->"
    body = (
        f"{marker}\n**{code(each.service)} in {code(each.environment)} goes back to {code(found.back_to)} again.**\n\n"
        f"{prose(said)} It is kept out because: {prose(each.reason)} ({code(each.path)}).\n\n"
        f"After {MOST} times Rollbot leaves it to a person. `/rollback allow VERSION` lets the version back.\n"
    )
    branch = f"rollbot/repin/{key[:12]}"
    return Change(branch, ports.repository.branch, view.state.head, message, files, title, body, marker)


def _told(each: Quarantine, found: Returned, text: str, ports: Ports, more: str = "", *, urgent: bool = True) -> None:
    """Told before it is noted: killed in between, it is told again, which nobody hears twice. `more`: what sets it apart from what was."""
    note = Note(Stage.CHANGE, text, (each.path,))
    if news((note,), ports.store.entries("")):
        key, ref = (
            f"repin:{each.path}:{found.release.commit}{more and f':{more}'}",
            ServiceRef(ports.repository.name, each.environment, each.service),
        )
        announce([Notice(key, text, f"kept out by {each.owner}: {each.reason}", urgent, service=ref)], ports)
        note_alone(note, ports)
