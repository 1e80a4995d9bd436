"""The API's address × a Git address → whether they are one forge, and what the repository is called there."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")


def git_host(api: str) -> str:
    """The host (and port) that serves Git for an API: github.com for api.github.com, the same host for an Enterprise server."""
    host = urlsplit(api).netloc.rpartition("@")[2].lower()
    return host.removeprefix("api.") if host == "api.github.com" or host.endswith(".ghe.com") else host


def name_at(api: str, url: str, name: str) -> str | None:
    """`owner/name` of a repository at this forge, None where it is elsewhere. `name` is host and path, as Rollbot names repositories."""
    host, _, path = name.partition("/")
    over_http = url.startswith(("http://", "https://"))
    if (over_http and host.lower() != git_host(api)) or not _NAME.fullmatch(path) or path.endswith(("/.", "/..")):
        return None
    return path


def trusted(api: str, url: str) -> bool:
    """Whether a token for the API may be shown to a Git address: the forge's own host, and no less encrypted than the API."""
    parts, ours = urlsplit(url), urlsplit(api)
    host = parts.netloc.rpartition("@")[2].lower()
    return host == git_host(api) and (parts.scheme == "https" or (parts.scheme == "http" and ours.scheme == "http"))
