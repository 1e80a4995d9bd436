"""`rollbot rollback`: take a release back now, because a person says so."""

from __future__ import annotations

import getpass
import re
import uuid
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.asking import Artefact, AsJson, AtPath, CommitSha, Env, File, From, PinsOnly, Service, To, selector
from bot.cli.printing import as_json, progress, say, warn
from bot.errors import BadConfig, Unavailable

if TYPE_CHECKING:
    from bot.incidents.incident import Incident
    from bot.ports import Ports
    from bot.reconciler.asking import Answer
    from bot.settings import Settings
    from bot.signals.signal import Asked


Repo = Annotated[str | None, typer.Option(metavar="PATH", help="A clone, bare repository or URL; else ROLLBOT_REPO_URL, else here.")]


class Mode(StrEnum):
    PR = "pr"
    MERGE = "merge"
    PUSH = "push"


def rollback(
    service: Service = None,
    env: Env = None,
    path: File = None,
    artefact: Artefact = None,
    at_path: AtPath = None,
    value: From = None,
    commit: CommitSha = None,
    to: To = None,
    pins_only: PinsOnly = False,
    mode: Annotated[Mode | None, typer.Option(help="How far to go: a pull request, a merge, a push. Else as trust says.")] = None,
    reason: Annotated[str, typer.Option(metavar="R", help="Why; it goes into the commit and the record.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and whether it is admitted; write nothing.")] = False,
    repo: Repo = None,
    json: AsJson = False,
) -> None:
    """Roll a release back in Git: branch and pull request, merge, or push.

    In a clone it writes to the clone's origin, never to the work tree. Asking again for the same finds the same branch.

    \b
    Examples:
      rollbot rollback checkout --env prod --reason "checkout fails since 14:02"
      rollbot rollback checkout --env prod --to 2.7.0 --mode merge
      rollbot rollback --commit 3f2a91c --dry-run
    """
    from bot import settings, wiring
    from bot.reconciler.rehearsal import rehearse
    from bot.signals.signal import Asked

    selector(service, env, path, artefact, at_path, value, commit)
    found = settings.load()
    with wiring.house(found, (wiring.upstream(_address(repo, found), found),)) as house:
        [ports] = house.ports.values()
        asked = Asked(
            key=f"cli:{uuid.uuid4().hex}",
            actor=getpass.getuser(),
            at=ports.clock.now(),
            service=service,
            environment=env,
            path=path,
            artefact=artefact,
            at_path=at_path,
            value=value,
            commit=commit,
            to=to,
            mode=mode.value if mode else None,
            reason=reason,
            pins_only=pins_only,
        )
        with progress("rolling back"):
            answer = rehearse(asked, ports) if dry_run else _done(asked, ports)
        _print(answer, json, dry_run)


def _address(repo: str | None, found: Settings) -> str:
    if repo is not None:
        return repo
    if len(found.repo_url) > 1:
        raise BadConfig("ROLLBOT_REPO_URL names several repositories", hint="say which with --repo")
    return found.repo_url[0] if found.repo_url else "."


def _done(asked: Asked, ports: Ports) -> Answer:
    """Open the incident and carry it as far as it goes without waiting."""
    from dataclasses import replace

    from bot.reconciler.asking import ask
    from bot.reconciler.reconcile import reconcile

    _catch_up(ports)
    answer = ask(asked, ports)
    while answer.incident is not None and not _settled(answer.incident):
        again = reconcile(answer.incident.id, ports)
        answer = replace(answer, incident=ports.store.incident(answer.incident.id))
        if again is not None and again > ports.clock.now() and answer.incident is not None and not _settled(answer.incident):
            raise Unavailable(f"{answer.incident.id} waits ({answer.incident.state}); `rollbot serve` goes on with it, or run this again")
    return answer


def _catch_up(ports: Ports) -> None:
    """See what became of earlier rollbacks, where no server has looked since: it changes nothing in Git."""
    from bot.incidents.lifecycle import State
    from bot.reconciler.reconcile import reconcile

    for incident in ports.store.incidents(ports.repository.name, open_only=True):
        seen: Incident | None = incident
        while seen and seen.state in (State.MERGED, State.ARRIVED) and (seen.due is None or seen.due <= ports.clock.now()):
            reconcile(seen.id, ports)
            seen = ports.store.incident(seen.id)


def _settled(incident: Incident) -> bool:
    """Whether what is left is not ours to hurry: a person's merge, the cluster's sync."""
    from bot.incidents.lifecycle import State
    from bot.policy.settings import Trust

    if incident.state is State.PROPOSED:
        return incident.action.mode == Trust.PROPOSE
    return incident.state in (State.MERGED, State.ARRIVED, State.ENDED)


def _print(answer: Answer, json: bool, dry_run: bool) -> None:
    row = _row(answer)
    for objection in answer.objections:
        warn(str(objection))
    for choice in answer.choices:
        warn(f"  {choice}")
    if json:
        as_json(row)
    else:
        if answer.incident is not None:
            say(f"{answer.incident.id}: {answer.incident.why or row['reason_code']}" + (" (nothing was written)" if dry_run else ""))
        for name in ("decision", "reason_code", "branch", "commit", "pull_request"):
            say(f"{name:<13} {row[name] if row[name] is not None else '-'}")
    if row["decision"] != "rollback":
        raise typer.Exit(1)


def _row(answer: Answer) -> dict[str, Any]:
    """`decision` is `rollback`, `refuse` or `escalate`; `reason_code` says how far it went, or what forbade it."""
    incident = answer.incident
    if incident is None:
        code = answer.objections[0].code if answer.objections else "refused"
        return {"decision": "refuse", "reason_code": code, "branch": None, "commit": None, "pull_request": None}
    action = incident.actions[-1] if incident.actions else None
    decision = _decision(incident)
    coded = re.search(r"\[([a-z0-9-]+)\]$", incident.why)
    return {
        "decision": decision,
        "reason_code": coded[1] if coded and decision != "rollback" else _reach(incident),
        "branch": action.branch or None if action else None,
        "commit": (action.commit or action.head) if action else None,
        "pull_request": action.pull if action else None,
    }


def _decision(incident: Incident) -> str:
    from bot.incidents.lifecycle import End

    if incident.end in (None, End.DONE, End.RECOVERED):
        return "rollback"
    return "escalate" if incident.end is End.ESCALATED else "refuse"


def _reach(incident: Incident) -> str:
    """How far it went: `would-merge` where it was only rehearsed, else the incident's end or state."""
    from bot.incidents.lifecycle import State

    if incident.state is State.ADMITTED:
        return f"would-{incident.action.mode}"
    return str(incident.end or incident.state)
