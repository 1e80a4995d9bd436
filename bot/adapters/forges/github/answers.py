"""What GitHub's API answers → a value, or one of our two exceptions with the way out in its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.errors import Refused, Unavailable


@dataclass(frozen=True, slots=True)
class Response:
    """`headers` have lower-case names; `body` is the parsed JSON, None where there is none."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Unclear(Unavailable):
    """No usable answer came: for a write that means it may have been carried out. Read back before anything else."""


class Denied(Refused):
    """GitHub said no. `said` is its own message, for classification only."""

    def __init__(self, text: str, status: int, said: str) -> None:
        super().__init__(text)
        self.status, self.said = status, said


_RIGHTS = (
    ("/merge", "contents: write and pull_requests: write"),
    ("/git/", "contents: write"),
    ("/pulls", "pull_requests: write"),
    ("/issues", "issues: write"),
    ("/statuses", "statuses: write"),
    ("/memberships", "members: read (of the organisation)"),
    ("/teams", "members: read (of the organisation)"),
    ("/collaborators", "metadata: read"),
    ("/check", "checks: read"),
    ("/protection", "administration: read"),
)
"""Which right a path needs, where GitHub's answer does not say so itself; the first that fits."""


def said(body: Any) -> str:
    """Everything that an error's body says, in one line."""
    if not isinstance(body, Mapping):
        return ""
    errors = body.get("errors")
    parts = [str(body.get("message") or "")]
    for error in errors if isinstance(errors, list) else []:
        parts.append(str((error.get("message") or error.get("code") or "") if isinstance(error, Mapping) else error))
    return " ".join(" ".join(part for part in parts if part).split())[:500]


def denied(response: Response, verb: str, path: str) -> Denied:
    """Say what GitHub did not let us do, and what would."""
    message, status = said(response.body), response.status
    what = f"{verb} {path.partition('?')[0]}"
    if status == 401:
        text = "GitHub does not accept our token: set a valid ROLLBOT_GITHUB_TOKEN, or check the App's id and private key"
    elif status == 403:
        right = response.headers.get("x-accepted-github-permissions", "").replace("=", ": ") or _right(path)
        text = f"GitHub does not let us {what}: {message or 'forbidden'}" + (f"; give the App or token {right}" if right else "")
    elif status == 404 and verb != "GET":
        text = f"GitHub does not find what {what} is about, as it says to whoever may not write there either"
        text += f": give the App or token {right}" if (right := _right(path)) else ""
    elif status == 404:
        text = (
            f"GitHub has no {path.partition('?')[0]}, or does not let us see it: is it there, and is the App installed on the repository?"
        )
    elif status in (301, 302, 307, 308):
        text = "GitHub says that the repository has moved: set ROLLBOT_REPO_URL to its new address"
    else:
        text = f"GitHub refuses {what} ({status}): {message or 'no reason given'}"
    return Denied(text, status, message)


def _right(path: str) -> str:
    return next((right for part, right in _RIGHTS if part in path), "")
