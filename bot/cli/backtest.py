"""`rollbot backtest`: what it would have done on your last N days, against what people did. Writes nothing but the page you ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.asking import AsJson, At, Repo
from bot.cli.printing import as_json, counting, iso, say, table, warn
from bot.errors import BadConfig, Refused

if TYPE_CHECKING:
    from bot.config import Config
    from bot.ports import Store
    from bot.settings import Settings
    from bot.signals.remembered import Episode
    from bot.web.backtested import Backtested

_UNITS = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
SHALLOW = "the clone is shallow: releases before its first commit are not known, and nobody is suspected of them (`git fetch --unshallow`)"
MOST = 3
"""Of alerts that name no service, how many are shown."""


def backtest(
    repo: Repo = Path(),
    at: At = None,
    since: Annotated[str, typer.Option(metavar="TIME", help="Where it begins: 30d (ago), 2026-10-01, 2026-10-01T06:00.")] = "30d",
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Where it ends; now, unless said.")] = None,
    prometheus_url: Annotated[
        str | None, typer.Option("--prometheus-url", metavar="URL", help="Prometheus, or what speaks its API (Thanos, Mimir).")
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Try this .rollbot.yaml instead of the repository's.", exists=True)
    ] = None,
    json: AsJson = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write it as one page that needs nothing else.")] = None,
) -> None:
    """Live through the past again: every alert that fired, as Rollbot would have met it, and what it would have done.

    Compares that with the rollbacks that people made in the same history. Changes nothing, in no repository and at no forge.

    \b
    Examples:
      rollbot backtest --since 90d --prometheus-url http://prometheus:9090 --html backtest.html
      rollbot backtest --since 2026-09-01 --until 2026-10-01 --config proposed.rollbot.yaml --json
    """
    from bot import settings, wiring
    from bot.web.backtested import told

    if ":/" in str(repo) and not repo.exists():
        raise BadConfig(f"--repo takes a folder here, not {repo}", hint="clone it first")
    now = wiring.clock().now()
    start, end = moment(since, now), moment(until, now) if until else now
    if start >= end:
        raise BadConfig(f"nothing lies between {iso(start)} and {iso(end)}", hint="--since comes before --until")
    found = settings.load(prometheus_url=prometheus_url)
    if found.prometheus_url is None:
        hint = "--prometheus-url http://prometheus:9090, or ROLLBOT_PROMETHEUS_URL"
        raise BadConfig("a backtest needs a Prometheus that remembers its alerts", hint=hint)
    row = told(_lived(repo, at, config, found, start, min(end, now)))
    if html is not None:
        from bot.web.backtest import page

        _written(html, page(row))
    as_json(row) if json else show(row, html)


def moment(text: str, now: float) -> float:
    """Read a time: so long ago, or a date with or without a time of day (UTC unless it says otherwise). Raises BadConfig."""
    if ago := re.fullmatch(r"(\d+(?:\.\d+)?)([mhdw])", text.strip()):
        return now - float(ago[1]) * _UNITS[ago[2]]
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadConfig(f"{text!r} is no time", hint="such as 30d, 2026-10-01 or 2026-10-01T06:00+02:00") from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _lived(repo: Path, at: str | None, config: Path | None, found: Settings, start: float, end: float) -> Backtested:
    """Read the alerts, live through them and judge. What it remembers meanwhile lies in a folder that goes with it."""
    from pydantic import SecretStr

    from bot import wiring
    from bot.adapters.metrics.prometheus import PrometheusMetrics
    from bot.adapters.metrics.remembered import remembered
    from bot.cli.check import written
    from bot.config import PATH, parse
    from bot.reconciler.backtest import Known, replay
    from bot.reconciler.hindsight import looked_back
    from bot.web.backtested import Backtested

    metrics = wiring.metrics(found)
    assert isinstance(metrics, PrometheusMetrics)
    text = config.read_bytes() if config else written(repo, at)
    rules = parse(text or b"{}\n", str(config or PATH))
    with ExitStack() as stack:
        repository = stack.enter_context(wiring.repository(repo, found))
        cache = stack.enter_context(wiring.cache(found))
        folder = stack.enter_context(TemporaryDirectory(prefix="rollbot-backtest-"))
        own = found.model_copy(update={"database_url": SecretStr(f"sqlite:///{folder}/own.db")})
        store = stack.enter_context(wiring.store(own))
        head = repository.resolve(at or "HEAD")
        with counting("reading alerts: day {} of {}") as days:
            episodes = remembered(metrics, start, end, rules.alerts.queries, days)
        if not episodes:
            raise Refused(_why_none(metrics.shown))
        notes, text = _opted_in(text, rules, episodes)
        notes += (SHALLOW,) if repository.shallow() else ()
        with counting("living through it: message {} of {}") as messages:
            replayed = replay(Known(repository, cache, metrics, store, episodes, head, text, end), messages)
        if not replayed:
            raise Refused(_why_nothing(store, episodes))
        with counting("reading what people did: service {} of {}") as services:
            judged, people = looked_back(replayed, repository, cache, rules.manifests, head, services)
        lost = _nameless(store)
        notes += (f"{len(lost)} alerts named no one service of the repository, such as {'; '.join(lost[:MOST])}",) if lost else ()
        there = tuple(each for each in people if start <= each.time <= end)
        return Backtested(repository.name, head, metrics.shown, start, end, len(episodes), judged, there, notes)


def _opted_in(text: bytes | None, rules: Config, episodes: Sequence[Episode]) -> tuple[tuple[str, ...], bytes | None]:
    """The configuration to try: where nothing opts any alert in, all do that may, or there would be nothing to see."""
    import yaml

    from bot.incidents.resolve import OPT_IN

    said = any(rule.act is not None for rule in rules.alerts.rules) or any(OPT_IN in each.labels for each in episodes)
    if rules.alerts.act_by_default or said:
        return (), text
    whole: dict[str, Any] = yaml.safe_load(text or b"{}") or {}
    whole["alerts"] = {**(whole.get("alerts") or {}), "act_by_default": True}
    note = "nothing opts an alert in (no label rollbot=act, no rule with act): this is what it would do with alerts.act_by_default on"
    return (note,), yaml.safe_dump(whole).encode()


def _why_none(server: str) -> str:
    why = f"Prometheus at {server} remembers no alert that fired in that time: its series ALERTS is empty"
    return f"{why} (say a --since that it still remembers, or ask the Thanos or Mimir that remembers longer)"


def _nameless(store: Store) -> list[str]:
    """The alerts that named no service, each kind once, with why."""
    said = (entry.what for entry in store.entries("") if " names no one service: " in entry.what)
    return list(dict.fromkeys(said))


def _why_nothing(store: Store, episodes: Sequence[Episode]) -> str:
    lost = _nameless(store)
    more = f": {'; '.join(lost[:MOST])}" if lost else ""
    way = "`alerts.rules` in .rollbot.yaml says whose alerts are; try one with --config"
    return f"{len(episodes)} alerts fired, and none of them led to an incident of a service{more} ({way})"


def _written(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadConfig(f"the page cannot be written to {path}: {error.strerror}", hint="--html FILE in a folder that is there") from error
    warn(f"the page is in {path}")


def show(row: Mapping[str, Any], html: Path | None = None) -> None:
    from bot.web.backtested import headline, measures, suggested

    heads = ("fired", "service", "verdict", "would", "p", "people", "saved")
    table(heads, [_line(each) for each in row["incidents"]])
    say(f"\n{headline(row)}")
    for line in measures(row):
        say(line)
    for each in row["suggested"]["trust"]:
        say(f"{each['environment']}: {each['trust']} is suggested, as {each['why']}")
    say("\nin .rollbot.yaml that is:")
    for line in suggested(row):
        say(f"  {line}")
    for each in row["unnoticed"]:
        say(f"no alert: {each['service']} in {each['environment']} went from {each['from']} to {each['to']} in {each['commit'][:8]}")
    for note in row["notes"]:
        say(f"note: {note}")
    if html is None:
        say("--html FILE shows it with its plots")


def _line(each: Mapping[str, Any]) -> list[object]:
    would = f"{each['mode']}: {each['version']} → {each['to'] or '?'}" if each["release"] else "nothing"
    people = f"{each['people']['from']} → {each['people']['to']}" if each["people"] else None
    sure = None if each["probability"] is None else f"{each['probability']:.2f}"
    saved = None if each["minutes_saved"] is None else f"{each['minutes_saved']:g} min"
    return [each["fired"][:16].replace("T", " "), f"{each['environment']}/{each['service']}", each["verdict"], would, sure, people, saved]
