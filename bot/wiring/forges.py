"""Settings → one repository, and the forge that it lives in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import BadConfig, Refused
from bot.ports import Conversation, Forge, Repository

if TYPE_CHECKING:
    from bot.adapters.forges.github.client import Client
    from bot.adapters.forges.github.opening import Login
    from bot.adapters.git.repository import GitRepository
    from bot.adapters.store.schema import Database
    from bot.settings import Settings


@contextmanager
def repository(address: str | Path, settings: Settings, client: Client | None = None) -> Iterator[GitRepository]:
    """Open one repository: a URL (mirrored in the cache folder) or a path. `client`: the forge's, where it is open already.

    Raises Refused, Unavailable.
    """
    from bot.adapters.git.repository import GitRepository

    with ExitStack() as stack:
        shown = client or stack.enter_context(github(address, settings))
        credentials = None if shown is None else _credentials(address, settings, shown)
        yield stack.enter_context(GitRepository(str(address), settings.branch, settings.cache / "repositories", credentials=credentials))


@contextmanager
def github(address: str | Path, settings: Settings) -> Iterator[Client | None]:
    """Open GitHub's API for a repository; None where that is not the forge, the repository is not there, or no token was given."""
    where = _remote(str(address)) if settings.forge == "github" else None
    if where is None or not (settings.github_token or settings.github_app_id):
        yield None
        return
    from bot.adapters.forges.github.opening import opened

    with opened(_login(settings), *where) as client:
        yield client


def _login(settings: Settings) -> Login:
    from bot.adapters.forges.github.opening import Login

    token, key = (None if each is None else each.get_secret_value() for each in (settings.github_token, settings.github_private_key))
    return Login(settings.github_url, token, settings.github_app_id, key, settings.github_private_key_file)


def _remote(address: str) -> tuple[str, str] | None:
    """The URL and name of a repository's remote: the address itself, or a clone's origin. None where it has none."""
    from bot.adapters.git.address import remote
    from bot.adapters.git.repository import GitRepository

    found = remote(address)
    if found is None:
        try:
            with GitRepository(address) as opened:
                found = remote(opened.origin) if opened.origin else None
        except Refused:
            return None  # what is wrong with it is said where it is opened for good
    return None if found is None else (found.url, found.name)


def _credentials(address: str | Path, settings: Settings, client: Client) -> Callable[[tuple[str, str] | None], tuple[str, str]] | None:
    """The forge's token for Git over HTTP; what a URL brings itself wins."""
    from bot.adapters.forges.github.opening import credentials
    from bot.adapters.git.address import remote

    said, where = remote(str(address)), _remote(str(address))
    return None if where is None or (said is not None and said.secret) else credentials(_login(settings), where[0], client)


def upstream(address: str, settings: Settings) -> str:
    """Return where a rollback has to be written: a clone's origin, else the repository itself. Raises Refused, Unavailable."""
    if "://" in address:
        return address
    with repository(address, settings) as opened:
        return opened.origin or address


def forge_of(opened: Repository, settings: Settings, database: Database, client: Client | None) -> tuple[Forge, Conversation | None]:
    match settings.forge:
        case "local":
            from bot.adapters.forges.local import LocalForge
            from bot.adapters.store.pulls import SqlPullRows

            return LocalForge(opened, SqlPullRows(database, opened.name)), None
        case "github":
            from bot.adapters.forges.github.forge import GitHubForge

            if client is None:
                raise _no_github(opened, settings)
            forge = GitHubForge(client, opened)
            return forge, forge.conversation
        case "gitlab" | "gitea":
            raise BadConfig(f"this version does not know ROLLBOT_FORGE={settings.forge} yet", hint="local works with any Git server")


def _no_github(opened: Repository, settings: Settings) -> BadConfig:
    if not (settings.github_token or settings.github_app_id):
        hint = "an App can do more: docs/github.md"
        return BadConfig("ROLLBOT_FORGE=github needs ROLLBOT_GITHUB_TOKEN, or ROLLBOT_GITHUB_APP_ID and its private key", hint=hint)
    hint = "set ROLLBOT_GITHUB_URL to the API of its server, or ROLLBOT_FORGE=local"
    return BadConfig(f"ROLLBOT_FORGE=github, but {opened.name} is not a repository of {settings.github_url}", hint=hint)
