"""How to log in × a repository's address → a client for it, and its credentials for Git."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.forges.github.access import Access, AppAccess, TokenAccess
from bot.adapters.forges.github.client import Client
from bot.adapters.forges.github.hosts import name_at, trusted
from bot.adapters.forges.github.pace import Timing
from bot.errors import BadConfig


@dataclass(frozen=True, slots=True)
class Login:
    """The API, and a token or an App with its private key. An App goes before a token."""

    api: str
    token: str | None = None
    app_id: str | None = None
    key: str | None = None
    key_file: Path | None = None


@contextmanager
def opened(login: Login, url: str, name: str, timing: Timing | None = None) -> Iterator[Client | None]:
    """Open the API for a repository; None where it is not at this forge. Raises BadConfig for what is no key."""
    repository, time = name_at(login.api, url, name), timing or Timing()
    if repository is None:
        yield None
        return
    client = Client(login.api, _access(login, repository, time), repository, time)
    try:
        yield client
    finally:
        client.close()


def credentials(login: Login, url: str, client: Client) -> Callable[[tuple[str, str] | None], tuple[str, str]] | None:
    """User and password for Git over HTTP, for the forge's own host only; another one than what was turned down, where there is one."""

    def shown(turned_down: tuple[str, str] | None) -> tuple[str, str]:
        if turned_down is not None:
            client.access.renew(turned_down[1])
        return "x-access-token", client.access.token()

    return shown if trusted(login.api, url) else None


def _access(login: Login, repository: str, timing: Timing) -> Access:
    if login.app_id is not None:
        return AppAccess(login.api, login.app_id, _private_key(login), repository, timing)
    if login.token is None:
        raise BadConfig("there is neither a token nor an App for GitHub")
    return TokenAccess(login.token)


def _private_key(login: Login) -> str:
    if login.key is not None:
        return login.key
    if login.key_file is None:
        raise BadConfig("ROLLBOT_GITHUB_APP_ID needs ROLLBOT_GITHUB_PRIVATE_KEY or ROLLBOT_GITHUB_PRIVATE_KEY_FILE")
    try:
        return login.key_file.expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"ROLLBOT_GITHUB_PRIVATE_KEY_FILE cannot be read: {getattr(error, 'strerror', 'it is no text')}") from None
