"""What a GitHub App of ours may do and hears of; and the code that GitHub gives for a made one → its id and secrets, once.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from bot.errors import BadConfig, Refused, Unavailable

PERMISSIONS: Mapping[str, str] = {
    "contents": "write",  # branches, commits, merging
    "pull_requests": "write",  # pull requests, their labels, reviewers and comments
    "issues": "write",  # answering commands on issues, reactions
    "statuses": "write",  # the mark on the bad commit
    "checks": "read",  # what a merge waits for
    "actions": "read",  # workflow runs that a merge waits for
    "deployments": "read",  # what was deployed when
    "merge_queues": "write",  # entering a queue, at its front
    "members": "read",  # who is in a team that may roll back
    "metadata": "read",  # GitHub gives it to every App
}
"""The least that all of Rollbot works with. `administration: read` (branch protection) is left out: `doctor` says what it cannot see."""

EVENTS = (
    "issue_comment",
    "pull_request",
    "pull_request_review",
    "push",
    "check_run",
    "check_suite",
    "status",
    "merge_group",
    "deployment_status",
    "workflow_run",
)
"""Events of installations come without being asked for."""

TIMEOUT = 20
_CODE = re.compile(r"[A-Za-z0-9_-]{1,200}")
_ORGANISATION = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}")
_API = re.compile(r"(https?)://([A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9a-fA-F:]+\](?::\d{1,5})?)(/api/v3)?/?")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=\s]+-----END [A-Z ]*PRIVATE KEY-----\s*")
_PLAIN = re.compile(r"[!-&(-~]{1,200}")


@dataclass(frozen=True, slots=True)
class Made:
    """An App as GitHub made it. What is secret of it is shown nowhere."""

    id: int
    name: str
    page: str
    key: str = field(repr=False)
    webhook_secret: str | None = field(repr=False, default=None)


def site(api: str) -> str:
    """Where people see what the API at `api` serves: https://github.com, or the Enterprise server. Raises BadConfig."""
    found = _API.fullmatch(api)
    if not found or "?" in api:
        raise BadConfig("this is no address of GitHub's API", hint="https://api.github.com, or https://HOST/api/v3")
    scheme, host, enterprise = found.groups()
    return f"{scheme}://{host if enterprise else host.removeprefix('api.')}"


def form_target(api: str, organisation: str | None) -> str:
    """Where the form that makes an App is sent: for a person, or for an organisation. Raises BadConfig."""
    if organisation is None:
        return f"{site(api)}/settings/apps/new"
    if not _ORGANISATION.fullmatch(organisation):
        raise BadConfig("this is no name of an organisation")
    return f"{site(api)}/organizations/{organisation}/settings/apps/new"


def manifest(redirect: str, public: str | None) -> dict[str, Any]:
    """What is asked for. Without a `public` address GitHub cannot reach us: the webhook is made, and off until one is given."""
    reached = public or "https://example.invalid"
    return {
        "name": "rollbot",
        "description": "Takes bad releases back in Git.",
        "url": public or "https://example.invalid",
        "hook_attributes": {"url": f"{reached}/hooks/github", "active": public is not None},
        "redirect_url": redirect,
        "public": False,
        "default_permissions": dict(PERMISSIONS),
        "default_events": list(EVENTS),
    }


def convert(api: str, code: str) -> Made:
    """Exchange the code of a made App for its id and secrets. It works once, so it is never sent again after an unclear answer."""
    if not _CODE.fullmatch(code):
        raise Refused("GitHub gives no such code")
    site(api)
    url = f"{api.rstrip('/')}/app-manifests/{code}/conversions"
    headers = {"Accept": "application/vnd.github+json", "User-Agent": "rollbot"}
    try:
        answer = requests.post(url, headers=headers, timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        way_out = "if GitHub lists the App among your Apps, delete it there and begin again: its key cannot be had twice"
        raise Unavailable(f"GitHub did not answer ({type(error).__name__}); {way_out}") from None
    if answer.status_code in (404, 422):
        raise Refused("GitHub does not know this code: it works once, and for an hour; begin again")
    if answer.status_code != 201:
        raise (Unavailable if answer.status_code >= 500 else Refused)(f"GitHub answered {answer.status_code}")
    return _made(api, answer)


def _made(api: str, answer: requests.Response) -> Made:
    try:
        told = answer.json()
        id_, key, secret = int(told["id"]), str(told["pem"]), told.get("webhook_secret")
        name, page = str(told.get("name") or "rollbot"), str(told.get("html_url") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused("GitHub's answer is no App; if it lists one among your Apps, delete it there and begin again") from None
    if not _PEM.fullmatch(key) or (secret is not None and not _PLAIN.fullmatch(str(secret))):
        raise Refused("GitHub's answer holds no private key that can be used")
    return Made(id_, name, page if page.startswith(f"{site(api)}/") else "", key, None if secret is None else str(secret))
