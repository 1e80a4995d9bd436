"""Others who write to the repository by themselves: image automations that bring the newest version back."""

from __future__ import annotations

from dataclasses import dataclass

from bot.refs import Instant
from bot.world.origin import Origin
from bot.world.story import ToldCommit, ToldService

FLUX = "fluxcdbot <fluxcdbot@users.noreply.github.com>"
MARKER = '# {"$imagepolicy"'


def bump(origin: Origin, service: ToldService, version: str, who: str, at: Instant, message: str | None = None) -> ToldCommit | None:
    """The commit that sets a service's version; None where it has it already."""
    head = origin.head()
    file = origin.read([(head, service.path)])[0] if head else None
    found = service.pattern.search(file.decode()) if file else None
    if file is None or found is None or found.group(1) == version:
        return None
    text = file.decode()
    start, end = found.span(1)
    said = message or f"Update {service.name} in {service.environment} to {version}\n"
    return ToldCommit(at, who, said, files={service.path: text[:start] + version + text[end:]})


@dataclass(slots=True)
class ImageAutomation:
    """Flux's: every `every` seconds it sets the newest version wherever its marker stands unmuted."""

    service: ToldService
    newest: str
    every: float = 60.0
    last: Instant = 0.0
    pushed: int = 0

    def tick(self, origin: Origin, now: Instant) -> ToldCommit | None:
        if now - self.last < self.every:
            return None
        self.last = now
        head = origin.head()
        file = origin.read([(head, self.service.path)])[0] if head else None
        if file is None or MARKER not in file.decode():
            return None
        told = bump(origin, self.service, self.newest, FLUX, now)
        if told:
            origin.tell([told])
            self.pushed += 1
        return told
