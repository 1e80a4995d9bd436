"""What a backtest found → JSON values, and what they come to in sentences: page, text and JSON say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from statistics import median
from typing import TYPE_CHECKING, Any

from bot.records.calibration import OFF, Score, Suggestion, bins, calibration_error, interval, score, suggest, thresholds

if TYPE_CHECKING:
    from bot.records.verdicts import Judged
    from bot.refs import Sha
    from bot.releases.taken_back import TakenBack

SCHEMA_VERSION = 1
MINUTE = 60.0
ASSUMED = (
    "Alerts are told 30 s after they fired, Alertmanager's default group_wait.",
    "One configuration is tried on all of the past; alerting rules' windows are read as they are today.",
    "What ran in the clusters is not remembered: a commit counts from its committer's time, and nothing is surer than a proposal unless "
    "attribution.live_after says when it is live.",
    "Minutes saved count from Rollbot's decision to people's rollback commit; a proposal still has to be merged.",
    "Each incident is judged alone: what Rollbot would have rolled back still ran afterwards, as people left it.",
)
"""What a reader has to know of every backtest."""


@dataclass(frozen=True, slots=True)
class Backtested:
    """`episodes`: how many alerts fired; `people`: the rollbacks that people made in that time; `notes`: what is special about this one."""

    repository: str
    head: Sha
    prometheus: str
    since: float
    until: float
    episodes: int
    judged: tuple[Judged, ...]
    people: tuple[TakenBack, ...]
    notes: tuple[str, ...]


def told(found: Backtested) -> dict[str, Any]:
    """The whole answer as JSON values."""
    its = score(found.judged)
    points = [each.first for each in found.judged if each.first is not None]
    cut = bins(points)
    matched = {each.people.commit for each in found.judged if each.people is not None}
    return {
        "schema_version": SCHEMA_VERSION,
        "repository": found.repository,
        "head": found.head,
        "prometheus": found.prometheus,
        "since": iso(found.since),
        "until": iso(found.until),
        "alerts": found.episodes,
        "score": _score(its, [each.saved for each in found.judged if each.saved is not None]),
        "calibration": {
            "cases": len(points),
            "error": (error := calibration_error(cut)),
            "holds": None if error is None else error <= OFF,
            "bins": [{"cases": b.count, "said": b.said, "right": b.right, "low": b.low, "high": b.high} for b in cut],
        },
        "suggested": {"trust": [_suggested(each) for each in suggest(found.judged)], "thresholds": _thresholds(found.judged)},
        "incidents": [_incident(each) for each in found.judged],
        "unnoticed": [_back(each) for each in found.people if each.commit not in matched],
        "notes": list(found.notes),
        "assumed": list(ASSUMED),
    }


def _score(its: Score, saved: Sequence[float]) -> dict[str, Any]:
    low, high = interval(its.right, its.acted)
    return {
        "right": its.right,
        "wrong": its.wrong,
        "abstained": its.abstained,
        "missed": its.missed,
        "unjudged": its.unjudged,
        "precision": its.precision,
        "precision_interval": [low, high] if its.acted else None,
        "recall": its.recall,
        "minutes_saved": round(its.saved / MINUTE, 1),
        "minutes_saved_median": round(median(saved) / MINUTE, 1) if saved else None,
    }


def _thresholds(judged: Sequence[Judged]) -> dict[str, float | None]:
    found = thresholds(judged)
    return {"act": _cut(found.act), "person": _cut(found.person)}


def _cut(share: float | None) -> float | None:
    """To two places, upwards: what was right from .914 on need not have been from .91 on; never 1, which no threshold may be."""
    return None if share is None else min(0.99, ceil(share * 100) / 100)


def _suggested(one: Suggestion) -> dict[str, Any]:
    return {
        "environment": one.environment,
        "trust": one.trust,
        "why": one.why,
        "right": one.score.right,
        "wrong": one.score.wrong,
    }


def _incident(one: Judged) -> dict[str, Any]:
    answer, people = one.answer, one.people
    suspects = [{"commit": s.commit, "version": s.version, "probability": s.probability, "why": s.why} for s in answer.suspects]
    return {
        "id": one.incident,
        "service": one.service.name,
        "environment": one.service.environment,
        "alerts": list(one.alerts),
        "fired": iso(one.fired),
        "over": None if one.over is None else iso(one.over),
        "decision": "rollback" if answer.release else "none",
        "decided": iso(answer.at),
        "release": answer.release,
        "version": answer.version or None,
        "to": answer.to or None,
        "mode": answer.mode or None,
        "why": answer.why,
        "suspects": suspects,
        "probability": one.likeliest[0] if one.likeliest else None,
        "people": None if people is None else _back(people),
        "verdict": one.verdict.value,
        "because": one.because,
        "minutes_saved": None if one.saved is None else round(one.saved / MINUTE, 1),
        "minutes_to_decide": round((answer.at - one.fired) / MINUTE, 1),
        "minutes_people": None if people is None else round((people.time - one.fired) / MINUTE, 1),
    }


def _back(one: TakenBack) -> dict[str, Any]:
    return {
        "service": one.service.name,
        "environment": one.service.environment,
        "commit": one.commit,
        "time": iso(one.time),
        "author": one.author,
        "bot": one.bot,
        "subject": one.subject,
        "from": one.left,
        "to": one.to,
        "undone": list(one.undone),
        "why": one.why,
    }


def headline(row: Mapping[str, Any]) -> str:
    """What came of it in one sentence."""
    its = row["score"]
    acted, quiet = its["right"] + its["wrong"], its["abstained"] + its["missed"]
    missed = f", {its['missed']} of them where people rolled back" if its["missed"] else ""
    rest = f"; {its['unjudged']} cannot be judged" if its["unjudged"] else ""
    return (
        f"Of {_counted(len(row['incidents']), 'incident')} it would have rolled back {acted} that can be judged, {its['right']} rightly "
        f"and {its['wrong']} wrongly; it would have left {quiet} alone{missed}{rest}."
    )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def measures(row: Mapping[str, Any]) -> list[str]:
    """Precision, recall, time and calibration, each in a sentence."""
    its, lines = row["score"], []
    if its["precision"] is not None:
        low, high = its["precision_interval"]
        lines.append(f"Precision {its['precision']:.0%} (95 % interval {low:.0%} to {high:.0%}).")
    if its["recall"] is not None:
        lines.append(f"Of the rollbacks that people made for these incidents, it would have made {its['recall']:.0%}.")
    if its["minutes_saved_median"] is not None:
        lines.append(f"Sooner than people by {its['minutes_saved_median']:g} min (median), {its['minutes_saved']:g} min in all.")
    if row["calibration"]["error"] is not None:
        holds = "" if row["calibration"]["holds"] else ": its probabilities do not hold here, so no thresholds are suggested"
        lines.append(f"Expected calibration error {row['calibration']['error']:.2f} over {row['calibration']['cases']} cases{holds}.")
    return lines


def suggested(row: Mapping[str, Any]) -> list[str]:
    """What it suggests, as lines of `.rollbot.yaml`."""
    trust = ", ".join(f"{_key(each['environment'])}: {each['trust']}" for each in row["suggested"]["trust"])
    known = ", ".join(f"{name}: {value}" for name, value in row["suggested"]["thresholds"].items() if value is not None)
    return ["policy:", f"  trust: {{{trust}}}", *([f"thresholds: {{{known}}}"] if known else [])]


def _key(name: str) -> str:
    """A name as YAML takes it for a key, whatever it holds."""
    return (
        name
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) and name.lower() not in ("y", "n", "yes", "no", "on", "off")
        else json.dumps(name)
    )


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
