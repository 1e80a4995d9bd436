"""Which route answers which kind of thing, and the answer made whole by it."""

from __future__ import annotations

import re
from typing import Any

from tests.github.shapes import whole

_REPO = r"/repos/[^/]+/[^/]+"
_KINDS: tuple[tuple[str, str], ...] = (
    (r"GET /user", "account"),
    (r"GET /users/[^/]+", "account"),
    (r"GET /orgs/[^/]+/teams/[^/]+", "team"),
    (r"GET /app", "app"),
    (r"GET /app/hook/deliveries", "delivery"),
    (rf"GET {_REPO}/installation", "installation"),
    (rf"GET {_REPO}", "whole repository"),
    (rf"GET {_REPO}/git/ref/.+", "ref"),
    (rf"(POST|PATCH) {_REPO}/git/refs(/.+)?", "ref"),
    (rf"POST {_REPO}/git/blobs", "blob"),
    (rf"POST {_REPO}/git/trees", "made tree"),
    (rf"(GET|POST) {_REPO}/git/commits(/[^/]+)?", "git commit"),
    (rf"GET {_REPO}/commits/[^/]+", "commit"),
    (rf"GET {_REPO}/commits/[^/]+/status", "combined status"),
    (rf"GET {_REPO}/commits/[^/]+/check-runs", "check runs"),
    (rf"POST {_REPO}/statuses/[^/]+", "made status"),
    (rf"GET {_REPO}/branches/[^/]+", "branch"),
    (rf"GET {_REPO}/branches/[^/]+/protection", "protection"),
    (rf"GET {_REPO}/collaborators/[^/]+/permission", "permission"),
    (rf"GET {_REPO}/pulls", "pull"),
    (rf"POST {_REPO}/pulls", "whole pull"),
    (rf"(GET|PATCH) {_REPO}/pulls/\d+", "whole pull"),
    (rf"GET {_REPO}/pulls/\d+/files", "file"),
    (rf"POST {_REPO}/pulls/\d+/requested_reviewers", "pull"),
    (rf"POST {_REPO}/pulls/\d+/reviews", "review"),
    (rf"GET {_REPO}/issues", "issue"),
    (rf"GET {_REPO}/issues/\d+/events", "issue event"),
    (rf"GET {_REPO}/issues/\d+", "issue"),
    (rf"(GET|POST) {_REPO}/issues/\d+/labels", "label"),
    (rf"(GET|POST) {_REPO}/issues/\d+/comments", "comment"),
    (rf"(GET|PATCH) {_REPO}/issues/comments(/\d+)?", "comment"),
    (rf"(GET|POST) {_REPO}/issues/comments/\d+/reactions", "reaction"),
)
KINDS = tuple((re.compile(pattern), kind) for pattern, kind in _KINDS)


def made_whole(method: str, path: str, said: Any, api: str) -> Any:
    """`path`: without the API's prefix. What no route here names is left as it is."""
    for pattern, kind in KINDS:
        if pattern.fullmatch(f"{method} {path}"):
            return whole(kind, said, f"{api}{path}")
    return said
