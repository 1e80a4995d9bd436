"""A world with Rollbot in it → what is new in it, line by line, and how a line looks on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from bot.world.events import Event, Kind
from bot.world.lived import LivedWorld

BAR = 20
STEP = 0.03
"""A change of the share of failing requests that is worth a line."""


class Who(StrEnum):
    GIT = "git"
    CLUSTER = "cluster"
    ERRORS = "errors"
    ALERT = "alert"
    ROLLBOT = "rollbot"


class Tone(StrEnum):
    """A terminal's colours; nothing where there is none."""

    PLAIN = ""
    GOOD = "\x1b[32m"
    BAD = "\x1b[31m"
    OURS = "\x1b[36m"
    DIM = "\x1b[2m"
    BOLD = "\x1b[1m"


@dataclass(frozen=True, slots=True)
class Line:
    at: float
    who: Who
    text: str
    more: tuple[str, ...] = ()
    tone: Tone = Tone.PLAIN


class TimeLine:
    """Follows one service; every line is told once."""

    def __init__(self, world: LivedWorld, service: str, environment: str) -> None:
        self.world, self.service, self.environment = world, service, environment
        self._events = 0
        self._entries = 0
        self._share = world.failing(service, environment)

    def news(self) -> Iterator[Line]:
        """What happened since the last time, oldest first."""
        lines = [*self._happened(), *self._felt(), *self._recorded()]
        yield from sorted(lines, key=lambda line: line.at)

    def _happened(self) -> Iterator[Line]:
        events, self._events = self.world.events[self._events :], len(self.world.events)
        for event in events:
            yield _told(event)

    def _felt(self) -> Iterator[Line]:
        share = self.world.failing(self.service, self.environment)
        if abs(share - self._share) >= STEP:
            self._share = share
            bar = "#" * round(share * BAR)
            tone = Tone.GOOD if self.world.healthy(self.service, self.environment) else Tone.BAD
            yield Line(self.world.clock.now(), Who.ERRORS, f"{share:6.1%} of {self.service}'s requests fail  [{bar:.<{BAR}}]", tone=tone)

    def _recorded(self) -> Iterator[Line]:
        entries = self.world.record()
        fresh, self._entries = entries[self._entries :], len(entries)
        for entry in fresh:
            yield Line(entry.at, Who.ROLLBOT, f"{entry.stage}: {entry.what}", entry.because, Tone.OURS)


def _told(event: Event) -> Line:
    match event.kind:
        case Kind.PUSHED:
            return Line(event.at, Who.GIT, f"pushed: {event.text}")
        case Kind.SYNCED:
            return Line(event.at, Who.CLUSTER, f"applies {event.text[:12]}; pods roll over")
        case Kind.PENDING:
            return Line(event.at, Who.ALERT, f"{event.text} of {event.service} is pending", tone=Tone.BAD)
        case Kind.FIRING:
            return Line(event.at, Who.ALERT, f"{event.text} of {event.service} fires", tone=Tone.BAD)
        case Kind.RESOLVED:
            return Line(event.at, Who.ALERT, f"{event.text} of {event.service} is resolved", tone=Tone.GOOD)
        case Kind.BROKEN:
            return Line(event.at, Who.ERRORS, f"{event.service}: {event.text}", tone=Tone.BAD)


class Screen:
    """Where lines go: coloured on a terminal unless NO_COLOR is set, plain text otherwise."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet
        self.coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def say(self, text: str = "", tone: Tone = Tone.PLAIN) -> None:
        if self.quiet:
            return
        shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
        encoding = sys.stdout.encoding or "ascii"
        plain = shown.replace("→", "->").encode(encoding, "backslashreplace").decode(encoding)
        sys.stdout.write(f"{tone}{plain}\x1b[0m\n" if self.coloured and tone else f"{plain}\n")
        sys.stdout.flush()

    def show(self, line: Line) -> None:
        stamp = datetime.fromtimestamp(line.at, UTC).strftime("%H:%M:%S")
        self.say(f"{stamp}  {line.who:<8} {line.text}", line.tone)
        for text in line.more:
            self.say(f"{'':19}- {text}", Tone.DIM)

    def diff(self, text: str) -> None:
        for line in text.splitlines():
            if line.startswith("index "):
                continue
            added, removed = line.startswith("+") and not line.startswith("+++"), line.startswith("-") and not line.startswith("---")
            self.say(f"{'':11}{line}", Tone.GOOD if added else Tone.BAD if removed else Tone.DIM)
