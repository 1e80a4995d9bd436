"""The systems that signals come from: one row each, its door is `POST /hooks/{row}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.errors import Refused
from bot.refs import Instant
from bot.signals import alertmanager, argocd, datadog, flagger, flux, generic, github, grafana, pagerduty, polled, rollouts
from bot.signals.signal import Ignored, Signal


@dataclass(frozen=True, slots=True)
class Bearer:
    """The sender proves itself by `Authorization: Bearer <secret>`."""


@dataclass(frozen=True, slots=True)
class Hmac:
    """The sender proves itself by HMAC-SHA256 over the raw body, in hexadecimal digits after `prefix`, in one header.

    A sender that changes its secret may send several, with commas. No other hash is ever accepted. Where the header `stamp` is there,
    the HMAC is over `<its text>:<body>`, and its text is the time of sending in Unix seconds: old ones are turned away.
    """

    header: str
    prefix: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """The sender can set no header: its secret is the last part of the address, or stands in the body at `path`.

    Such a body is read before it is verified, so it may only be small; the secret is blotted out of what is kept.
    """

    path: tuple[str, ...]
    largest: int = 64 * 1024


Way = Bearer | Hmac | Shown


@dataclass(frozen=True, slots=True)
class Source:
    """`parse` turns a verified raw body into signals: it returns or raises Refused, whatever the body. Its third word is the event's name.

    `ways`: how a sender may prove itself, any one is enough; without one there is no door, as it is Rollbot that asks. `event` and
    `delivery` are the headers that name the kind of event and this delivery of it, "" where the sender has none; `about` names the
    repository that a body is about, where one system speaks for many. `setting`: where its secrets are said.
    """

    parse: Callable[[bytes, Instant, str], tuple[Signal, ...] | Ignored]
    ways: tuple[Way, ...]
    setting: str
    event: str = ""
    delivery: str = ""
    about: Callable[[bytes], str | None] | None = None
    loose: bool = False
    """Its bodies may be no JSON, through no fault of whoever set it up."""


def _plain(parse: Callable[[bytes, Instant], tuple[Signal, ...] | Ignored], source: str, *ways: Way, loose: bool = False) -> Source:
    """The row of a sender of one kind of event."""
    return Source(lambda body, at, event: parse(body, at), ways, f"ROLLBOT_HOOK_TOKEN_{source.upper()}", loose=loose)


SOURCES: Mapping[str, Source] = {
    alertmanager.SOURCE: _plain(alertmanager.parse, alertmanager.SOURCE, Bearer()),
    grafana.SOURCE: _plain(
        grafana.parse, grafana.SOURCE, Hmac("X-Grafana-Alerting-Signature", stamp="X-Grafana-Alerting-Timestamp"), Bearer()
    ),
    github.SOURCE: Source(
        github.parse,
        ways=(Hmac("X-Hub-Signature-256", "sha256="),),
        setting="ROLLBOT_GITHUB_WEBHOOK_SECRET",
        event="X-GitHub-Event",
        delivery="X-GitHub-Delivery",
        about=github.about,
    ),
    argocd.SOURCE: _plain(argocd.parse, argocd.SOURCE, Bearer()),
    rollouts.SOURCE: _plain(rollouts.parse, rollouts.SOURCE, Bearer()),
    flagger.SOURCE: _plain(flagger.parse, flagger.SOURCE, Shown(("metadata", "token")), Bearer()),
    flux.SOURCE: _plain(flux.parse, flux.SOURCE, Hmac("X-Signature", "sha256="), Bearer()),
    pagerduty.SOURCE: _plain(pagerduty.parse, pagerduty.SOURCE, Hmac("X-PagerDuty-Signature", "v1=")),
    datadog.SOURCE: _plain(datadog.parse, datadog.SOURCE, Bearer(), loose=True),
    polled.SOURCE: _plain(polled.parse, polled.SOURCE),
    generic.SOURCE: _plain(generic.parse, generic.SOURCE, Bearer()),
}


def known(source: str) -> Source:
    """Find the row of `row` or `row:event`. Raises Refused."""
    found = SOURCES.get(source.partition(":")[0])
    if found is None:
        raise Refused(f"there is no source {source[:40]!r}; there are: {', '.join(sorted(SOURCES))}")
    return found


def parse(source: str, body: bytes, received_at: Instant) -> tuple[Signal, ...] | Ignored:
    """Read a delivery as it was kept: `row` or `row:event` says from where. Raises Refused, whatever the body."""
    return known(source).parse(body, received_at, source.partition(":")[2])
