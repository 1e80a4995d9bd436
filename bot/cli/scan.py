"""`rollbot scan`: every pin of a repository, and whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli.asking import AsJson, At, Repo, desired
from bot.cli.printing import as_json, say, table, warn

if TYPE_CHECKING:
    from bot.manifests.pin import Pin, Reading
    from bot.refs import ServiceRef
    from bot.releases.release import DesiredState


def scan(repo: Repo = Path(), at: At = None, json: AsJson = False) -> None:
    """List every place that fixes a version: images, charts, Git refs, digests, variables.

    Files that could not be read are named on stderr; they never stop the others.

    \b
    Examples:
      rollbot scan
      rollbot scan --repo ~/src/gitops --at v1.4 --json | jq '.[] | select(.service == "checkout")'
    """
    with desired(repo, at) as (state, _):
        owners = _owners(state)
        found = [_row(pin, owners.get((pin.path, pin.start), [])) for reading in _readings(state) for pin in reading.pins]
    if json:
        as_json(found)
        return
    columns = ("service", "environment", "artefact", "value", "pin_kind", "path", "line")
    table(columns, [[row[column] for column in columns] for row in found])
    files = len({row["path"] for row in found})
    say(f"\n{len(found)} pins, {len(state.estate.services)} services, {files} files at {state.head[:12]}")


def _readings(state: DesiredState) -> Iterator[Reading]:
    for path, blob in sorted(state.tree.items()):
        reading = state.readings.get((path, blob))
        if reading is not None:
            for objection in reading.objections:
                warn(str(objection))
            yield reading


def _owners(state: DesiredState) -> dict[tuple[str, int], list[ServiceRef]]:
    owners: dict[tuple[str, int], list[ServiceRef]] = {}
    for service in state.estate.services:
        for pin in service.pins:
            owners.setdefault((pin.path, pin.start), []).append(service.ref)
    return owners


def _row(pin: Pin, owners: list[ServiceRef]) -> dict[str, Any]:
    return {
        "path": pin.path,
        "document": pin.document,
        "yaml_path": pin.yaml_path,
        "line": pin.line,
        "format": pin.format,
        "pin_kind": pin.kind.value,
        "object_kind": pin.object_kind,
        "object_name": pin.object_name,
        "service": _common(ref.name for ref in owners),
        "environment": _common(ref.environment for ref in owners),
        "artefact": pin.artefact,
        "value": pin.value,
    }


def _common(names: Iterable[str]) -> str | None:
    """The one name, or all of them with commas where the pin is shared; None where nobody owns it."""
    return ",".join(dict.fromkeys(names)) or None
