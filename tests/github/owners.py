"""CODEOWNERS as the fake reads it: the last pattern that fits a changed file says who has to approve it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.github import rights
from tests.github.state import Answer, Item, Repo

_PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


def missing(repo: Repo, item: Item, approving: Iterable[str]) -> list[str]:
    """Of each changed file that has owners none of whom approved: its owners, as the file names them."""
    base = repo.head(item.base) or ""
    changed = repo.git("diff", "--name-only", repo.git("merge-base", base, item.sha).strip(), item.sha).splitlines()
    rows, found = _rows(repo, base), dict[str, None]()
    for path in changed:
        owned = next((names for pattern, names in reversed(rows) if pattern.search(path)), ())
        people = {login for name in owned for login in _people(repo, name)}
        if owned and not people & set(approving):
            found |= dict.fromkeys(name.removeprefix("@") for name in owned)
    return list(found)


def _people(repo: Repo, name: str) -> Iterable[str]:
    """A person or a team, as far as they may write: nobody else can be an owner."""
    organisation, _, slug = name.removeprefix("@").partition("/")
    logins = repo.teams.get((organisation, slug), ()) if slug else (organisation,)
    return [login for login in logins if rights.may(repo, login, "write")]


def _rows(repo: Repo, commit: str) -> list[tuple[re.Pattern[str], list[str]]]:
    for place in _PLACES:
        try:
            text = repo.git("show", f"{commit}:{place}")
        except Answer:
            continue
        rows = [row.partition("#")[0].split() for row in text.splitlines()]
        return [(_pattern(row[0]), row[1:]) for row in rows if row]
    return []


def _pattern(said: str) -> re.Pattern[str]:
    """As in .gitignore: `/` at the start or within anchors, at the end it is a folder; `*` stays within one, `**` does not."""
    start = r"\A" if "/" in said.rstrip("/") else r"(\A|/)"
    words = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*"}
    body = "".join(words.get(part) or re.escape(part) for part in re.split(r"(\*\*/|\*\*|\*)", said.lstrip("/")))
    return re.compile(start + body + ("" if said.endswith("/") else r"(\Z|/)"))
