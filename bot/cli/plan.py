"""`rollbot plan`: what a rollback would change, byte for byte. Writes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from bot.cli.asking import Artefact, AsJson, At, AtPath, CommitSha, Env, File, From, PinsOnly, Repo, Service, To, desired, selector
from bot.cli.printing import as_json, choices, iso, say, span, table, warn
from bot.objections import Objection, Weight, heaviest

if TYPE_CHECKING:
    from bot.plans.plan import Plan, QuarantineEdit, Target, Unplanned
    from bot.releases.release import DesiredState


def plan(
    service: Service = None,
    env: Env = None,
    path: File = None,
    artefact: Artefact = None,
    at_path: AtPath = None,
    value: From = None,
    commit: CommitSha = None,
    to: To = None,
    pins_only: PinsOnly = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show it as a diff; values of secrets are masked.")] = False,
    repo: Repo = Path(),
    at: At = None,
    json: AsJson = False,
) -> None:
    """Say what a rollback would do: the target and its alternatives, every edit, and what speaks against it.

    \b
    Examples:
      rollbot plan checkout --env prod --diff
      rollbot plan --path clusters/prod/payments.yaml --artefact payments --to 1.9.2
      rollbot plan --commit 3f2a91c --json
    """
    from bot.plans.make import make
    from bot.plans.plan import Plan
    from bot.plans.quarantine import keep_out
    from bot.quarantine import read
    from bot.wiring import clock

    selected = selector(service, env, path, artefact, at_path, value, commit)
    with desired(repo, at) as (state, config):
        answer = make(selected, state, to=to, pins_only=pins_only, quarantines=read(state))
        if not isinstance(answer, Plan):
            refuse(answer, json)
        now = clock().now()
        answer = keep_out(answer, "", "planned by hand", since=now, expires=now + config.policy.quarantine, rules=state.rules)
        if json:
            as_json(_row(answer))
        else:
            show(answer, state, diff)
    if heaviest(answer.objections) is Weight.FORBIDS:
        raise typer.Exit(1)


def refuse(answer: Unplanned, json: bool) -> NoReturn:
    """Say why there is no plan, with the choices that there are; exit 1."""
    if json:
        bare: dict[str, Any] = {"target": None, "alternatives": [], "edits": [], "merged": [], "files": [], "quarantine": []}
        as_json({**bare, "objections": [_objection(o) for o in answer.objections], "choices": list(answer.choices)})
    for objection in answer.objections:
        warn(str(objection))
    choices(answer.objections[0].code, answer.choices)
    raise typer.Exit(1)


def show(plan: Plan, state: DesiredState, diff: bool) -> None:
    """Print the plan for people."""
    from bot.changes.diff import unified

    names = ", ".join(str(service) for service in plan.services) or "no service"
    if plan.parts:
        table(["service", "from", "to", "wave"], [[each[name] for name in ("service", "from", "to", "wave")] for each in group(plan)])
    else:
        say(f"{names}: {plan.undone_version} → {plan.target.version if plan.target else 'as it was before'}")
    if plan.target:
        say(f"why this target: {plan.target.why}; it served {span(plan.target.served)}")
    for other in plan.alternatives:
        if plan.target is None or other.version != plan.target.version:
            say(f"or {other.version}: {other.why}; it served {span(other.served)}")
    say()
    table(["path", "line", "at", "from", "to"], [[e.path, e.line, e.yaml_path, e.before, e.after] for e in plan.edits])
    for merged in plan.merged:
        say(f"{merged.path}: takes {merged.added} lines back in and {merged.removed} out that came along")
    for edit in plan.quarantine:
        say(f"{edit.path}: keeps {edit.bot} from bringing it back until {iso(edit.expires)}")
    for objection in plan.objections:
        say(f"{objection.weight}: {objection}")
    if diff:
        say()
        for file, text in sorted(plan.written().items()):
            for line in unified(file, state.file(file), text):
                say(line)


def _row(plan: Plan) -> dict[str, Any]:
    return {
        "target": _target(plan.target) if plan.target else None,
        "alternatives": [_target(other) for other in plan.alternatives],
        "edits": [{"path": e.path, "yaml_path": e.yaml_path, "from": e.before, "to": e.after} for e in plan.edits],
        "merged": [{"path": m.path, "added": m.added, "removed": m.removed} for m in plan.merged],
        "files": [{"path": path, "text": _text(text)} for path, text in sorted(plan.files.items())],
        "quarantine": [_quarantine(edit) for edit in plan.quarantine],
        "objections": [_objection(objection) for objection in plan.objections],
        **({"group": group(plan)} if plan.parts else {}),
    }


def group(plan: Plan) -> list[dict[str, Any]]:
    """All that go back because of each other, the one that was asked for first; those of one wave go in one commit."""
    return [
        {
            "service": str(part.services[0]),
            "from": part.undone_version,
            "to": part.target.version if part.target else "",
            "wave": part.wave,
        }
        for part in (*plan.parts, *plan.rest)
    ]


def _target(target: Target) -> dict[str, Any]:
    return {"version": target.version, "commit": target.commit, "served_s": target.served, "why": target.why}


def _quarantine(edit: QuarantineEdit) -> dict[str, Any]:
    return {"path": edit.path, "text": _text(edit.text), "bot": edit.bot, "reason": edit.reason, "expires": iso(edit.expires)}


def _objection(objection: Objection) -> dict[str, Any]:
    where = {"path": objection.path, "line": objection.line}
    return {"code": objection.code, "why": objection.why, "weight": objection.weight.value, **where}


def _text(file: bytes | None) -> str | None:
    """Bytes that are no UTF-8 stand as lone surrogates (Python's surrogateescape), so that the text gives every byte back."""
    return None if file is None else file.decode(errors="surrogateescape")
