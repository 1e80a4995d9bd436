"""What `guard` found → JSON, lines for people, annotations for GitHub: all say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.cli.printing import iso, say
from bot.cli.runner import Level, annotation

if TYPE_CHECKING:
    from bot.plans.guard import Return, Verdict
    from bot.quarantine import Quarantine
    from bot.refs import Sha

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Compared:
    """What was compared, and what came of it. `undo`: it is Rollbot's own undo, which lifts by right (law 4)."""

    base: Sha
    head: Sha
    verdict: Verdict
    undo: bool
    notes: tuple[str, ...] = ()


def told(compared: Compared, allow_lift: bool) -> dict[str, Any]:
    """The verdict as JSON (R25): `decision` is `pass` or `fail`."""
    verdict = compared.verdict
    against = [each for each in verdict.returns if not each.expired and not (each.lifted and (allow_lift or compared.undo))]
    lifting = bool(against) and all(each.lifted for each in against)
    reason = "lifts-and-returns" if lifting else "quarantined" if against else "lifted" if verdict.lifted else "nothing-returns"
    return {
        **head_of("fail" if against else "pass", reason),
        "base": compared.base,
        "head": compared.head,
        "why": _why(compared, against),
        "returns": [_return(each, each in against) for each in verdict.returns],
        "lifted": [_quarantine(each) for each in verdict.lifted],
        "notes": list(compared.notes),
    }


def head_of(decision: str, reason: str) -> dict[str, Any]:
    return {"schema_version": SCHEMA_VERSION, "decision": decision, "reason_code": reason, "operation": "guard"}


def _why(compared: Compared, against: Sequence[Return]) -> str:
    if not against:
        by_right = ", by Rollbot's undo" if compared.undo and compared.verdict.returns else ""
        return "no quarantined release comes back" if not compared.verdict.returns else f"what comes back may{by_right}"
    if all(each.lifted for each in against):
        return "it lifts a quarantine and brings its release back at once; lift it in a change of its own first, or pass --allow-lift"
    return "it brings back what is kept out; leave it out, or lift the quarantine first by deleting its file in a change of its own"


def _return(each: Return, fails: bool) -> dict[str, Any]:
    where = {"path": each.path, "line": each.line, "yaml_path": each.yaml_path, "value": each.value}
    return {**where, "fails": fails, "lifted": each.lifted, "expired": each.expired, "says": _says(each), **_quarantine(each.quarantine)}


def _quarantine(one: Quarantine) -> dict[str, Any]:
    return {
        "service": one.service,
        "environment": one.environment,
        "version": one.version,
        "commit": one.commit,
        "owner": one.owner,
        "reason": one.reason,
        "incident": one.incident,
        "since": iso(one.since),
        "expires": iso(one.expires),
        "quarantine": one.path,
    }


def _says(each: Return) -> str:
    one = each.quarantine
    what = f"{each.value or one.version} of {one.service} in {one.environment}"
    about = f"quarantined by {one.owner} on {iso(one.since)} ({one.reason or 'no reason given'}), incident {one.incident or 'none'}"
    if each.expired:
        return f"{what} comes back; its quarantine expired {iso(one.expires)}: {about}"
    lift = "; this change lifts that quarantine too" if each.lifted else ""
    return f"{what} comes back, but it is {about}, until {iso(one.expires)}{lift}; see {one.path}"


def show(row: Mapping[str, Any]) -> None:
    say(f"{row['decision']}: {row['why']} [{row['reason_code']}]")
    for each in row["returns"]:
        say(f"{':'.join(str(part) for part in (each['path'], each['line']) if part is not None)}: {each['says']}")
    for one in row["lifted"]:
        say(_lift(one))
    for note in row["notes"]:
        say(note)


def _lift(one: Mapping[str, Any]) -> str:
    held = f"kept {one['version']} of {one['service']} in {one['environment']} out until {one['expires']} ({one['reason']})"
    return f"{one['quarantine']}: this change lifts the quarantine by {one['owner']}, which {held}"


def marks(row: Mapping[str, Any]) -> Iterator[str]:
    """What GitHub shows beside the lines of a pull request."""
    for each in row["returns"]:
        level = Level.ERROR if each["fails"] else Level.NOTICE if each["expired"] else Level.WARNING
        yield annotation(level, "Rollbot guard", each["says"], each["path"], each["line"])
    for one in row["lifted"]:
        yield annotation(Level.WARNING, "Rollbot guard", _lift(one), one["quarantine"])
    if row["decision"] == "failure":
        yield annotation(Level.ERROR, "Rollbot guard", row["why"])
