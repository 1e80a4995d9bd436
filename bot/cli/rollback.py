"""`rollbot rollback`: take a release back now, because a person says so."""

from __future__ import annotations

import getpass
import uuid
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.asking import Artefact, AsJson, AtPath, CommitSha, Env, File, From, PinsOnly, Service, To, selector
from bot.cli.carrying import carry, row, written_to
from bot.cli.printing import as_json, choices, progress, say, warn
from bot.errors import BadConfig

if TYPE_CHECKING:
    from bot.incidents.incident import Incident
    from bot.reconciler.asking import Answer
    from bot.settings import Settings


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
    from bot import settings
    from bot.signals.signal import Asked

    selector(service, env, path, artefact, at_path, value, commit)
    found = settings.load()
    with written_to(address_of(repo, found), found) as ports:
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
            answer = carry(asked, ports, dry_run=dry_run).insist()
        _print(answer, json, dry_run)


def address_of(repo: str | None, found: Settings) -> str:
    """The one repository that is meant. Raises BadConfig where several are configured and none is said."""
    if repo is not None:
        return repo
    if len(found.repo_url) > 1:
        raise BadConfig("ROLLBOT_REPO_URL names several repositories", hint="say which with --repo")
    return found.repo_url[0] if found.repo_url else "."


def _print(answer: Answer, json: bool, dry_run: bool) -> None:
    told = row(answer)
    for objection in answer.objections:
        warn(str(objection))
    choices(answer.objections[0].code if answer.objections else "", answer.choices)
    if json:
        as_json(told)
    else:
        if answer.incident is not None:
            say(f"{answer.incident.id}: {answer.incident.why or told['reason_code']}" + (" (nothing was written)" if dry_run else ""))
        for line in answer.incident.action.members if answer.incident is not None and answer.incident.actions else ():
            say(f"{line.service}: {line.version} → {line.to}{_when(line.wave, answer.incident)}")
        for name in ("decision", "reason_code", "branch", "commit", "pull_request"):
            say(f"{name:<13} {told[name] if told[name] is not None else '-'}")
    if told["decision"] != "rollback":
        raise typer.Exit(1)


def _when(wave: int, incident: Incident | None) -> str:
    """Where a group goes in waves, which is whose; a server takes the later ones, once the earlier have arrived."""
    waves = incident.action.waves if incident else ()
    if incident is None or len(waves) < 2:
        return ""
    later = "" if wave <= incident.action.wave else ", once the one before has arrived: `rollbot serve` goes on with it"
    return f" (wave {waves.index(wave) + 1} of {len(waves)}{later})"
