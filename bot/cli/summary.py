"""What a step did → its job summary: the decision first, then why, then every line that changed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.changes.markdown import code, prose

LONGEST_DIFF = 400_000
"""GitHub takes 1 MiB of summary a step."""

_SHOWN = ("decision", "reason_code", "branch", "commit", "pull_request")


def of_rollback(row: Mapping[str, Any], notes: Sequence[str], diff: Sequence[str]) -> str:
    """Return Markdown in which nobody's text works: fences are longer than any run of backticks inside, prose is escaped."""
    parts = [f"## {headline(row)}", prose(str(row.get("why") or ""))]
    parts += ["\n".join(f"- {prose(note)}" for note in notes)]
    parts += ["\n".join(["| | |", "| --- | --- |", *(f"| {name} | {_cell(row[name])} |" for name in _SHOWN)])]
    if diff:
        parts += ["### What would change" if row["dry_run"] else "### What changed", fenced("diff", _cut(diff))]
    parts += [f"<details><summary>As JSON</summary>\n\n{fenced('json', [json.dumps(dict(row), indent=2)])}\n\n</details>"]
    return "\n\n".join(part for part in parts if part) + "\n"


def headline(row: Mapping[str, Any]) -> str:
    """The decision in one line."""
    what = f"{code(row['service'])} in {code(row['environment'])}" if row.get("service") and row.get("environment") else "the request"
    moved = f": {code(row['from'])} → {code(row['to'])}" if row.get("from") and row.get("to") else ""
    match row["decision"]:
        case "rollback" if row["dry_run"]:
            return f"Would roll back {what}{moved} (nothing was written)"
        case "rollback" if row["reason_code"] == "proposed":
            return f"Rollback of {what} proposed{moved}"
        case "rollback" if row["reason_code"] == "waiting":
            return f"Rollback of {what} waits to be merged{moved}"
        case "rollback":
            return f"Rolled back {what}{moved}"
        case "escalate":
            return f"Needs a person: {what}"
        case "refuse":
            return f"Not rolled back: {what}"
        case _:
            return f"Failed: {what}"


def of_guard(row: Mapping[str, Any]) -> str:
    """The same for `guard`."""
    word = {"pass": "Nothing that is kept out comes back", "fail": "A quarantined release comes back"}
    parts = [f"## {word.get(row['decision'], 'It cannot be told whether a quarantined release comes back')}", prose(str(row["why"]))]
    found = [
        f"- {_cell(':'.join(str(each[key]) for key in ('path', 'line') if each[key]))}: {prose(each['says'])}" for each in row["returns"]
    ]
    parts += ["\n".join(found), "\n".join(f"- lifts {code(one['quarantine'])}" for one in row["lifted"])]
    parts += [f"<details><summary>As JSON</summary>\n\n{fenced('json', [json.dumps(dict(row), indent=2)])}\n\n</details>"]
    return "\n\n".join(part for part in parts if part) + "\n"


def fenced(language: str, lines: Sequence[str]) -> str:
    """Return a code block that nothing inside can close (CommonMark 4.5)."""
    text = "\n".join(_visible(line) for line in lines)
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text.replace("\r\n", "\n").removesuffix("\r"))


def _cut(diff: Sequence[str]) -> Sequence[str]:
    size = 0
    for number, line in enumerate(diff):
        size += len(line.encode(errors="replace")) + 1
        if size > LONGEST_DIFF:
            return [*diff[:number], f"… and {len(diff) - number} lines more"]
    return diff


def _cell(value: object) -> str:
    return "-" if value in (None, "") else code(str(value)).replace("|", "\\|")
