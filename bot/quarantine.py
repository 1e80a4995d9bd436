"""A release that must not come back: who said so, why, until when, and the one file that records it in Git."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import yaml

from bot.errors import Refused
from bot.refs import Instant, Sha

FOLDER = ".rollbot/quarantine"
_WORD = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Quarantine:
    """`release` is the identity of the release, `version` its name,
    `places` the values kept out, as (path, yaml path, artefact, value)."""

    environment: str
    service: str
    version: str
    release: str
    commit: str
    places: tuple[tuple[str, str, str, str], ...]
    reason: str
    owner: str
    incident: str
    since: Instant
    expires: Instant

    @property
    def path(self) -> str:
        """One file a quarantine, its name made of harmless characters only."""
        name = "-".join(_WORD.sub("-", part).strip("-.") or "x" for part in (self.environment, self.service, self.version[:40]))
        return f"{FOLDER}/{name}-{self.release[:8]}.yaml"

    def holds(self, path: str, yaml_path: str, artefact: str, value: str, now: Instant | None = None) -> bool:
        """Whether this value at that place is kept out (for ever, where `now` is not given)."""
        if now is not None and now >= self.expires:
            return False
        return (path, yaml_path, artefact, value) in self.places

    def text(self) -> bytes:
        """The file: YAML whose values are JSON, so that anybody's text in it stays text."""
        fields = asdict(self) | {"since": _stamp(self.since), "expires": _stamp(self.expires)}
        lines = [f"{key}: {_quoted(value)}" for key, value in fields.items() if key != "places"]
        lines += ["places:", *(f"  - [{', '.join(_quoted(word) for word in place)}]" for place in self.places)]
        return ("# Kept out by Rollbot until it expires or a person lifts it.\n" + "\n".join(lines) + "\n").encode()

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Quarantine:
        """Read what `text` wrote, parsed. Raises KeyError, TypeError or ValueError where it is not that."""
        places = tuple((str(path), str(at), str(artefact), str(value)) for path, at, artefact, value in fields["places"] or ())
        names = ("environment", "service", "version", "release", "commit", "reason", "owner", "incident")
        words = {name: str(fields[name]) for name in names}
        return cls(**words, places=places, since=_instant(fields["since"]), expires=_instant(fields["expires"]))


def _quoted(value: str) -> str:
    """A JSON string, which is YAML too once the characters that YAML calls unprintable are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)


def _stamp(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant(stamp: object) -> Instant:
    return datetime.fromisoformat(str(stamp)).astimezone(UTC).timestamp()


class Files(Protocol):
    """A revision's files: a desired state is one."""

    @property
    def tree(self) -> Mapping[str, Sha]: ...

    def file(self, path: str) -> bytes | None: ...


def read(state: Files) -> tuple[Quarantine, ...]:
    """Return every quarantine at a revision. Raises Refused where one cannot be read: it must not lift itself."""
    return tuple(parse(path, state.file(path)) for path in files(state))


def files(state: Files) -> tuple[str, ...]:
    """The paths of a revision's quarantines."""
    inside = f"{FOLDER}/"
    return tuple(sorted(path for path in state.tree if path.startswith(inside)))


def parse(path: str, text: bytes | None) -> Quarantine:
    """Read one file. Raises Refused where it is no quarantine."""
    try:
        return Quarantine.of(yaml.load(text or b"", Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise Refused(f"{path} is no quarantine that can be read; mend or delete it") from error
