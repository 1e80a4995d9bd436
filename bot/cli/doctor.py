"""`rollbot doctor`: what is missing before the first incident."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.asking import AsJson, configured
from bot.cli.printing import as_json, say
from bot.errors import BadConfig, RollbotError

if TYPE_CHECKING:
    from bot.adapters.git.repository import GitRepository
    from bot.config import Config
    from bot.refs import ServiceRef, Sha
    from bot.releases.release import DesiredState
    from bot.settings import Settings

MARKS = {"ok": "✓", "note": "·", "bad": "✗"}
SLOWEST = 120.0
"""Seconds between sweeps at most, for an alert that stands five minutes and is renewed by every second sweep."""
Repo = Annotated[
    str | None, typer.Option("--repo", metavar="PATH", help="A clone, bare repository or URL; else ROLLBOT_REPO_URL, else here.")
]


@dataclass(frozen=True, slots=True)
class Finding:
    """`state`: `ok`, `note` (works, but know it) or `bad`; `way_out` says what to do about it."""

    check: str
    state: str
    what: str
    way_out: str = ""


def doctor(repo: Repo = None, json: AsJson = False) -> None:
    """Check rights and gates: Git readable and writable, configuration, store, metrics, tokens, trust. Exit 1 where something is missing.

    Writing is only rehearsed (`git push --dry-run`); nothing is changed anywhere.

    \b
    Examples:
      rollbot doctor
      rollbot doctor --repo https://git.example/org/manifests.git --json
    """
    from bot import settings

    found = settings.load()
    addresses = (repo,) if repo is not None else found.repo_url or (".",)
    findings = [*_settings(found), *(finding for address in addresses for finding in _repository(address, found))]
    if json:
        as_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            say(f"{MARKS[finding.state]} {finding.check}: {finding.what}" + (f"\n    → {finding.way_out}" if finding.way_out else ""))
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(1)


def _settings(found: Settings) -> Iterator[Finding]:
    from bot import settings
    from bot.signals.sources import SOURCES

    for sentence in settings.unread():
        yield Finding("settings", "note", sentence)
    yield _tried("store", "can be read and written", lambda: _store(found), "set ROLLBOT_DATABASE_URL to a place that can be written")
    for source in filter(found.door, SOURCES):
        yield Finding("hooks", "ok", f"/hooks/{source} is open")
    closed = [source for source, row in SOURCES.items() if row.ways and not found.door(source)]
    if closed:
        hint = f"set {SOURCES[closed[0]].setting}=$(openssl rand -hex 24), and so for each that you use: docs/signals.md"
        yield Finding("hooks", "note", f"closed are /hooks/ of {', '.join(closed)}", hint)
    if not found.api_tokens:
        yield Finding(
            "api",
            "note",
            "/api/v1 is closed, the pages are shown on this machine only",
            "set ROLLBOT_API_TOKENS=name=$(openssl rand -hex 24)",
        )
    mighty = [name for name in found.api_tokens if ":" not in name]
    if mighty:
        way_out = "say what it may do where: ROLLBOT_API_TOKENS=name:read+ask@staging=…"
        yield Finding("api", "note", f"may do everything everywhere: {', '.join(mighty)}", way_out)
    yield from _notifiers(found)
    if found.prometheus_url is None:
        hint = "set ROLLBOT_PROMETHEUS_URL; without it recovery cannot be proven, and alerts are not confirmed before acting"
        yield Finding("metrics", "note", "no Prometheus is configured", hint)
    else:
        yield _tried("metrics", "Prometheus answers", lambda: _metrics(found), "is ROLLBOT_PROMETHEUS_URL right, and reachable from here?")

    if found.alertmanager_url is not None:
        yield _tried(
            "alerts", "Alertmanager answers", lambda: _alerts(found), "is ROLLBOT_ALERTMANAGER_URL right, and reachable from here?"
        )


def _notifiers(found: Settings) -> Iterator[Finding]:
    """Whom an urgent notice reaches, and who notices when Rollbot itself stops; nobody is paged to find out."""
    from bot import wiring

    try:
        messengers = wiring.messengers(found)
    except BadConfig as error:
        yield Finding("notifiers", "bad", error.message, error.hint or "")
        return
    if not messengers:
        way_out = "set ROLLBOT_ALERTMANAGER_URL, ROLLBOT_PAGERDUTY_KEY, ROLLBOT_SLACK_WEBHOOK_URL or ROLLBOT_APPRISE_URLS"
        yield Finding("notifiers", "note", "whoever is needed is told in the log and on the pages only", way_out)
    for name, messenger in messengers.items():
        try:
            yield Finding("notifiers", "ok", f"{name}: {messenger.check()}")
        except RollbotError as error:
            yield Finding("notifiers", "bad", f"{name}: {error}", "are its address and key right? `rollbot notify` tries again")
    if found.alertmanager_url is None:
        yield Finding("dead man", "note", "nobody is paged when Rollbot stops", "set ROLLBOT_ALERTMANAGER_URL, and docs/notifications.md")
    elif found.sweep_every > SLOWEST:
        what = f"ROLLBOT_SWEEP_EVERY is {found.sweep_every:.0f} s: RollbotAlive is renewed too seldom"
        yield Finding("dead man", "bad", what, f"set it to {SLOWEST:.0f} or less")
    if messengers and not found.public_url:
        yield Finding("notifiers", "note", "notices hold no link to the pages", "set ROLLBOT_PUBLIC_URL")


def _repository(address: str, found: Settings) -> Iterator[Finding]:
    from bot import wiring

    try:
        with wiring.repository(address, found) as repository:
            repository.fetch()
            commit = repository.resolve(repository.branch)
            yield Finding("git", "ok", f"{repository.name} can be read: {repository.branch} is at {commit[:12]}")
            if repository.shallow():
                yield Finding("history", "note", "the clone is shallow: older releases are not known", "git fetch --unshallow")
            yield _tried("push", "a branch could be pushed", repository.rehearse, "give the token or key the right to push branches")
            try:
                config = configured(repository, commit)
            except BadConfig as error:
                yield Finding("configuration", "bad", str(error), "rollbot check lists everything that is wrong")
                return
            yield from _said(repository, config, commit)
            yield from _clusters(repository, config, commit, found)
            yield from _forge(address, repository, commit, found)
    except RollbotError as error:
        yield Finding("git", "bad", str(error), "is the address right, and does this machine have the right to read it?")


def _forge(address: str, repository: GitRepository, commit: Sha, found: Settings) -> Iterator[Finding]:
    """What the forge lets us do, where it has an API."""
    from bot import wiring

    if found.forge != "github":
        return
    with wiring.github(address, found) as client:
        if client is None:
            way_out = "set ROLLBOT_GITHUB_TOKEN, or ROLLBOT_GITHUB_APP_ID and its private key; is the repository at ROLLBOT_GITHUB_URL?"
            yield Finding("github", "bad", f"{repository.name} cannot be asked about at {found.github_url}", way_out)
            return
        if found.github_app_id and found.github_token:
            yield Finding("github", "note", "both an App and a token are set: the App is used", "unset ROLLBOT_GITHUB_TOKEN")
        from bot.adapters.forges.github.examine import examine

        tree = repository.tree(commit)
        owners = any(path in tree for path in (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"))
        for each in examine(client, repository.branch, owners):
            yield Finding(each.check, each.state, each.what, each.way_out)


def _clusters(repository: GitRepository, config: Config, commit: Sha, found: Settings) -> Iterator[Finding]:
    """What the clusters say of who delivers this repository."""
    from bot import wiring
    from bot.adapters.clusters.examine import examine
    from bot.reconciler.look import look

    try:
        cluster = wiring.cluster(found, repository)
    except BadConfig as error:
        yield Finding("cluster", "bad", str(error), "docs/clusters.md")
        return
    with wiring.cache(found) as pins:
        services = look(repository, pins, config.manifests, at=commit).estate.services
    yield from _logs(found, config, [service.ref for service in services])
    for each in examine(cluster, services, config.outcomes.end_stuck > 0):
        yield Finding(each.check, each.state, each.what, each.way_out)


def _logs(found: Settings, config: Config, services: list[ServiceRef]) -> Iterator[Finding]:
    """Whether Loki understands what it would be asked; without a query it is not asked."""
    from bot import wiring

    query, given = config.outcomes.error_logs, found.loki_url is not None
    if bool(query) != given:
        missing = "outcomes.error_logs in .rollbot.yaml" if given else "ROLLBOT_LOKI_URL"
        yield Finding("logs", "note", f"error lines are not looked at: {missing} is missing", "docs/configuration.md, under outcomes")
    elif query and services:
        now = wiring.clock().now()
        way_out = "is ROLLBOT_LOKI_URL right, and outcomes.error_logs a LogQL metric?"
        yield _tried("logs", "Loki answers", lambda: wiring.logs(found).errors(query, services[0], now - 60, now), way_out)


def _said(repository: GitRepository, config: Config, commit: Sha) -> Iterator[Finding]:
    """What the repository says of how far Rollbot may go, environment by environment."""
    from bot.quarantine import FOLDER
    from bot.reconciler.look import look
    from bot.reconciler.view import STOP
    from bot.settings import load
    from bot.wiring import cache

    yield Finding("configuration", "ok", "is right, or not there: the defaults are in force" if config == type(config)() else "is right")
    tree = repository.tree(commit)
    if STOP in tree or config.policy.stop:
        yield Finding("stop", "note", "the kill switch is on: nothing will be changed", f"remove {STOP}, or policy.stop from .rollbot.yaml")
    blocked = FOLDER in tree or FOLDER.split("/")[0] in tree
    way_out = f"{FOLDER} has to be a folder: move the file away" if blocked else ""
    held = sum(path.startswith(f"{FOLDER}/") for path in tree)
    yield Finding(
        "quarantine", "bad" if blocked else "ok", "a file stands in its way" if blocked else f"{held} releases are kept out", way_out
    )
    with cache(load()) as pins:
        yield from _trust(look(repository, pins, config.manifests, at=commit), config)


def _trust(state: DesiredState, config: Config) -> Iterator[Finding]:
    services = state.estate.services
    if not services:
        yield Finding(
            "services", "bad", "no service was found", "rollbot scan shows what was read; `services:` in .rollbot.yaml says whose files are"
        )
        return
    for environment in sorted({service.ref.environment for service in services}):
        names = sorted({service.ref.name for service in services if service.ref.environment == environment})
        trust = config.policy.trust_in(environment)
        frozen = "; frozen" if any(fnmatchcase(environment, name) for name in config.policy.frozen) else ""
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        yield Finding("trust", "note" if frozen else "ok", f"{environment}: {trust}{frozen} ({shown})")


def _tried(check: str, well: str, attempt: Callable[[], object], way_out: str) -> Finding:
    try:
        attempt()
    except RollbotError as error:
        return Finding(check, "bad", str(error), way_out)
    return Finding(check, "ok", well)


def _store(found: Settings) -> None:
    from bot import wiring

    with wiring.store(found) as store:
        store.keep("doctor", b"")


def _alerts(found: Settings) -> None:
    from bot import wiring

    if (alerts := wiring.alerts(found)) is not None:
        alerts.muted("rollbot-doctor")


def _metrics(found: Settings) -> None:
    from bot import wiring

    wiring.metrics(found).firing("RollbotDoctor", {})
