"""What services log since onset → what it says of a cause outside all releases, and words to compare with changes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from bot.attribution.evidence import Evidence, LogLine
from bot.attribution.parameters import Byhand
from bot.attribution.posterior import Term

MOST = 2000
"""Lines that are looked at: the newest."""
LONGEST = 500
REPEATED = 5
EARLY = 300.0
"""Seconds before the symptom was noticed from which on a line counts as new."""

_HOST = re.compile(r"https?://([A-Za-z0-9.-]{4,})")
_NODE = re.compile(
    r"(?i)node\w*(under)?pressure|memory ?pressure|disk ?pressure|evict|throttling container|preempt|node (is )?not ?ready|cpu contended"
)
_RECORD = re.compile(r"(?i)\b(offset|partition|record[_-]?id|message[_-]?id|event[_-]?id|delivery[_-]?tag)\s*[=:]\s*\S+")


def fresh(evidence: Evidence, noticed: float) -> tuple[LogLine, ...]:
    """Return the severe lines since about onset, newest last, cut to size; what was logged alike before is no news."""
    lines = sorted((line for line in evidence.logs if line.severe and line.time <= evidence.alert.fired_at), key=lambda line: line.time)
    old = {(line.service, _shape(line.text)) for line in lines if line.time < noticed - EARLY}
    return tuple(line for line in lines if line.time >= noticed - EARLY and (line.service, _shape(line.text)) not in old)[-MOST:]


def outside(service: str, lines: Iterable[LogLine], services: Iterable[str], byhand: Byhand) -> tuple[Term, ...]:
    """Say which of the service's new errors speak for a cause outside: a stranger's host, its node, or one record tried again and again."""
    lines, ours = list(lines), {name.lower() for name in services}
    own = [line.text[:LONGEST] for line in lines if line.service == service]
    found: list[tuple[float, str]] = []
    if own:
        strange = [text for text in own if any(not _ours(host, ours) for host in _HOST.findall(text))]
        found.append((len(strange) / len(own), "its new errors name a host that is none of the services"))
        same, count = Counter(text for text in own if _RECORD.search(text)).most_common(1)[0] if any(map(_RECORD.search, own)) else ("", 0)
        found.append((count / len(own) if count >= REPEATED else 0.0, f"one record fails again and again: {same[:80]}"))
    pressed = [text for text in (line.text[:LONGEST] for line in lines) if _NODE.search(text) and service in text]
    pressed += [text for text in own if _NODE.search(text)]
    found.append((1.0 if pressed else 0.0, "its node is under pressure"))
    share, why = max(found)
    return (Term("outside", byhand.outside * share, why),) if share > 0 else ()


def _ours(host: str, services: set[str]) -> bool:
    return "." not in host or host.split(".")[0].lower() in services or host.endswith((".local", ".svc", ".internal"))


def _shape(text: str) -> str:
    """The line without what differs each time."""
    return re.sub(r"[0-9a-fA-F]{6,}|\d+", "#", text[:LONGEST])
