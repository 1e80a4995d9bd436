"""Environment and `.env` → Settings: which repositories, which systems, whose tokens. The only reader of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import BadConfig

PREFIX = "ROLLBOT_"
ELSEWHERE = frozenset({"ROLLBOT_SHARED"})
"""Read by tests and benches, never by the program."""

_GRANT = re.compile(r"[\w.@-]{1,64}(:(read|ask|approve|stop)(\+(read|ask|approve|stop))*(@[\w.*?-]+(\+[\w.*?-]+)*)?)?")
_URL = re.compile(r"https?://\S+")


class Settings(BaseSettings):
    """What a deployment says of itself; the repository says the rest in `.rollbot.yaml`.

    `repo_url` and `api_tokens` are lists in one string, with commas. An API token may be `name=token`, or
    `name:rights@environments=token` (`ci:read+ask@staging+dev-*`): the name is who asked; without rights it may do all, everywhere.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: SecretStr = Field(default_factory=lambda: SecretStr(f"sqlite:///{state_folder() / 'rollbot.db'}"))
    repo_url: Annotated[tuple[str, ...], NoDecode, Field(repr=False)] = ()
    branch: Annotated[str, Field(pattern=r"^[^-\s~^:?*\[\\][^\s~^:?*\[\\]*$")] | None = None
    forge: Literal["local", "github", "gitlab", "gitea"] = "local"
    github_url: str = "https://api.github.com"
    """GitHub's REST API; GraphQL is beside it. An Enterprise server's is https://HOST/api/v3."""
    github_token: SecretStr | None = None
    github_app_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9.]+$")] | None = None
    github_private_key: SecretStr | None = None
    github_private_key_file: Path | None = None
    github_webhook_secret: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Several while one gives way to another; a delivery that any of them signed is GitHub's."""
    prometheus_url: SecretStr | None = None
    alertmanager_url: SecretStr | None = None
    """Told whom to page; asked which alerts are silenced or inhibited, and for what a truncated delivery left out."""
    pagerduty_key: SecretStr | None = None
    pagerduty_url: str = "https://events.pagerduty.com"
    """PagerDuty's events server; https://events.eu.pagerduty.com for accounts in the EU."""
    slack_webhook_url: SecretStr | None = None
    apprise_urls: SecretStr | None = None
    """Addresses of Apprise, with commas or spaces."""
    public_url: str = ""
    """Where people find the pages, for links in what they are told."""
    loki_url: SecretStr | None = None
    argocd_url: SecretStr | None = None
    argocd_token: SecretStr | None = None
    flux_kubeconfig: str | None = None
    """A kubeconfig's path, or `in-cluster` for the pod's own service account."""
    flux_receiver_url: SecretStr | None = None
    flux_receiver_token: SecretStr | None = None
    registries: SecretStr | None = None
    """Registries that may be asked whether an image is there: `HOST` or `HOST=USER:PASSWORD`, with commas."""
    cache: Path = Field(default_factory=lambda: _home("XDG_CACHE_HOME", ".cache"))
    """Where bare mirrors and what was read of manifests are kept; it can be deleted at any time."""
    sweep_every: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """Seconds between looks at every open incident."""
    stop: str = ""
    """The kill switch of this deployment: anything but nothing, 0, false, no and off is pressed, a slip of the pen too."""
    git_down_minutes: Annotated[float, Field(gt=0)] = 10.0
    """Minutes that Git's host may be away, while an incident is open, before a person is paged with what to type."""
    hook_tokens: dict[str, SecretStr] = {}
    api_tokens: Annotated[dict[str, SecretStr], NoDecode] = {}

    @field_validator("repo_url", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("github_webhook_secret", mode="before")
    @classmethod
    def _secrets(cls, value: Any) -> Any:
        return tuple(SecretStr(part.strip()) for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("api_tokens", mode="before")
    @classmethod
    def _name(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        tokens: dict[str, SecretStr] = {}
        for number, part in enumerate((p.strip() for p in value.split(",") if p.strip()), 1):
            name, equals, token = part.partition("=")
            if ":" in name and not _GRANT.fullmatch(name):
                raise ValueError(f"number {number} is no name:rights@environments=token, such as ci:read+ask@staging+dev-*=…")
            named = bool(equals) and _GRANT.fullmatch(name) is not None and bool(token.strip("="))
            tokens[name if named else f"token-{number}"] = SecretStr(token if named else part)
        return tokens

    @field_validator("prometheus_url", "alertmanager_url", "slack_webhook_url", "loki_url", "argocd_url", "flux_receiver_url")
    @classmethod
    def _is_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value():
            return None
        if not _URL.fullmatch(value.get_secret_value()):
            raise ValueError("not an http:// or https:// URL")
        return value

    @field_validator("public_url", "pagerduty_url")
    @classmethod
    def _is_plain_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (not _URL.fullmatch(value) or parts.query or parts.fragment or parts.username):
            raise ValueError("not an http:// or https:// URL without a name or password")
        return value.rstrip("/")

    @field_validator("github_url")
    @classmethod
    def _is_api(cls, value: str) -> str:
        parts = urlsplit(value)
        if not _URL.fullmatch(value) or parts.query or parts.fragment or parts.username:
            raise ValueError("not an http:// or https:// URL of an API")
        if parts.netloc in ("github.com", "www.github.com"):
            raise ValueError("this is GitHub's site; its API is https://api.github.com")
        if not parts.path.strip("/") and not parts.netloc.startswith("api."):
            raise ValueError(f"an Enterprise server's API is {parts.scheme}://{parts.netloc}/api/v3")
        return value.rstrip("/")

    @field_validator(
        "github_token", "github_private_key", "pagerduty_key", "apprise_urls", "argocd_token", "flux_receiver_token", mode="before"
    )
    @classmethod
    def _one_secret(cls, value: Any) -> Any:
        """Nothing where it is empty; a key may have its line ends written as backslash-n, as .env files do."""
        if not isinstance(value, str):
            return value
        text = value.strip().replace("\\n", "\n")
        if "PRIVATE KEY" not in text and any(not "!" <= letter <= "~" for letter in text):
            raise ValueError("it holds characters that no token or key has")
        return text or None

    @field_validator("api_tokens", "hook_tokens")
    @classmethod
    def _long_enough(cls, tokens: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, token in tokens.items():
            if len(token.get_secret_value()) < 12:
                raise ValueError(f"the token of {name} is shorter than 12 characters; `openssl rand -hex 24` makes a good one")
        return tokens

    @property
    def stopped(self) -> str | None:
        """Why this deployment is to change nothing, None where it may."""
        return None if self.stop.strip().lower() in ("", "0", "false", "no", "off") else "ROLLBOT_STOP is set"

    def door(self, source: str) -> tuple[SecretStr, ...]:
        """The secrets that open `/hooks/{source}`; none: it is closed."""
        if source == "github":
            return self.github_webhook_secret
        token = self.hook_tokens.get(source)
        return () if token is None else (token,)


def load(env_file: str | Path | None = ".env", **given: Any) -> Settings:
    """Return the settings of this process; `given` (command-line options, None where not given) win. Raises BadConfig."""
    said = {name: value for name, value in given.items() if value is not None}
    named = _named(env_file).items()
    tokens: Any = {name.removeprefix(f"{PREFIX}HOOK_TOKEN_").lower(): value for name, value in named if _is_hook(name)}
    try:
        return Settings(_env_file=env_file, hook_tokens=tokens, **said)  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0])
        why = first["msg"].removeprefix("Value error, ")
        raise BadConfig(f"{_spoken(name)}: {why}", hint=_HINTS.get(name)) from error


def unread(env_file: str | Path | None = ".env") -> tuple[str, ...]:
    """Return a sentence for each `ROLLBOT_…` name that is set and that nothing reads: misspelt, or of a later version."""
    known = {PREFIX + field.upper() for field in Settings.model_fields} - {f"{PREFIX}HOOK_TOKENS"} | ELSEWHERE
    sentences = []
    for name in sorted(_named(env_file)):
        if name in known or _is_hook(name):
            continue
        near = get_close_matches(name, known, 1, 0.8)
        sentences.append(f"{name} is set, but there is no such setting" + (f"; did you mean {near[0]}?" if near else ""))
    return tuple(sentences)


def state_folder() -> Path:
    """Where what must not be lost is kept, unless something else was said."""
    return _home("XDG_STATE_HOME", ".local/state")


def _home(variable: str, usual: str) -> Path:
    """Return the user's folder of that kind for us (XDG base directories)."""
    said = os.environ.get(variable, "")
    return (Path(said) if said.startswith("/") else Path.home() / usual) / "rollbot"


def _named(env_file: str | Path | None) -> dict[str, str]:
    from dotenv import dotenv_values

    file = dotenv_values(env_file) if env_file is not None else {}
    both = {**file, **os.environ}
    return {name.upper(): value for name, value in both.items() if value and name.upper().startswith(PREFIX)}


def _is_hook(name: str) -> bool:
    return name.startswith(f"{PREFIX}HOOK_TOKEN_") and len(name) > len(f"{PREFIX}HOOK_TOKEN_")


def _spoken(field: str) -> str:
    return f"{PREFIX}HOOK_TOKEN_…" if field == "hook_tokens" else PREFIX + field.upper()


_HINTS = {
    "forge": "one of local, github, gitlab, gitea",
    "branch": "a branch name such as main",
    "github_url": "https://api.github.com, or https://HOST/api/v3 of an Enterprise server",
    "github_app_id": "the number on the App's page, such as 123456",
    "github_token": "without quotes, spaces or line ends",
    "argocd_token": "without quotes, spaces or line ends",
    "github_private_key": "the PEM file that GitHub made for the App, whole, or ROLLBOT_GITHUB_PRIVATE_KEY_FILE",
    "public_url": "such as https://rollbot.example.org",
    "sweep_every": "seconds, more than 0 and at most 3600",
}


class Run(BaseSettings):
    """What GitHub Actions says of the step that this process is; nothing of it elsewhere.

    https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """

    model_config = SettingsConfigDict(env_prefix="GITHUB_", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    actions: bool = False
    actor: str = ""
    repository: str = ""
    server_url: str = "https://github.com"
    api_url: str = "https://api.github.com"
    event_path: Path | None = None
    event_name: str = ""
    ref: str = ""
    sha: str = ""
    base_ref: str = ""
    run_id: str = ""
    run_attempt: str = "1"
    output: Path | None = None
    step_summary: Path | None = None
    temp: Annotated[Path | None, Field(validation_alias="RUNNER_TEMP")] = None


def run() -> Run:
    """Return what GitHub Actions says of this step. Raises BadConfig."""
    try:
        return Run()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise BadConfig(f"GITHUB_{str(first['loc'][0]).upper()}: {first['msg']}") from error


def inputs(*names: str) -> dict[str, str]:
    """Return the inputs of an action that were given, by name: `action.yml` hands `dry-run` over as INPUT_DRY_RUN."""
    found = {name: os.environ.get(f"INPUT_{name.upper().replace('-', '_')}", "") for name in names}
    return {name: value for name, value in found.items() if value.strip()}


def of_run(step: Run, given: Mapping[str, str]) -> Settings:
    """Return the settings of a step: what it keeps goes with its job, and no `.env` is read, for a pull request may have brought one.

    `given` are inputs of the action by the setting's name; a `ROLLBOT_…` variable wins where an input was not given.
    """
    unsaid = set(Settings.model_fields) - {name.removeprefix(PREFIX).lower() for name in _named(None)}
    usual: dict[str, Any] = {"forge": "github", "github_url": step.api_url}
    if step.temp is not None:
        usual |= {"database_url": f"sqlite:///{step.temp / 'rollbot' / 'rollbot.db'}", "cache": step.temp / "rollbot" / "cache"}
    found = {name: value for name, value in usual.items() if name in unsaid} | dict(given)
    return load(None, **found)
