"""CODEOWNERS → who owns a path, by GitHub's rules: the last pattern that fits decides, and may decide that nobody does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")
"""The first of these that exists is the one in force."""
LARGEST = 3 * 1024 * 1024
"""GitHub does not load a larger file."""
MOST = 15
"""More reviewers than this cannot be asked at once."""
_OWNER = re.compile(r"@([A-Za-z0-9][A-Za-z0-9-]{0,38}(?:/[A-Za-z0-9._-]{1,100})?)")
_UNSUPPORTED = re.compile(r"^!|\[.*\]|^\\#|(?:[^/]*\*[^*/]+){5}")
"""What GitHub does not read; and names with more stars than anybody writes, which would take too long to match."""


@dataclass(frozen=True, slots=True)
class Owned:
    """A line: `owners` are logins and `organisation/team`; none says that nobody owns what fits."""

    pattern: re.Pattern[str]
    owners: tuple[str, ...]


def parse(file: bytes) -> tuple[Owned, ...]:
    """Read the lines that GitHub would; a line with a pattern it does not support is passed over, as it does."""
    if len(file) > LARGEST:
        return ()
    lines = (line.strip() for line in file.decode(errors="replace").splitlines())
    return tuple(owned for line in lines if line and not line.startswith("#") and (owned := _line(line)))


def owners_of(paths: Iterable[str], lines: Sequence[Owned]) -> tuple[str, ...]:
    """Return the owners of all paths together, in the order in which they appear. E-mail addresses are nobody we could ask."""
    found: dict[str, None] = {}
    for path in paths:
        last = next((line for line in reversed(lines) if line.pattern.fullmatch(path)), None)
        found |= dict.fromkeys(last.owners if last else ())
    return tuple(found)[:MOST]


def _line(line: str) -> Owned | None:
    parts = re.split(r"(?<!\\)\s+", line)
    pattern, *rest = parts
    if _UNSUPPORTED.search(pattern):
        return None
    words = []
    for word in rest:
        if word.startswith("#"):
            break
        words.append(word)
    return Owned(_compiled(pattern.replace("\\ ", " ")), tuple(found[1] for word in words if (found := _OWNER.fullmatch(word))))


def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern with a slash before its end is anchored; `dir/` and `dir` own all below, `dir/*` only the files in it."""
    anchored = "/" in pattern.rstrip("/")
    folder, body = pattern.endswith("/"), pattern.strip("/")
    parts = [_part(part) for part in body.split("/")]
    text = "" if anchored else "(?:.*/)?"
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part == "**":
            text += ".*" if last else "(?:[^/]+/)*"
        else:
            text += part if last else f"{part}/"
    if body.endswith("**"):
        tail = ""
    elif folder:
        tail = "/.*"
    else:
        tail = "" if body.endswith("/*") else "(?:/.*)?"
    return re.compile(text + tail, re.DOTALL)


def _part(part: str) -> str:
    if part == "**":
        return part
    # several stars in one name mean one, and one each keeps a stranger's pattern from taking for ever
    stars = re.sub(r"\*+", "*", part)
    return "".join("[^/]*" if c == "*" else "[^/]" if c == "?" else re.escape(c) for c in stars)
