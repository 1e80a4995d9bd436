"""What the verbs ask alike: which repository, at which revision, which service; and the desired state that answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.printing import progress
from bot.errors import BadConfig

if TYPE_CHECKING:
    from bot.config import Config
    from bot.plans.plan import Selector
    from bot.ports import Repository
    from bot.refs import Sha
    from bot.releases.release import DesiredState

Repo = Annotated[Path, typer.Option("--repo", metavar="PATH", help="The manifests repository: a clone or a bare one.")]
At = Annotated[str | None, typer.Option("--at", metavar="REV", help="Read it at this revision instead of its head.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Service = Annotated[str | None, typer.Argument(metavar="[SERVICE]", help="A service by name, or by what it goes by in alerts.")]
Env = Annotated[str | None, typer.Option("--env", metavar="E", help="The service's environment.")]
File = Annotated[str | None, typer.Option("--path", metavar="FILE", help="The pins of this file (filters below add up).")]
Artefact = Annotated[str | None, typer.Option("--artefact", metavar="NAME", help="Only pins of this image, chart or repository.")]
AtPath = Annotated[str | None, typer.Option("--at-path", metavar="YAML_PATH", help="Only the pin at this place.")]
From = Annotated[str | None, typer.Option("--from", metavar="VALUE", help="Only pins that hold this value now.")]
CommitSha = Annotated[str | None, typer.Option("--commit", metavar="SHA", help="Undo what this commit changed, wherever it stands now.")]
To = Annotated[str | None, typer.Option("--to", metavar="VERSION", help="Go back to this version (or commit); else the last good one.")]
Drain = Annotated[bool, typer.Option("--drain", help="Take the bad side's traffic away too, where its route's weights are in Git.")]
PinsOnly = Annotated[bool, typer.Option("--pins-only", help="Leave the lines alone that came along with the version.")]


def selector(
    service: str | None, env: str | None, path: str | None, artefact: str | None, at_path: str | None, value: str | None, commit: str | None
) -> Selector:
    """Return what the words select. Raises BadConfig where they do not fit together."""
    from bot.plans.plan import ByCommit, ByPath, ByService

    said = [word for word, given in (("SERVICE", service), ("--path", path), ("--commit", commit)) if given]
    if len(said) != 1:
        wrong = f"{' and '.join(said)} do not go together" if said else "nothing selected"
        raise BadConfig(wrong, hint="say one of SERVICE [--env E], --path FILE, --commit SHA")
    if env and not service:
        raise BadConfig("--env goes with SERVICE only")
    if not path and (artefact or at_path or value):
        raise BadConfig("--artefact, --at-path and --from go with --path only")
    if service:
        return ByService(service, env)
    return ByPath(path, artefact, at_path, value) if path else ByCommit(str(commit))


@contextmanager
def desired(path: Path, at: str | None) -> Iterator[tuple[DesiredState, Config]]:
    """Open a repository and read what it says at a revision; lazily, so use it within the block.

    Raises Refused where it is no repository, has no such revision or is empty, BadConfig where its `.rollbot.yaml` is broken.
    """
    from bot import settings, wiring
    from bot.reconciler.look import look

    if ":/" in str(path) and not path.exists():
        raise BadConfig(f"--repo takes a folder here, not {path}", hint="clone it first; `rollbot rollback` and the server take URLs")
    found = settings.load()
    with wiring.repository(path, found) as repository, wiring.cache(found) as cache:
        commit = repository.resolve(at or "HEAD")
        config = configured(repository, commit)
        with progress("reading the repository"):
            state = look(repository, cache, config.manifests, at=commit)
        yield state, config


def configured(repository: Repository, commit: Sha) -> Config:
    """Read `.rollbot.yaml` of a commit; without one, the defaults. Raises BadConfig."""
    from bot.config import PATH, Config, parse

    blob = repository.tree(commit).get(PATH)
    if blob is None:
        return Config()
    text = repository.blobs().get(blob)
    if text is None:
        raise BadConfig("it cannot be read", path=PATH, hint="larger than 8 MiB, or missing from a partial clone")
    return parse(text)
