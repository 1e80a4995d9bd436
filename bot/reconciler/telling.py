"""What a step has to tell people: notices; and what should stand at the forge now, brought there where it does not stand yet.

All of it is best effort: a forge that does not take a comment never keeps a rollback from going on. Its no is recorded, once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.changes.change import Mark, PullRequest
from bot.errors import Refused, Unavailable
from bot.incidents.incident import Action, Incident, Kind
from bot.incidents.lifecycle import State
from bot.policy.settings import Trust
from bot.ports import Notice, Ports
from bot.reconciler.outbox import announce
from bot.reconciler.saving import news
from bot.reconciler.step import Step
from bot.reconciler.talking import home, say, tell_asker
from bot.records.comments import BEGINS, Said, culprit, mark, notice, replaced, status, told_of
from bot.records.entry import Note, Stage
from bot.records.pages import page, title
from bot.refs import Sha
from bot.signals.signal import Thread

_ITSELF = ("propose:", "countdown:")
"""Notices that the pull request itself, or the comment that follows it, tells already."""
_REFUSED = b" refused"


@dataclass(frozen=True, slots=True)
class _Text:
    """Something that should stand at the forge: `name` is its place, `text` what makes it another."""

    name: str
    text: str
    bring: Callable[[], None]
    about: str


def tell(step: Step, ports: Ports) -> Step:
    """Tell it all, each thing once, and answer the step with what the forge refused noted.

    Raises Unavailable where the forge does not answer and this was the last word (`step.comment` and the incident has ended).
    """
    incident = step.incident
    announce([_paged(each, step, ports) for each in step.notices], ports)
    if _about_to_merge(step):
        return step
    notes: list[Note] = []
    for text in (*_asker(incident, ports), *_texts(step, ports)):
        try:
            notes += _bring(text, incident, ports)
        except Unavailable:
            if step.comment and incident.state is State.ENDED:
                raise
    return replace(step, notes=(*notes, *step.notes))


def _paged(told: Notice, step: Step, ports: Ports) -> Notice:
    """The notice as it is told on a phone; at the forge it is told at length."""
    incident = step.incident
    url = f"{ports.public_url}/incidents/{incident.id}" if ports.public_url else ""
    notes = (note for note in step.notes if note.stage is Stage.SUSPECTS)
    entries = (entry for entry in reversed(ports.store.entries(incident.id)) if entry.stage is Stage.SUSPECTS)
    latest = next(notes, None) or next(entries, None)
    text = page(incident, told.text, latest.facts if latest else {}, talks=ports.conversation is not None)
    known = replace(told, about=incident.id, state=incident.state.value, service=incident.service, url=url)
    return replace(known, title=title(told.title), text=text)


def supersede(incident: Incident, pull: PullRequest, ports: Ports) -> None:
    """Let the comment that followed an earlier pull request of this action say what became of it."""
    key = f"{incident.id}:{len(incident.actions)}"
    if ports.store.kept(_place(incident, f"{pull.number}:{key}")) is not None:
        with suppress(Refused):  # closing it says the same
            ports.forge.comment(pull.number, key, replaced(incident.action.branch))


def _place(incident: Incident, name: str) -> str:
    return f"told:{incident.id}:{name}"


def _about_to_merge(step: Step) -> bool:
    """The next step follows at once: a comment would only hold the merge up."""
    return step.incident.state is State.PROPOSED and not step.waiting and step.incident.action.mode != Trust.PROPOSE


def _bring(text: _Text, incident: Incident, ports: Ports) -> Iterator[Note]:
    """What stands there already, as far as we remember, is left alone. Forgotten in a crash, it is only written once more."""
    place = _place(incident, text.name)
    digest, before = hashlib.sha256(text.text.encode("utf-8", "replace")).hexdigest().encode(), ports.store.kept(place) or b""
    if before.removesuffix(_REFUSED) == digest:
        return
    try:
        text.bring()
        ports.store.keep(place, digest, lasting=False)
    except Refused as error:
        ports.store.keep(place, digest + _REFUSED, lasting=False)
        if not before.endswith(_REFUSED):
            yield Note(Stage.CHANGE, f"the forge did not take {text.about}", (str(error),))


def _asker(incident: Incident, ports: Ports) -> Iterator[_Text]:
    """Who asked in a comment is told there how it goes, from the pull request on."""
    if incident.state in (State.OPENED, State.DECIDED, State.ADMITTED):
        return
    if (found := tell_asker(incident, ports)) is not None:
        place, text, thread, comment, reply = found
        yield _Text(place, text, lambda: say(thread, comment, reply, ports), "the answer to a comment")


def _texts(step: Step, ports: Ports) -> Iterator[_Text]:
    incident = step.incident
    if not any(action.pull is not None or action.commit for action in incident.actions):
        return
    said = _said(step, ports)
    for number, action in enumerate(incident.actions, 1):
        if action.pull is not None:
            text = status(incident, number, said)
            yield _comment(action.pull, f"{incident.id}:{number}", text, ports, "the comment that follows")
        if action.kind is Kind.ROLLBACK and action.commit is not None:
            if action.culprit is not None:
                yield _culprit(action, f"{incident.id}:culprit:{number}", culprit(incident, number, said), ports)
            if action.release is not None:
                yield _mark(action.release, mark(incident, number), ports)
    pull = next((action.pull for action in reversed(incident.actions) if action.pull is not None), None)
    for each in step.notices:
        key = each.key.removeprefix(f"{incident.id}:")
        if pull is not None and not key.startswith(_ITSELF) and (key != "end" or told_of(incident)):
            yield _comment(pull, each.key, notice(incident, each.title, each.text), ports, "a comment on")


def _said(step: Step, ports: Ports) -> Sequence[Said]:
    """The record with what this step is about to add to it."""
    entries = ports.store.entries(step.incident.id)
    new = news(step.notes, entries) if step.waiting else step.notes
    now = ports.clock.now()
    return [
        *(Said(each.at, each.stage, each.what, each.because, each.facts.get(BEGINS, 0)) for each in entries),
        *(Said(now, each.stage, each.what, each.because, each.facts.get(BEGINS, 0)) for each in new),
    ]


def _comment(pull: int, key: str, text: str, ports: Ports, about: str) -> _Text:
    return _Text(f"{pull}:{key}", text, lambda: ports.forge.comment(pull, key, text), f"{about} pull request {pull}")


def _culprit(action: Action, key: str, text: str, ports: Ports) -> _Text:
    pull = action.culprit or 0

    def bring() -> None:
        _sure_of(action, ports)
        ports.forge.comment(pull, key, text)

    return _Text(f"{pull}:{key}", text, bring, f"a comment on pull request {pull}, which released it")


def _mark(commit: Sha, wanted: Mark, ports: Ports) -> _Text:
    text = "\n".join([wanted.context, wanted.state, wanted.text, wanted.url or ""])
    return _Text(f"{commit}:{wanted.context}", text, lambda: ports.forge.mark(commit, wanted), f"a status of commit {commit[:12]}")


def _sure_of(action: Action, ports: Ports) -> None:
    """A number in a commit's subject may be another repository's: where one can ask, it must have merged that very commit."""
    if ports.conversation is None or action.culprit is None:
        return
    found = ports.conversation.discussion(Thread(home(ports), action.culprit))
    if not found.pull or found.state != "merged" or (found.merge is not None and found.merge != action.release):
        raise Refused(f"#{action.culprit} is not the pull request that merged {(action.release or '')[:12]}")
