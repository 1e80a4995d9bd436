"""The family: what reaches people, by name, each with the settings that turn it on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.adapters.notifiers.alertmanager import Alertmanager
from bot.adapters.notifiers.apprise import Apprise
from bot.adapters.notifiers.pagerduty import PagerDuty
from bot.adapters.notifiers.slack import Slack
from bot.ports import Messenger


@dataclass(frozen=True, slots=True)
class Row:
    """`settings`: their names; the first turns it on, and all are given to `opened`, which names what it opens."""

    settings: tuple[str, ...]
    opened: Callable[..., Mapping[str, Messenger]]


def several(urls: str) -> Mapping[str, Messenger]:
    """Each address alone, named by its hash: what was delivered where outlasts a change of their order."""
    found = [part for part in urls.replace(",", " ").split() if part]
    return {f"apprise-{hashlib.sha256(url.encode()).hexdigest()[:6]}": Apprise(url) for url in found}


NOTIFIERS: Mapping[str, Row] = {
    "alertmanager": Row(("alertmanager_url",), lambda url: {"alertmanager": Alertmanager(url)}),
    "pagerduty": Row(("pagerduty_key", "pagerduty_url"), lambda key, url: {"pagerduty": PagerDuty(key, url)}),
    "slack": Row(("slack_webhook_url",), lambda url: {"slack": Slack(url)}),
    "apprise": Row(("apprise_urls",), several),
}
