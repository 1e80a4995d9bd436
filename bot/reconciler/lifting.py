"""`/rollback allow`: a quarantine is lifted by a commit that deletes its file and lets its setters work again. It deploys nothing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from bot.changes.change import Blocked, Change, Merged, Moved, PullRequest
from bot.changes.markdown import code, prose, unlinked
from bot.errors import Refused
from bot.plans.quarantine import lift
from bot.policy.settings import Trust
from bot.ports import Ports
from bot.quarantine import Quarantine, read
from bot.reconciler.permitting import outside
from bot.reconciler.subjects import Unclear
from bot.reconciler.talking import Reply, named, say
from bot.reconciler.view import View, look_around
from bot.records.replies import answer
from bot.signals.signal import Command, Reaction, Thread
from bot.signals.spoken import Allow

ALLOWING = "rollbot/allow/"
"""How the branch of an allowing pull request begins."""
MOST = 200
"""Allowing pull requests that are followed; the oldest are let go first."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Where it was asked for, and the branch of its pull request."""

    repository: str
    number: int
    comment: int
    branch: str
    version: str


def allow(command: Command, spoken: Allow, view: View, ports: Ports) -> Reply:
    """Propose that commit, or merge it where trust goes that far."""
    before = ports.store.kept(_place(command))
    if before is not None and (pull := ports.forge.find(before.decode())) is not None and pull.state == "merged":
        return Reply(Reaction.DONE, answer(f"{code(spoken.version)} is allowed again: {_linked(pull.number, pull.url)} is merged."))
    found = _named(spoken, view)
    if isinstance(found, Unclear):
        return Reply(Reaction.UNCLEAR, answer("Nothing is done.", [found.why], found.commands))
    if view.stopped:
        raise Refused(f"stop is pressed ({view.stopped}): lift it first")
    if ports.conversation is None:
        raise Refused("this forge has no issues and comments")
    if why := outside(command.actor, [found.environment], view.config.people, ports.conversation):
        return Reply(Reaction.REFUSED, answer("Nothing is done.", [why]))
    change = lifting(found, command, spoken.reason, view, ports)
    ports.store.keep(_place(command), change.branch.encode())
    _remember(_Waiting(command.thread.repository, command.thread.number, command.comment, change.branch, found.version), ports)
    return _carried_out(found, change, view, ports)


def follow(ports: Ports) -> None:
    """Tell whoever asked what became of an allowing pull request: merged, or closed. Told twice it is the same answer."""
    for each in _waiting(ports):
        pull = ports.forge.find(each.branch)
        if pull is not None and pull.state == "open":
            continue
        if pull is not None:
            _tell(each, pull, ports)
        _keep([other for other in _waiting(ports) if other != each], ports)


def _tell(each: _Waiting, pull: PullRequest, ports: Ports) -> None:
    link, version = _linked(pull.number, pull.url), code(each.version)
    if pull.state == "merged":
        reply = Reply(Reaction.DONE, answer(f"{version} is allowed again: {link} is merged.", ["It deploys nothing by itself."]))
    else:
        stays = f"{link} was closed without a merge: {version} stays in quarantine."
        reply = Reply(Reaction.REFUSED, answer(stays, ["to propose it again:"], [f"/rollback allow {each.version}"]))
    say(Thread(each.repository, each.number), each.comment, reply, ports)


def lifting(quarantine: Quarantine, command: Command, reason: str, view: View, ports: Ports) -> Change:
    """The same quarantine has the same branch, whoever lifts it and however often."""
    key = hashlib.sha256(f"{ports.repository.name}\n{quarantine.path}\n{quarantine.since}".encode()).hexdigest()
    stem = quarantine.path.rpartition("/")[2].removesuffix(".yaml").lower()[:60].strip("-.").replace("..", "-")
    what = f"Allow {quarantine.service} {quarantine.version[:40]} in {quarantine.environment} again"
    why = reason or f"asked for by {command.actor}"
    # no Rollback-Service trailer: that would make it a rollback of the service in the eyes of the next incident
    message = (
        f"{_line(what)}\n\n{_line(why)}\n\nRollback-Allow: {_line(f'{quarantine.environment}/{quarantine.service} {quarantine.version}')}\n"
    )
    marker = f"<!-- rollbot:allow:{key} -->"
    body = (
        f"{marker}\n**{code(quarantine.service)} {code(quarantine.version)} may come back to {code(quarantine.environment)}.**\n\n"
        f"{prose(command.actor)} asked for it{f': {prose(reason)}' if reason else ''}.\n\n"
        f"It was kept out because: {prose(quarantine.reason)}. This deletes {code(quarantine.path)}, lets the setters that it muted "
        "work again, and deploys nothing by itself.\n"
    )
    files = lift(view.state, quarantine, read(view.state), view.config.manifests)
    return Change(f"{ALLOWING}{stem}-{key[:8]}", ports.repository.branch, view.state.head, message, files, _line(what), body, marker)


def _named(spoken: Allow, view: View) -> Quarantine | Unclear:
    known = read(view.state)
    fits = [
        each
        for each in known
        if spoken.version in (each.version, each.version.partition("@")[0])
        and spoken.service in (None, each.service)
        and spoken.environment in (None, each.environment)
    ]
    if len(fits) == 1:
        return fits[0]
    listed = tuple(f"/rollback allow {each.version} {each.service} in {each.environment}" for each in (fits or known)[:10])
    if fits:
        return Unclear("several quarantines fit", listed)
    return Unclear(f"{spoken.version} is not in quarantine{'; these are' if known else ', nor is anything else'}", listed)


def _carried_out(found: Quarantine, change: Change, view: View, ports: Ports) -> Reply:
    head = ports.forge.commit(change)
    pull = ports.forge.open(change)
    link, version = _linked(pull.number, pull.url), code(found.version)
    if view.config.policy.trust_in(found.environment).rung < Trust.MERGE.rung:
        return Reply(Reaction.DONE, answer(f"{link} lets {version} back once a person merges it."))
    if stopped := look_around(ports).stopped:  # pressed meanwhile: it holds for each effect, not for each command
        why = f"stop is pressed ({stopped}), so it is not merged by itself"
        return Reply(Reaction.DONE, answer(f"{link} lets {version} back once a person merges it.", [why]))
    match ports.forge.merge(pull, head):
        case Merged():
            return Reply(Reaction.DONE, answer(f"{version} is allowed again: {link} is merged.", ["It deploys nothing by itself."]))
        case Blocked(by=by):
            return Reply(
                Reaction.DONE, answer(f"{link} lets {version} back once it is merged.", [f"the forge does not merge it yet: {by}"])
            )
        case Moved():
            return Reply(Reaction.DONE, answer(f"{link} lets {version} back once a person merges it.", ["the branch moved on meanwhile"]))


def _remember(said: _Waiting, ports: Ports) -> None:
    _keep([*(each for each in _waiting(ports) if each != said), said][-MOST:], ports)


def _waiting(ports: Ports) -> list[_Waiting]:
    text = ports.store.kept(f"allowing:{ports.repository.name}")
    return [_Waiting(**fields) for fields in json.loads(text)] if text else []


def _keep(waiting: list[_Waiting], ports: Ports) -> None:
    ports.store.keep(f"allowing:{ports.repository.name}", json.dumps([asdict(each) for each in waiting]).encode())


def _place(command: Command) -> str:
    return f"allowing:{named(command)}"


def _linked(number: int, url: str | None) -> str:
    return (
        f"[#{number}]({url})"
        if url and url.startswith(("https://", "http://")) and not any(c in url for c in "()<>[] \n")
        else f"#{number}"
    )


def _line(text: str) -> str:
    """One line that mentions nobody, for places that are no Markdown."""
    return unlinked(" ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:300])
