"""Plan → change: branch, commit message with trailers, pull request title and body."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from bot.changes.change import Change
from bot.changes.markdown import code, prose
from bot.plans.plan import Plan
from bot.refs import Instant, Sha

_SLUG = re.compile(r"[^a-z0-9.]+")
_SUBJECT = 72


def branch_of(plan: Plan, attempt: int = 1) -> str:
    """`rollbot/<env>/<service>/<slug>-<key8>`: the same plan has the same branch, whoever makes it and however often."""
    service = plan.services[0] if len(plan.services) == 1 else None
    folder = f"{_slug(service.environment)}/{_slug(service.name)}" if service else "repository/commit"
    slug = _slug(f"{plan.undone_version}-to-{plan.target.version}" if plan.target else plan.undone_version)
    return f"rollbot/{folder}/{slug[:40].strip('-.')}-{plan.key(attempt)[:8]}"


def compose(
    plan: Plan,
    *,
    branch: str,
    incident: str,
    reason: str,
    evidence: Sequence[str] = (),
    attempt: int = 1,
    expires: Instant | None = None,
) -> Change:
    """Make the change that carries `plan` out on top of its base; `branch` is the one it is meant for. `reason` may be anybody's text."""
    name, title = branch_of(plan, attempt), _title(plan)
    trailers = _trailers(plan, incident, reason, expires)
    message = f"{title}\n\n{_wrapped(reason)}\n\n" + "".join(f"{key}: {value}\n" for key, value in trailers)
    marker = f"<!-- rollbot:{plan.key(attempt)} -->"
    return Change(name, branch, plan.base, message, plan.written(), title, _body(plan, reason, evidence, marker, expires), marker)


def compose_undo(
    plan: Plan, done: Mapping[str, bytes | None], head: Sha, *, branch: str, incident: str, reason: str, attempt: int = 1
) -> Change:
    """Make the change that takes a rollback back: `done` are the files with the bytes they had before it, its quarantine file gone."""
    title = _cut(f"Undo the rollback of {_who(plan)} to {_to(plan)}")
    trailers = [
        ("Rollback-Undo", branch_of(plan, attempt)),
        *_trailers(plan, incident, reason, None)[:2],
        ("Rollback-Incident", _line(incident)),
    ]
    message = f"{title}\n\n{_wrapped(reason)}\n\n" + "".join(f"{key}: {value}\n" for key, value in trailers)
    marker = f"<!-- rollbot:undo:{plan.key(attempt)} -->"
    body = f"{marker}\n{prose(reason)}\n\nThis restores every byte that the rollback changed and lifts its quarantine.\n"
    return Change(f"{branch_of(plan, attempt)}-undo", branch, head, message, done, title, body, marker)


def _title(plan: Plan) -> str:
    if plan.edits and plan.target:
        return _cut(f"Roll back {_who(plan)} from {_short(plan.undone_version)} to {_to(plan)}")
    return _cut(f"Undo {_short(plan.undone_version)} for {_who(plan)}")


def _trailers(plan: Plan, incident: str, reason: str, expires: Instant | None) -> list[tuple[str, str]]:
    fields = [(("Rollback-Service", service.name), ("Rollback-Environment", service.environment)) for service in plan.services]
    named = [pair for pairs in fields for pair in pairs]
    found = [
        *named,
        ("Rollback-Release", plan.undone or ""),
        ("Rollback-From", plan.undone_version),
        ("Rollback-To", plan.target.version if plan.target else ""),
        ("Rollback-Incident", incident),
        ("Rollback-Reason", reason),
        ("Rollback-Expires", "" if expires is None else datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
    ]
    return [(key, _line(value)) for key, value in found if value]


def _body(plan: Plan, reason: str, evidence: Sequence[str], marker: str, expires: Instant | None) -> str:
    sections = [
        marker,
        prose(reason),
        _section("Evidence", [prose(line) for line in evidence]),
        _section(
            "What changes", [f"{code(f'{e.path}:{e.line}')} {code(e.yaml_path)}: {code(e.before)} → {code(e.after)}" for e in plan.edits]
        ),
        _section("Lines that came with the release", [f"{code(m.path)}: +{m.added} −{m.removed}" for m in plan.merged]),
        _section("Alternatives", [f"{code(t.version)}: {prose(t.why)}" for t in plan.alternatives]),
        _section("To look at", [prose(str(objection)) for objection in plan.objections]),
        _section("What happens next", _next(expires)),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _next(expires: Instant | None) -> list[str]:
    steps = ["After the merge Rollbot waits until the cluster has applied it, then whether the alert ends; if it did not help, it says so."]
    if expires is not None:
        day = datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%d %H:%M UTC")
        steps.append(f"The bad release is kept out until {day}; delete its file under `.rollbot/quarantine/` to let it back earlier.")
    return [*steps, "To stop: close this pull request, or commit a file `.rollbot/stop`."]


def _section(title: str, lines: Iterable[str]) -> str:
    items = [f"- {line}" for line in lines]
    return "\n".join([f"### {title}", *items]) if items else ""


def _who(plan: Plan) -> str:
    names = sorted({service.name for service in plan.services})
    places = sorted({service.environment for service in plan.services})
    if not names:
        return sorted(plan.files)[0] if len(plan.files) == 1 else f"{len(plan.files)} files"
    return (names[0] if len(names) == 1 else f"{len(names)} services") + (f" in {places[0]}" if len(places) == 1 else "")


def _to(plan: Plan) -> str:
    return _short(plan.target.version) if plan.target else "the state before"


def _short(version: str) -> str:
    tag, at, digest = version.partition("@")
    return tag or digest[:19] if at else version


def _cut(text: str) -> str:
    line = _line(text)
    return line if len(line) <= _SUBJECT else line[: _SUBJECT - 1] + "…"


def _line(text: str) -> str:
    """One line without control characters, so that nobody's text can make a trailer."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:500]


def _wrapped(text: str) -> str:
    """The reason as one paragraph of the message body; a colon early in a line must not read as a trailer."""
    words, lines = _line(text).split(" "), [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) + 1 > _SUBJECT:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def _slug(text: str) -> str:
    return _SLUG.sub("-", text.lower().replace("..", "-")).strip("-.")[:60] or "x"
