"""`rollbot check`: is `.rollbot.yaml` right, and where not."""

from __future__ import annotations

from pathlib import Path

import typer

from bot.cli.asking import AsJson, At, Repo
from bot.cli.printing import as_json, say


def check(repo: Repo = Path(), at: At = None, json: AsJson = False) -> None:
    """Say everything that is wrong with .rollbot.yaml: line, what was expected, the nearest valid key. Exit 2 where it is wrong.

    In a clone it reads the file as it stands in the work tree, so that it can be checked before it is committed.

    \b
    Examples:
      rollbot check
      rollbot check --at origin/main --json
    """
    from bot.config import PATH, problems

    text = written(repo, at)
    found = problems(text) if text is not None else ()
    if json:
        rows = [{"path": PATH, "line": one.line, "message": one.message, "hint": one.hint} for one in found]
        as_json({"path": PATH, "found": text is not None, "valid": not found, "problems": rows})
    elif text is None:
        say(f"there is no {PATH}: the defaults are in force")
    else:
        for one in found:
            say(str(one))
        say(f"{PATH}: {len(found)} problem{'s' if len(found) > 1 else ''}" if found else f"{PATH} is right")
    if found:
        raise typer.Exit(2)


def written(repo: Path, at: str | None) -> bytes | None:
    """Return the file's text: of a revision, else of the work tree, else of HEAD. Raises Refused where there is no such repository."""
    from bot import settings, wiring
    from bot.config import PATH

    with wiring.repository(repo, settings.load()) as repository:
        if at is None and (repo / PATH).is_file():
            return (repo / PATH).read_bytes()
        blob = repository.tree(repository.resolve(at or "HEAD")).get(PATH)
        return None if blob is None else repository.blobs().get(blob)
