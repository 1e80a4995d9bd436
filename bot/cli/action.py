"""What `action.yml` runs: one step of a GitHub Actions job → one rollback (or one `guard`), said as outputs, summary and annotation.

The exit code is the command line's: 0 done, 1 refused or nothing to do, 2 usage or bad configuration, 3 the outside world is unavailable.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.cli.printing import as_json, warn
from bot.cli.runner import Level, annotate, annotation, disobeyed, put_outputs, put_summary
from bot.errors import BadConfig, Refused, RollbotError, Unavailable

if TYPE_CHECKING:
    from bot.cli.carrying import Carried
    from bot.cli.dispatch import Wanted
    from bot.plans.plan import Plan, Unplanned
    from bot.ports import Ports
    from bot.releases.release import DesiredState
    from bot.settings import Run, Settings
    from bot.signals.signal import Asked

SCHEMA_VERSION = 1
OUTPUTS = ("decision", "reason_code", "branch", "commit", "pull_request")
CREDENTIALS = {"token": "github_token", "app-id": "github_app_id", "private-key": "github_private_key"}
INPUTS = ("service", "environment", "to", "mode", "reason", "dry-run", "repository", "branch", "command", "allow-lift")


@dataclass(frozen=True, slots=True)
class Told:
    """What a step has to say. `row` is its JSON (R25): every way out of a step ends in one."""

    code: int
    row: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()


def main() -> None:
    """Do what the inputs say, and exit with its code; a defect leaves outputs behind too, and its traceback in the log."""
    from bot import settings

    try:
        step, given = settings.run(), settings.inputs(*INPUTS)
    except BadConfig as error:  # what the runner says of itself is no use: there is nowhere to put outputs
        annotate(annotation(Level.ERROR, "Rollbot", str(error)))
        sys.exit(2)
    if given.get("command") == "guard":
        from bot.cli.guard import in_a_job

        sys.exit(in_a_job(step, allow_lift=given.get("allow-lift") == "true"))
    with disobeyed():
        try:
            told = _told(step, given, settings.inputs(*CREDENTIALS))
        except Exception:
            traceback.print_exc()  # in here, where nothing of it is obeyed
            told = _ended(step, given, 1, "defect", "a defect of Rollbot; the log of this step says more")
        as_json(told.row)
        for note in told.notes:
            warn(note)
    _say(step, told)
    sys.exit(told.code)


def _told(step: Run, given: Mapping[str, str], credentials: Mapping[str, str]) -> Told:
    try:
        return _rolled_back(step, given, credentials)
    except BadConfig as error:
        return _ended(step, given, 2, "bad-input", str(error))
    except Unavailable as error:
        return _ended(step, given, 3, "unavailable", str(error))
    except RollbotError as error:
        return _ended(step, given, 1, "refused", str(error), decision="refuse")


def _rolled_back(step: Run, given: Mapping[str, str], credentials: Mapping[str, str]) -> Told:
    from bot.cli.carrying import carry, written_to
    from bot.cli.dispatch import event, repository, wanted

    if given.get("command", "rollback") != "rollback":
        raise BadConfig("input command is none of rollback, guard")
    asked_for = wanted(given, event(step))
    found = _settings(step, given, credentials)
    address = found.repo_url[0] if found.repo_url and not given.get("repository") else repository(step, given.get("repository"))
    if len(found.repo_url) > 1 and not given.get("repository"):
        raise BadConfig("ROLLBOT_REPO_URL names several repositories", hint="a step works on one; say which with the input repository")
    with written_to(address, found) as ports:
        request = asked_for.asked(step, ports.clock.now())
        plan, state = _planned(request, ports)
        _in_that_environment(asked_for, plan, state)
        carried = carry(request, ports, dry_run=asked_for.dry_run)
        return _finished(step, asked_for, carried, _diff(asked_for, carried, plan, state, ports))


def _settings(step: Run, given: Mapping[str, str], credentials: Mapping[str, str]) -> Settings:
    """An App, where one is given, goes before the job's token: what the token writes starts no workflow."""
    from bot import settings

    said = {CREDENTIALS[name]: value for name, value in credentials.items()}
    if said.get("github_app_id"):
        said.pop("github_token", None)
    return settings.of_run(step, said | ({"branch": given["branch"]} if given.get("branch") else {}))


def _planned(request: Asked, ports: Ports) -> tuple[Plan | Unplanned, DesiredState]:
    from bot.plans.make import make
    from bot.quarantine import read
    from bot.reconciler.asking import selected
    from bot.reconciler.view import look_around

    state = look_around(ports).state
    return make(selected(request), state, to=request.to, quarantines=read(state)), state


def _in_that_environment(asked_for: Wanted, plan: Plan | Unplanned, state: DesiredState) -> None:
    """The environment's name is what people approved (protection rules, concurrency): nothing is merged in another. Raises Refused."""
    from bot.plans.plan import Plan

    if not isinstance(plan, Plan):
        return
    asked = asked_for.environment
    if others := sorted({service.environment for service in plan.services} - {asked}):
        raise Refused(f"{asked} stands for {', '.join(others)} here; dispatch it by that name, so that its approval is asked")
    owners = {ref.environment for path in plan.files for ref in state.estate.owners.get(path, ())}
    if (others := sorted(owners - {asked})) and asked_for.mode != "pr" and not asked_for.dry_run:
        raise Refused(f"this changes {', '.join(others)} too, which nobody approved; with mode pr it is proposed")


def _finished(step: Run, asked_for: Wanted, carried: Carried, diff: tuple[str, ...]) -> Told:
    from bot.cli.carrying import row

    answer, short = carried.answer, row(carried.answer)
    incident = answer.incident
    action = incident.actions[-1] if incident and incident.actions else None
    notes = [*(str(objection) for objection in answer.objections), *answer.choices]
    ending = 0 if short["decision"] == "rollback" else 1
    if carried.waits is not None:
        short, ending = short | {"reason_code": "waiting"}, 3
        notes.append("it waits to be merged; run this again, or let `rollbot serve` go on with it")
    why = incident.why if incident else (notes[0] if notes else "")
    known = {"from": action.version, "to": action.to, "url": action.url, "mode": action.mode} if action else {}
    told = _row(step, {"service": asked_for.service, "environment": asked_for.environment}, short)
    told |= known | {"why": why, "dry_run": asked_for.dry_run, "sha": short["commit"], "incident": incident.id if incident else None}
    return Told(ending, told, tuple(notes), diff if short["decision"] == "rollback" else ())


def _diff(asked_for: Wanted, carried: Carried, plan: Plan | Unplanned, state: DesiredState, ports: Ports) -> tuple[str, ...]:
    """What was written, as Git has it; of what was only thought through, what would be."""
    from bot.changes.diff import between, unified
    from bot.plans.plan import Plan

    incident = carried.answer.incident
    action = incident.actions[-1] if incident and incident.actions else None
    if asked_for.dry_run or action is None:
        files = sorted(plan.files.items()) if isinstance(plan, Plan) else []
        return tuple(line for path, text in files for line in unified(path, state.file(path), text))
    head = action.head or action.commit
    if head is None or action.base is None:
        return ()
    try:
        before, after = ports.repository.tree(action.base), ports.repository.tree(head)
    except RollbotError as error:
        return (f"the commits are not here: {error}",)
    return between(before, after, ports.repository.blobs())


def _ended(step: Run, given: Mapping[str, str], ending: int, reason: str, why: str, decision: str = "failure") -> Told:
    short = {"decision": decision, "reason_code": reason, "branch": None, "commit": None, "pull_request": None}
    told = _row(step, {}, short) | {"why": why, "dry_run": given.get("dry-run", "").lower() == "true"}
    return Told(ending, told, (why,))


def _row(step: Run, words: Mapping[str, str], short: Mapping[str, Any]) -> dict[str, Any]:
    empty = dict.fromkeys(("service", "environment", "sha", "from", "to", "mode", "url", "incident"))
    place = {"repository": step.repository, "actor": step.actor, "run": step.run_id}
    return {"schema_version": SCHEMA_VERSION, **short, "operation": "rollback", **empty, **place, **words}


def _say(step: Run, told: Told) -> None:
    from bot.cli.summary import headline, of_rollback

    outputs = {name: "" if told.row[name] is None else str(told.row[name]) for name in OUTPUTS}
    if step.output is not None:
        put_outputs(step.output, outputs | {"json": json.dumps(dict(told.row))})
    if step.step_summary is not None:
        put_summary(step.step_summary, of_rollback(told.row, _fewer(told.notes), told.diff))
    level = Level.NOTICE if told.code == 0 else Level.WARNING if told.row["reason_code"] == "waiting" else Level.ERROR
    annotate(annotation(level, headline(told.row).replace("`", ""), str(told.row["why"]) or str(told.row["reason_code"])))


def _fewer(notes: Sequence[str]) -> Sequence[str]:
    return notes if len(notes) <= 20 else [*notes[:20], f"and {len(notes) - 20} more"]


if __name__ == "__main__":
    main()
