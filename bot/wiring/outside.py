"""Settings → what runs, how it does, and what reaches people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from bot.ports import Alerts, Cluster, Logs, Messenger, Metrics, Notifier, Registry, Repository

if TYPE_CHECKING:
    from pydantic import SecretStr

    from bot.settings import Settings


def cluster(settings: Settings, opened: Repository) -> Cluster:
    """Return what can be asked what runs. Raises BadConfig."""
    from bot.adapters.clusters.table import Reached
    from bot.adapters.clusters.table import opened as reaching

    secrets = (settings.argocd_url, settings.argocd_token, settings.flux_receiver_url, settings.flux_receiver_token)
    url, token, receiver, key = (None if each is None else each.get_secret_value() for each in secrets)
    return reaching(Reached(url, token, settings.flux_kubeconfig or None, receiver, key, settings.cache), opened)


def metrics(settings: Settings) -> Metrics:
    """Return what can be asked how services do."""
    if settings.prometheus_url is None:
        from bot.adapters.metrics.none import NoMetrics

        return NoMetrics()
    from bot.adapters.metrics.prometheus import PrometheusMetrics

    return PrometheusMetrics(settings.prometheus_url.get_secret_value())


def alerts(settings: Settings) -> Alerts | None:
    """Return what can be asked about Alertmanager's alerts; None where nothing can."""
    if settings.alertmanager_url is None:
        return None
    from bot.adapters.alerts.alertmanager import AlertmanagerAlerts

    return AlertmanagerAlerts(settings.alertmanager_url.get_secret_value())


def logs(settings: Settings) -> Logs:
    """Return what can be asked for error lines."""
    from bot.adapters.logs.table import opened

    return opened(None if settings.loki_url is None else settings.loki_url.get_secret_value())


def registry(settings: Settings) -> Registry | None:
    """Return what can be asked whether an image is there; None where no registry may be asked. Raises BadConfig."""
    from bot.adapters.registries.oci import OciRegistries, parsed

    given = _plain(settings.registries)
    return OciRegistries(parsed(part.strip() for part in given.split(",") if part.strip())) if given else None


def notifier() -> Notifier:
    from bot.adapters.notifiers.log import LogNotifier

    return LogNotifier()


def messengers(settings: Settings) -> Mapping[str, Messenger]:
    """Return what reaches people, by name: every row of NOTIFIERS whose setting is given. Raises BadConfig."""
    from bot.adapters.notifiers.notifiers import NOTIFIERS

    found: dict[str, Messenger] = {}
    for row in NOTIFIERS.values():
        first, *rest = (_plain(getattr(settings, name)) for name in row.settings)
        if first:
            found |= row.opened(first, *rest)
    return found


def _plain(value: SecretStr | str | None) -> str:
    return "" if value is None else value if isinstance(value, str) else value.get_secret_value()
