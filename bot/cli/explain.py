"""`rollbot explain`: what was decided and done about an incident, or not, and why."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.asking import AsJson, Repo
from bot.cli.printing import as_json, say, warn
from bot.errors import Refused

if TYPE_CHECKING:
    from bot.incidents.incident import Incident
    from bot.ports import Store


def explain(
    incident: Annotated[str, typer.Argument(metavar="INCIDENT", help="Its name, or how it begins.")],
    verify: Annotated[bool, typer.Option("--verify", help="Check that its record is whole; exit 1 where it is not.")] = False,
    repo: Repo = Path(),
    json: AsJson = False,
) -> None:
    """Tell an incident's time line: signals, suspects, decisions with their reasons, changes, arrival, recovery.

    What this machine's store does not know is looked for in the commits of --repo: they carry who, what and why, too.

    \b
    Examples:
      rollbot explain prod-checkout-1a2b3c4d
      rollbot explain prod-checkout --verify --json
    """
    from bot import settings, wiring
    from bot.records.entry import broken
    from bot.records.report import report
    from bot.web.rows import incident_row

    with wiring.store(settings.load()) as store:
        found = _named(store, incident)
        if found is None:
            _from_git(repo, incident, json, store)
            return
        entries = store.entries(found.id)
    flaw = broken(entries, found.last, found.entries)
    if json:
        as_json(incident_row(found, entries) | ({"whole": flaw is None, "flaw": flaw} if verify else {}))
    else:
        say(report(found, entries).rstrip())
        if verify:
            say(f"\nThe record is whole: {len(entries)} entries, each sealed onto the one before it." if flaw is None else "")
    if verify and flaw is not None:
        warn(f"The record is not whole: {flaw}")
        raise typer.Exit(1)


def _named(store: Store, name: str) -> Incident | None:
    if exact := store.incident(name):
        return exact
    fits = [one for one in store.incidents() if one.id.startswith(name)]
    if len(fits) > 1:
        raise Refused(f"{name} fits several incidents: {', '.join(one.id for one in fits[:10])}")
    return fits[0] if fits else None


def _from_git(repo: Path, name: str, json: bool, store: Store) -> None:
    """Tell what commits say of an incident. Raises Refused where they say nothing."""
    from bot import settings, wiring
    from bot.records.trailers import trailers

    with wiring.repository(repo, settings.load()) as repository:
        commits = [
            (commit, trailers(commit.message))
            for commit in repository.log(repository.resolve("HEAD"))
            if f"Rollback-Incident: {name}" in commit.message
        ]
    if not commits:
        known = [one.id for one in store.incidents()]
        near = get_close_matches(name, known, 5, 0.4) or known[:5]
        raise Refused(f"there is no incident {name}" + (f"; there are {', '.join(near)}" if near else ", nor any other, in this store"))
    if json:
        rows = [{"commit": one.sha, "time": one.time, "subject": one.subject, "trailers": dict(said)} for one, said in commits]
        as_json({"id": name, "commits": rows})
        return
    say("Not in this machine's store; its commits say:")
    for commit, _ in commits:
        say(f"\ncommit {commit.sha}\n{commit.message.rstrip()}")
