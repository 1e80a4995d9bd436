"""What people may want of us, said in a comment: one value a verb."""

from __future__ import annotations

from dataclasses import dataclass

USUAL_HOLD = 86400.0


@dataclass(frozen=True, slots=True)
class RollBack:
    """`service` None: what this thread is about. `dry_run`: only say what it would do."""

    service: str | None = None
    environment: str | None = None
    to: str | None = None
    mode: str | None = None
    reason: str = ""
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Status:
    service: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Why:
    service: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Approve:
    service: str | None = None
    environment: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    service: str | None = None
    environment: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Undo:
    service: str | None = None
    environment: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """`seconds`: how long; without a service and environment it holds all of the repository."""

    seconds: float = USUAL_HOLD
    service: str | None = None
    environment: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    service: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Allow:
    version: str
    service: str | None = None
    environment: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Good:
    version: str
    service: str | None = None
    environment: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Help:
    pass


Spoken = RollBack | Status | Why | Approve | Cancel | Undo | Hold | Resume | Allow | Good | Help


@dataclass(frozen=True, slots=True)
class Misspoken:
    """A command that is none. `what` quotes the words (strangers' text!), `nearest` is what was perhaps meant, `usage` how to say it."""

    what: str
    nearest: str | None = None
    usage: str = ""
