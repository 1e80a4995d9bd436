"""An alert is confirmed by the metrics themselves before anything is changed without a person (F9)."""

from __future__ import annotations

from bot.objections import Objection
from bot.policy.case import Case


def unconfirmed(case: Case) -> Objection | None:
    if case.asked or case.undoing or case.confirmed:
        return None
    if case.confirmed is None:
        return Objection("unconfirmed", "nobody but the sender says that the alert is active; set ROLLBOT_PROMETHEUS_URL to confirm it")
    return Objection("unconfirmed", "Prometheus does not say that the alert is active")
