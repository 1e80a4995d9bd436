"""Others who write to the repository by themselves: image automations that bring the newest version back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

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
    """Flux's: every `every` seconds it sets the newest version wherever its marker stands unmuted.

    `older`: what it takes, newest first, where the `exclusionList` of the ImageRepository in the file `scans` keeps the newest out
    (image-reflector-controller: the patterns are not anchored by themselves).
    """

    service: ToldService
    newest: str
    every: float = 60.0
    last: Instant = 0.0
    pushed: int = 0
    older: tuple[str, ...] = ()
    scans: str = ""

    def tick(self, origin: Origin, now: Instant) -> ToldCommit | None:
        if now - self.last < self.every:
            return None
        self.last = now
        head = origin.head()
        wanted = [(head, self.service.path), (head, self.scans)] if head else []
        files = origin.read(wanted[: 2 if self.scans else 1])
        if not files or files[0] is None or MARKER not in files[0].decode():
            return None
        chosen = self._chosen(yaml.safe_load(files[1]) if self.scans and files[1] else {})
        told = bump(origin, self.service, chosen, FLUX, now) if chosen else None
        if told:
            origin.tell([told])
            self.pushed += 1
        return told

    def _chosen(self, scanned: Mapping[str, Mapping[str, list[str]]]) -> str | None:
        barred = scanned.get("spec", {}).get("exclusionList", [])
        return next((tag for tag in (self.newest, *self.older) if not any(re.search(each, tag) for each in barred)), None)
