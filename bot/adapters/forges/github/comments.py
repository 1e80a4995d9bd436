"""One comment for each key in a thread: found by its hidden marker and our own account, edited only where it differs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from bot.adapters.forges.github.answers import Denied, Unclear
from bot.adapters.forges.github.client import Client

LONGEST = 65_536
"""Characters that GitHub takes in a comment or a pull request's text."""

_CUT = "\n\n… (cut: GitHub takes no more) …\n\n"
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")


class Comments:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[tuple[str, int, str], int] = {}
        """Which comment a key has, where we made or saw it: lists may lag behind."""

    def keep(self, repository: str, number: int, key: str, text: str) -> None:
        """Make the comment, or edit it where its text is another."""
        mark = marker(key)
        body = capped(f"{mark}\n{text}")
        with self._client.writing:
            found = self._find(repository, number, key)
            if found is None:
                found = self._made(repository, number, key, body)
            elif _plain(found["body"]) != _plain(body):
                self._edit(repository, found["id"], body)
            self._known[repository, number, key] = int(found["id"])

    def _find(self, repository: str, number: int, key: str) -> Any:
        known = self._known.get((repository, number, key))
        if known is not None:
            there = self._client.maybe(f"/repos/{repository}/issues/comments/{known}")
            if there is not None:
                return there
        return self._listed(repository, number, key)

    def _listed(self, repository: str, number: int, key: str) -> Any:
        """Our comment of that key; should there be several, the first, and the others go."""
        mine = list(self._ours(repository, number, marker(key)))
        for other in mine[1:]:
            with suppress(Denied, Unclear):
                self._client.send("DELETE", f"/repos/{repository}/issues/comments/{other['id']}")
        return mine[0] if mine else None

    def _ours(self, repository: str, number: int, mark: str) -> Iterator[Any]:
        for each in self._client.each(f"/repos/{repository}/issues/{number}/comments"):
            if (each.get("body") or "").startswith(mark) and self._by_us(each):
                yield each

    def _by_us(self, comment: Any) -> bool:
        user = comment.get("user") or {}
        return bool(user.get("id") == self._client.identity().number)

    def _made(self, repository: str, number: int, key: str, body: str) -> Any:
        path = f"/repos/{repository}/issues/{number}/comments"
        return self._client.settled(lambda: self._client.send("POST", path, {"body": body}), lambda: self._listed(repository, number, key))

    def _edit(self, repository: str, comment: int, body: str) -> None:
        path = f"/repos/{repository}/issues/comments/{comment}"

        def look() -> Any:
            there = self._client.get(path)
            return there if _plain(there["body"]) == _plain(body) else None

        self._client.settled(lambda: self._client.send("PATCH", path, {"body": body}), look)


def marker(key: str) -> str:
    """The hidden first line; no key can end it early."""
    return f"<!-- rollbot:{re.sub(r'--+', '-', re.sub(r'[^A-Za-z0-9:._/@+-]+', '-', key))} -->"


def capped(text: str, longest: int = LONGEST) -> str:
    """Keep both ends of a text that is too long; what the cut leaves open is closed, so that the end reads as it did."""
    if len(text) <= longest:
        return text
    room = longest - len(_CUT) - 200
    start, end = text[: room * 2 // 3], text[-(room - room * 2 // 3) :]
    start, end = start[: start.rfind("\n") + 1] or start, end[end.find("\n") + 1 :] or end
    fence = _open_fence(start)
    rest = text[len(start) : len(text) - len(end)]
    inside = _open_fence(start + rest)
    closing = f"\n{fence}" if fence else ""
    closing += "\n</details>" * (_depth(start) > 0)
    reopening = f"{inside}\n" if inside else ""
    return f"{start.rstrip()}{closing}{_CUT}{'<details>' * (_depth(start + rest) > 0)}\n\n{reopening}{end}"[:longest]


def _open_fence(text: str) -> str:
    """The fence that is open at the end of a text, empty where none is."""
    fence = ""
    for line in text.splitlines():
        match = _FENCE.match(line)
        if match is None:
            continue
        if not fence:
            fence = match[1]
        elif match[1].startswith(fence) and not match[2].strip():
            fence = ""
    return fence


def _depth(text: str) -> int:
    return text.count("<details") - text.count("</details>")


def _plain(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").strip()
