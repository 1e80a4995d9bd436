"""`rollbot history`: a service's releases, newest first."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli.asking import AsJson, At, Env, File, Repo, Service, desired
from bot.cli.printing import as_json, iso, say, table, when
from bot.errors import BadConfig, Refused

if TYPE_CHECKING:
    from bot.refs import ServiceRef
    from bot.releases.release import DesiredState, History, Release


def history(service: Service = None, env: Env = None, path: File = None, repo: Repo = Path(), at: At = None, json: AsJson = False) -> None:
    """List what each commit changed in a service's files: versions and the configuration that came along.

    \b
    Examples:
      rollbot history checkout --env prod
      rollbot history --path apps/checkout/overlays/prod/kustomization.yaml --json
    """
    from bot.releases.history import history as releases_of

    if bool(service) == bool(path):
        raise BadConfig("say which service", hint="SERVICE [--env E], or --path FILE")
    if path and env:
        raise BadConfig("--env goes with SERVICE only")
    with desired(repo, at) as (state, _):
        found = _of_path(state, path) if path else releases_of(_named(state, str(service), env), state)
    releases = found.releases
    if json:
        as_json([_row(release) for release in releases])
        return
    if releases:
        table(("commit", "time", "author", "pr", "version", "changed"), [_line(release) for release in releases])
    more = "" if found.complete else "; the clone is shallow: there may be older ones"
    say(f"\n{len(releases)} releases of {path or found.service}{more}")


def _named(state: DesiredState, name: str, env: str | None) -> ServiceRef:
    found = state.estate.named(name, env)
    if not found:
        raise Refused(unknown(state, name, env))
    if len(found) > 1:
        raise Refused(f"{name} fits several services: {', '.join(str(service.ref) for service in found)}; narrow it with --env")
    return found[0].ref


def _of_path(state: DesiredState, path: str) -> History:
    from bot.releases.history import path_history

    if path not in state.tree:
        near = get_close_matches(path, list(state.tree), 3)
        raise Refused(f"there is no file {path} at {state.head[:12]}" + (f"; did you mean {' or '.join(near)}?" if near else ""))
    return path_history(path, state)


def unknown(state: DesiredState, name: str, env: str | None) -> str:
    """Say that there is no such service, with the nearest ones."""
    elsewhere = [str(service.ref) for service in state.estate.named(name)]
    if elsewhere:
        return f"there is no {name} in {env}; there is {', '.join(elsewhere)}"
    near = [str(ref) for ref in state.estate.like(name)]
    return f"there is no service {name}" + (f"; did you mean {' or '.join(near)}?" if near else "; `rollbot scan` lists them")


def _row(release: Release) -> dict[str, Any]:
    return {
        "commit": release.commit,
        "time": iso(release.time),
        "author": release.author,
        "bot": release.bot,
        "pull_request": release.pull_request,
        "version": release.version,
        "changes": [{"path": c.path, "yaml_path": c.yaml_path, "from": c.before, "to": c.after} for c in release.changes],
        "merged": [{"path": m.path, "added": m.added, "removed": m.removed} for m in release.merged],
    }


def _line(release: Release) -> list[object]:
    pull = f"#{release.pull_request}" if release.pull_request else None
    author = f"{release.author} (bot)" if release.bot else release.author
    changed = [f"{c.before or '∅'} → {c.after or '∅'}" for c in release.changes[:2]]
    if len(release.changes) > 2:
        changed.append(f"and {len(release.changes) - 2} more")
    if release.merged:
        changed.append(f"{sum(m.added for m in release.merged)}+ {sum(m.removed for m in release.merged)}- lines")
    return [release.commit[:12], when(release.time), author, pull, release.version, ", ".join(changed)]
