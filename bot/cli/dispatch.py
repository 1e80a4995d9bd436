"""Inputs of a workflow, which anybody may have typed → what is asked for; what is no plain word is refused before it is used."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.errors import BadConfig

if TYPE_CHECKING:
    from bot.refs import Instant
    from bot.settings import Run
    from bot.signals.signal import Asked

WORDS = ("service", "environment", "to", "mode", "reason", "dry-run")
MODES = ("pr", "merge", "push")
LONGEST_REASON = 1000
LARGEST_EVENT = 8 * 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,252}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+:@-]{0,252}")
_ACTOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\[bot\])?")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rollback as a workflow asks for it: of one service in one environment, always."""

    service: str
    environment: str
    to: str | None
    mode: str | None
    reason: str
    dry_run: bool

    def asked(self, step: Run, at: Instant) -> Asked:
        """The request; the same attempt of the same run asks for the same thing once, and for other things besides."""
        from bot.signals.signal import Asked

        what = ":".join((self.service, self.environment, self.to or "", self.mode or ""))
        same = f"{step.repository}:{step.run_id}:{step.run_attempt}:{what}" if step.run_id else uuid.uuid4().hex
        return Asked(
            key=f"actions:{same}",
            actor=actor(step),
            at=at,
            service=self.service,
            environment=self.environment,
            to=self.to,
            mode=self.mode,
            reason=self.reason,
        )


def wanted(given: Mapping[str, str], event: Mapping[str, Any]) -> Wanted:
    """Read the inputs of the action; those that it was not given are taken from the dispatch that started the run. Raises BadConfig."""
    said = _dispatched(event) | dict(given)
    for name in ("service", "environment"):
        if not said.get(name):
            raise BadConfig(f"input {name} is missing", hint="Actions rolls back one service in one environment, both by name")
    return Wanted(
        service=_word("service", said["service"], _NAME),
        environment=_word("environment", said["environment"], _NAME),
        to=_word("to", said["to"], _VERSION) if said.get("to") else None,
        mode=_one_of("mode", said.get("mode") or "", MODES) or None,
        reason=_reason(said.get("reason") or ""),
        dry_run=_one_of("dry-run", (said.get("dry-run") or "false").lower(), ("true", "false")) == "true",
    )


def _dispatched(event: Mapping[str, Any]) -> dict[str, str]:
    said = event.get("inputs")
    if not isinstance(said, Mapping):
        return {}
    texts = {name: str(said[name]) for name in WORDS if isinstance(said.get(name), str | bool)}
    return {name: text for name, text in texts.items() if text.strip()}


def _word(name: str, text: str, allowed: re.Pattern[str]) -> str:
    if not allowed.fullmatch(text) or any(part in (".", "..") for part in text.split("/")):
        raise BadConfig(f"input {name} is no {name} that there could be", hint="letters, digits and . _ / - only, and no ..")
    return text


def _one_of(name: str, text: str, words: tuple[str, ...]) -> str:
    if text and text not in words:
        raise BadConfig(f"input {name} is none of {', '.join(words)}")
    return text


def _reason(text: str) -> str:
    """Free text, kept as one line of what can be printed: it goes into a commit message and onto pages."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST_REASON]


def actor(step: Run) -> str:
    if not _ACTOR.fullmatch(step.actor):
        raise BadConfig("GITHUB_ACTOR is no login", hint="this runs as a step of GitHub Actions")
    return step.actor


def repository(step: Run, said: str | None) -> str:
    """The address of the repository to work on: `owner/name` at this forge, else the one that the workflow runs in. Raises BadConfig."""
    name = said or step.repository
    if not _REPOSITORY.fullmatch(name):
        what = "input repository" if said else "GITHUB_REPOSITORY"
        raise BadConfig(f"{what} is no owner/name")
    return f"{step.server_url.rstrip('/')}/{name}.git"


def event(step: Run) -> Mapping[str, Any]:
    """What started the run, as GitHub sent it; empty where there is no such file. Raises BadConfig where it is no such thing."""
    if step.event_path is None or not step.event_path.is_file():
        return {}
    try:
        with step.event_path.open("rb") as file:
            read = json.loads(file.read(LARGEST_EVENT))
    except (OSError, ValueError, RecursionError) as error:
        raise BadConfig("GITHUB_EVENT_PATH is no event that can be read") from error
    if not isinstance(read, dict):
        raise BadConfig("GITHUB_EVENT_PATH is no event that can be read")
    return read
