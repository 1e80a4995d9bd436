"""Plan → change: branch, commit message with trailers, the pull request's title and labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.changes.body import body, undo_body
from bot.changes.brief import Brief
from bot.changes.change import Change
from bot.changes.markdown import unlinked
from bot.plans.plan import Plan
from bot.refs import Instant

_SLUG = re.compile(r"[^a-z0-9.]+")
_WORD = re.compile(r"[^A-Za-z0-9._/-]+")
_SUBJECT = 72
_TITLE = 200
_LABEL = 50
_FEW = 3


def branch_of(plan: Plan, attempt: int = 1) -> str:
    """`rollbot/<env>/<service>/<slug>-<key8>`: the same plan has the same branch, whoever makes it and however often."""
    service = plan.services[0] if len(plan.services) == 1 or plan.parts else None
    folder = f"{_slug(service.environment)}/{_slug(service.name)}" if service else "repository/commit"
    slug = _slug(f"{plan.undone_version}-to-{plan.target.version}" if plan.target else plan.undone_version)
    return f"rollbot/{folder}/{slug[:40].strip('-.')}-{plan.key(attempt)[:8]}"


def compose(plan: Plan, brief: Brief, *, branch: str, incident: str, attempt: int = 1) -> Change:
    """Make the change that carries `plan` out on top of its base; `branch` is the one it is meant for."""
    reason = unlinked(brief.reason)
    trailers = _trailers(plan, incident, reason, brief.expires)
    marker = f"<!-- rollbot:{plan.key(attempt)} -->"
    return Change(
        branch=branch_of(plan, attempt),
        target=branch,
        base=plan.base,
        message=_message(_subject_of(plan), reason, trailers),
        files=plan.written(),
        title=_titled(f"Rollback {_named(plan)}{_wave(plan)} {_short(plan.undone_version)} → {_to(plan)}{_place(plan)}"),
        body=body(plan, brief, marker, f"{_subject_of(plan)}."),
        marker=marker,
        labels=labels(plan),
        reviewers=brief.reviewers,
    )


def compose_undo(plan: Plan, brief: Brief, *, branch: str, incident: str, attempt: int = 1) -> Change:
    """Make the change that takes a rollback back: `plan.files` are the files with the bytes they had before it, its quarantine gone."""
    subject, reason = _cut(f"Undo the rollback of {_who(plan)} to {_to(plan)}"), unlinked(brief.reason)
    trailers = [
        ("Rollback-Undo", branch_of(plan, attempt)),
        *_trailers(plan, incident, reason, None)[:2],
        ("Rollback-Incident", _line(incident)),
    ]
    marker = f"<!-- rollbot:undo:{plan.key(attempt)} -->"
    return Change(
        branch=f"{branch_of(plan, attempt)}-undo",
        target=branch,
        base=plan.base,
        message=_message(subject, reason, trailers),
        files=plan.files,
        title=_titled(f"Undo rollback of {_named(plan)}: {_to(plan)} → {_short(plan.undone_version)}{_place(plan)}"),
        body=undo_body(plan, brief, marker, f"{subject}."),
        marker=marker,
        labels=labels(plan),
        reviewers=brief.reviewers,
    )


def labels(plan: Plan) -> tuple[str, ...]:
    """`rollback`, and which environment and service, in harmless characters and no longer than a label may be."""
    places = [f"env:{_WORD.sub('-', service.environment)}" for service in plan.services]
    names = [f"service:{_WORD.sub('-', service.name)}" for service in plan.services]
    return ("rollback", *dict.fromkeys(word[:_LABEL].rstrip("-") for word in (*places[:_FEW], *names[:_FEW])))


def _message(subject: str, reason: str, trailers: Sequence[tuple[str, str]]) -> str:
    return f"{unlinked(subject)}\n\n{_wrapped(reason)}\n\n" + "".join(f"{key}: {value}\n" for key, value in trailers)


def _subject_of(plan: Plan) -> str:
    if plan.edits and plan.target:
        return _cut(f"Roll back {_who(plan)} from {_short(plan.undone_version)} to {_to(plan)}")
    return _cut(f"Undo {_short(plan.undone_version)} for {_who(plan)}")


def _trailers(plan: Plan, incident: str, reason: str, expires: Instant | None) -> list[tuple[str, str]]:
    fields = [(("Rollback-Service", service.name), ("Rollback-Environment", service.environment)) for service in plan.services]
    named = [pair for pairs in fields for pair in pairs]
    parts = plan.parts or (plan,)
    found = [
        *named,
        *(("Rollback-Release", part.undone or "") for part in parts),
        *(("Rollback-From", part.undone_version) for part in parts),
        *(("Rollback-To", part.target.version if part.target else "") for part in parts),
        ("Rollback-Wave", turn(plan.turn)),
        ("Rollback-Incident", incident),
        ("Rollback-Reason", reason),
        ("Rollback-Expires", "" if expires is None else datetime.fromtimestamp(expires, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
    ]
    return [(key, _line(value)) for key, value in found if value]


def turn(turn: tuple[int, int] | None) -> str:
    """`2/3`: which of how many waves; "" where there is one."""
    return f"{turn[0]}/{turn[1]}" if turn else ""


def _who(plan: Plan) -> str:
    if plan.parts:
        return f"{_named(plan)}{_wave(plan)} in {plan.services[0].environment}"
    names = sorted({service.name for service in plan.services})
    places = sorted({service.environment for service in plan.services})
    if not names:
        return sorted(plan.files)[0] if len(plan.files) == 1 else f"{len(plan.files)} files"
    return (names[0] if len(names) == 1 else f"{len(names)} services") + (f" in {places[0]}" if len(places) == 1 else "")


def _named(plan: Plan) -> str:
    names = sorted({service.name for service in plan.services})
    if plan.parts:
        return f"{plan.services[0].name} and {len(plan.services) - 1} more" if len(plan.services) > 1 else plan.services[0].name
    return names[0] if len(names) == 1 else f"{len(names)} services" if names else "files"


def _wave(plan: Plan) -> str:
    return f" (wave {plan.turn[0]} of {plan.turn[1]})" if plan.turn else ""


def _place(plan: Plan) -> str:
    places = sorted({service.environment for service in plan.services})
    return f" ({places[0]})" if len(places) == 1 else f" ({len(places)} environments)" if places else ""


def _titled(text: str) -> str:
    line = unlinked(_line(text))
    return line if len(line) <= _TITLE else line[: _TITLE - 1] + "…"


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
    # Git takes what follows a line of three dashes for a patch, and so no trailer
    return "\n".join(f"\u200b{line}" if line.startswith("---") else line for line in lines)


def _slug(text: str) -> str:
    return _SLUG.sub("-", text.lower().replace("..", "-")).strip("-.")[:60] or "x"
