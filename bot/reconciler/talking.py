"""Talking with people at the forge: whose repository it is, what we answered, and that each comment is answered once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.incidents.incident import Incident
from bot.ports import Ports
from bot.records.replies import going, reaction
from bot.signals.signal import Asked, Command, Reaction, Thread

CHAT = "chat:"
TALK = "talk:"
"""Begins the key of a repository's turn to listen, and to look after what it told people."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command is answered with. `text` "": nothing but the reaction."""

    reaction: Reaction
    text: str = ""


def same(name: str, ports: Ports) -> bool:
    """Whether `owner/name` at the forge is this manifests repository."""
    return home(ports).lower() == name.lower()


def home(ports: Ports) -> str:
    """The manifests repository as its forge calls it: `owner/name`."""
    return full_name(ports.repository.name)


def full_name(repository: str) -> str:
    """`owner/name` of a repository by our name for it, `host/owner/name`."""
    return "/".join(repository.split("/")[-2:])


def named(command: Command) -> str:
    """A comment's own name, however it reached us."""
    return f"{CHAT}{command.thread.repository.lower()}#{command.thread.number}:{command.comment}"


def answered(command: Command, ports: Ports) -> bool:
    return ports.store.kept(f"answered:{ports.repository.name}:{named(command)}") is not None


def settle(command: Command, ports: Ports) -> None:
    """Remember that a comment is dealt with: the last thing that is done about it."""
    ports.store.keep(f"answered:{ports.repository.name}:{named(command)}", b"")


def say(thread: Thread, comment: int, reply: Reply, ports: Ports) -> None:
    """Answer a comment: one comment of ours however often, and one picture."""
    if ports.conversation is None:
        return
    if reply.text:
        ports.conversation.reply(thread, f"reply:{comment}", reply.text)
    ports.conversation.react(thread, comment, reply.reaction)


def remember(command: Command, request: Asked, ports: Ports) -> None:
    """Keep where a request was made, so that how it goes is told there."""
    thread = command.thread
    where = {"repository": thread.repository, "number": thread.number, "comment": command.comment, "request": request.key}
    for name in (f"talk:{request.key}", _place(thread, ports)):
        ports.store.keep(name, json.dumps(where).encode())


def asked_in(thread: Thread, ports: Ports) -> str | None:
    """The key of the latest request that was made in a thread."""
    where = _read(ports.store.kept(_place(thread, ports)))
    return str(where["request"]) if where else None


def tell_asker(incident: Incident, ports: Ports) -> tuple[str, str, Thread, int, Reply] | None:
    """Where and what a person who asked in a comment is told: place, text, thread, comment and reply; None for other requests."""
    request = incident.request
    if ports.conversation is None or request is None or not request.key.startswith(CHAT):
        return None
    where = _read(ports.store.kept(f"talk:{request.key}"))
    if not where:
        return None
    thread, comment = Thread(where["repository"], where["number"]), int(where["comment"])
    reply = Reply(reaction(incident), going(incident))
    return f"{thread.repository}#{thread.number}:reply:{comment}", reply.text, thread, comment, reply


def _place(thread: Thread, ports: Ports) -> str:
    return f"talked:{ports.repository.name}:{thread.repository.lower()}#{thread.number}"


def _read(text: bytes | None) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(text) if text else {}
    return found
