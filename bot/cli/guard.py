"""`rollbot guard`: fail a CI run that brings a quarantined release back."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.asking import AsJson, Repo, configured
from bot.cli.printing import as_json, progress, warn
from bot.cli.runner import annotate, disobeyed, put_outputs, put_summary
from bot.cli.verdict import Compared, head_of, marks, show, told
from bot.errors import Refused, RollbotError

if TYPE_CHECKING:
    from bot.adapters.git.repository import GitRepository
    from bot.quarantine import Quarantine
    from bot.refs import Sha
    from bot.settings import Run, Settings

UNDO = "Rollback-Undo: "


def guard(
    base: Annotated[str | None, typer.Option(metavar="REV", help="What it is to go into; else the pull request's base, else main.")] = None,
    head: Annotated[str | None, typer.Option(metavar="REV", help="What is to go in; else what is checked out.")] = None,
    allow_lift: Annotated[
        bool, typer.Option("--allow-lift", help="Pass what lifts a quarantine and brings its release back at once.")
    ] = False,
    repo: Repo = Path(),
    json: AsJson = False,
) -> None:
    """Fail (exit 1) where a change brings a quarantined release back, whole or in part; say who keeps it out, why and until when.

    Meant as a required check. It compares what the change makes of the revision that it starts from; only what is new counts.

    \b
    Examples:
      rollbot guard
      rollbot guard --base origin/main --head HEAD --json
    """
    from bot import settings

    step = settings.run()
    with _printed(step.actions and not json):
        compared = compare(repo, settings.load(None if step.actions else ".env"), step, base, head)
        row = told(compared, allow_lift)
        if json:
            as_json(row)
        else:
            show(row)
    if step.actions and not json:
        annotate(*marks(row))
    if row["decision"] != "pass":
        raise typer.Exit(1)


def in_a_job(step: Run, *, allow_lift: bool) -> int:
    """The same as a step of `action.yml`: outputs, summary and annotations; returns the exit code."""
    from bot import settings
    from bot.cli.__main__ import code

    with disobeyed():
        try:
            compared = compare(Path(), settings.of_run(step, {"forge": "local"}), step, None, None)
            row, ending = told(compared, allow_lift), 0
            show(row)
        except RollbotError as error:
            ending = code(error)
            row = {**head_of("failure", "cannot-tell"), "why": str(error), "returns": [], "lifted": [], "notes": []}
            warn(str(error))
    ending = ending or int(row["decision"] != "pass")
    if step.output is not None:
        outputs = {"decision": row["decision"], "reason_code": row["reason_code"], "json": jsonlib.dumps(row)}
        put_outputs(step.output, outputs)
    if step.step_summary is not None:
        from bot.cli.summary import of_guard

        put_summary(step.step_summary, of_guard(row))
    annotate(*marks(row))
    return ending


@contextmanager
def _printed(in_actions: bool) -> Iterator[None]:
    if not in_actions:
        yield
        return
    with disobeyed():
        yield


def compare(path: Path, found: Settings, step: Run, base: str | None, head: str | None) -> Compared:
    """Compare two revisions of a clone. Raises Refused where it cannot be told: a guard that sees nothing does not pass."""
    from bot import wiring
    from bot.plans.guard import Verdict, judge, lifts
    from bot.quarantine import read
    from bot.reconciler.look import look

    with wiring.repository(path, found) as repository, wiring.cache(found) as cache, progress("reading the repository"):
        tip, target = _revisions(repository, step, base, head)
        start = repository.common(target, tip)
        if start is None:
            raise Refused("the two revisions share no history here; in GitHub Actions check out with fetch-depth: 0")
        at_start, at_tip = _Files(repository, start), _Files(repository, tip)
        standing, notes = _standing(_Files(repository, target), at_tip)
        undo = _is_undo(repository, start, tip)
        kept = read(at_tip)
        if not standing and not kept:
            return Compared(target, tip, Verdict((), ()), undo, notes)
        lifted = lifts([one for one in standing if one in _readable(at_start)], kept)
        config = configured(repository, target)  # the target's own: a change does not switch its guard off
        before = look(repository, cache, config.manifests, at=start)
        after = look(repository, cache, config.manifests, at=tip, known=before)
        known = {(one.environment, one.service, one.release) for one in standing}
        both = (*standing, *(one for one in kept if (one.environment, one.service, one.release) not in known))
        verdict = judge(before, after, both, lifted=lifted, now=wiring.clock().now())
        if verdict.untold and repository.shallow():
            raise Refused("this clone has not the history that quarantines without versions are about; check out with fetch-depth: 0")
        return Compared(target, tip, verdict, undo, (*notes, *(f"{q.path}: its commit is not in the history" for q in verdict.untold)))


class _Files:
    """A revision's files, for quarantines to be read from."""

    def __init__(self, repository: GitRepository, commit: Sha) -> None:
        self.tree, self._blobs = repository.tree(commit), repository.blobs()

    def file(self, path: str) -> bytes | None:
        blob = self.tree.get(path)
        return None if blob is None else self._blobs.get(blob)


def _revisions(repository: GitRepository, step: Run, base: str | None, head: str | None) -> tuple[Sha, Sha]:
    """What goes in, and what it goes into: as said, else as the run's event says, else `HEAD` into the main branch."""
    from bot.cli.dispatch import event

    happened = event(step) if step.actions else {}
    tip = repository.resolve(head or "HEAD")
    pull = _part(happened, "pull_request")
    wanted = str(_part(pull, "head").get("sha") or "")
    if pull and head is None and not repository.contains(tip, repository.resolve(wanted)):
        raise Refused("the checkout does not hold the pull request's head; check out its merge commit (the default for pull_request)")
    if base is not None:
        return tip, repository.resolve(base)
    group = str(_part(happened, "merge_group").get("base_sha") or "")
    before = str(happened.get("before") or "").strip("0")
    main = ("refs/remotes/origin/HEAD", "refs/remotes/origin/main", "refs/heads/main", "refs/remotes/origin/master", "refs/heads/master")
    named = f"refs/remotes/origin/{step.base_ref}" if step.base_ref else ""
    sha = str(_part(pull, "base").get("sha") or "")
    for revision in (group, named, sha, str(happened["before"]) if before else "", *main):
        if revision:
            try:
                return tip, repository.resolve(revision)
            except Refused:
                if revision == group:
                    raise
    raise Refused("there is nothing to compare with; say what with --base, and in GitHub Actions check out with fetch-depth: 0")


def _part(happened: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = happened.get(name)
    return part if isinstance(part, Mapping) else {}


def _standing(base: _Files, tip: _Files) -> tuple[tuple[Quarantine, ...], tuple[str, ...]]:
    """The target's quarantines. One that cannot be read stops everybody but who mends it."""
    from bot.quarantine import files, parse

    found, notes = [], []
    for path in files(base):
        try:
            found.append(parse(path, base.file(path)))
        except Refused:
            if tip.tree.get(path) == base.tree[path]:
                raise
            notes.append(f"{path} could not be read; this change mends or deletes it")
    return tuple(found), tuple(notes)


def _readable(state: _Files) -> tuple[Quarantine, ...]:
    from bot.quarantine import files, parse

    found = []
    for path in files(state):
        try:
            found.append(parse(path, state.file(path)))
        except Refused:
            continue
    return tuple(found)


def _is_undo(repository: GitRepository, start: Sha, tip: Sha) -> bool:
    """Whether Rollbot's undo is in it, by its trailer. Anybody may write that: it spares a second pull request, no permission."""
    return any(line.startswith(UNDO) for message in repository.messages(start, tip) for line in message.splitlines())
