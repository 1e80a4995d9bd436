"""Times and samples → Mermaid diagrams that GitHub draws; strangers' text in them is reduced to harmless characters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bot.changes.brief import Brief
from bot.changes.moments import day
from bot.refs import Instant

_AROUND = 3600.0
"""What was released longer before the symptom is drawn from here on: the minutes that matter would be too small to see."""
_POINTS = 24
_LABEL = 48


def timeline(brief: Brief, service: str, version: str) -> str:
    """Return a gantt diagram of release, onset, alerts and decision; "" where no symptom is known."""
    if brief.onset is None or brief.decided is None:
        return ""
    onset, until = brief.onset, brief.decided
    lines = [
        "gantt",
        f"    title {label(service)} on {day(until)} (UTC)",
        "    dateFormat YYYY-MM-DD HH:mm:ss",
        "    axisFormat %H:%M",
        "    todayMarker off",
    ]
    if brief.released is not None:
        since = f" (since {day(brief.released)})" if brief.released < onset.earliest - _AROUND else ""
        start = max(brief.released, onset.earliest - _AROUND)
        lines += ["    section Release", _bar(f"released {label(version)}{since}", "active", start, until)]
    lines += ["    section Symptom", _bar("began", "crit", onset.earliest, onset.latest)]
    for alert in brief.alerts[:3]:
        lines.append(_bar(f"alert {label(alert.name)}", "crit", alert.started, until))
    lines += ["    section Rollbot", f"    decided :milestone, {_at(until)}, 0s"]
    return "\n".join(lines)


def chart(brief: Brief) -> str:
    """Return a line of the metric around the onset; "" where there are too few samples to see anything."""
    samples = sorted((at, value) for at, value in brief.samples if math.isfinite(value))
    if brief.onset is None or len(samples) < 3 or samples[0][0] == samples[-1][0]:
        return ""
    values = _thinned(samples)
    began = brief.onset.earliest
    first, last = ((at - began) / 60 for at in (samples[0][0], samples[-1][0]))
    return "\n".join(
        [
            "xychart-beta",
            f'    title "{label(brief.metric)}"',
            f'    x-axis "minutes since the symptom began" {_number(first)} --> {_number(last)}',
            '    y-axis "value"',
            f"    line [{', '.join(_number(value) for value in values)}]",
        ]
    )


def label(text: str) -> str:
    """Return text that cannot end a label, begin a statement or a comment, or open a quote in any of these diagrams."""
    kept = "".join(c if c.isalnum() or c in " ._/+()-" else " " for c in text)
    return " ".join(kept.split())[:_LABEL].strip() or "unnamed"


def _bar(text: str, kind: str, start: Instant, end: Instant) -> str:
    return f"    {text} :{kind}, {_at(start)}, {_at(max(end, start + 1))}"


def _at(at: Instant) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _thinned(samples: Sequence[tuple[Instant, float]]) -> list[float]:
    """The highest value of each of equally long stretches; where one has none, the one before it stands."""
    count = min(_POINTS, len(samples))
    start, span = samples[0][0], samples[-1][0] - samples[0][0]
    found: dict[int, float] = {}
    for at, value in samples:
        place = min(int((at - start) / span * count), count - 1)
        found[place] = max(value, found.get(place, value))
    return list(_carried(found, count))


def _carried(found: dict[int, float], count: int) -> Iterable[float]:
    value = found[0]
    for place in range(count):
        value = found.get(place, value)
        yield value


def _number(value: float) -> str:
    """A plain decimal: the diagrams know no exponents."""
    digits = max(0, 3 - math.floor(math.log10(abs(value)))) if value else 0
    text = f"{value:.{min(digits, 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
