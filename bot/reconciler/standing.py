"""What people said and what stands, kept in the store: holds, and versions that are good."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from bot.policy.words import Good, Hold
from bot.ports import Store
from bot.refs import Instant

MOST = 200
"""Of each kind; the oldest go first."""


def holds(store: Store, repository: str, now: Instant) -> tuple[Hold, ...]:
    """Those that have not ended, oldest first."""
    return tuple(hold for hold in _holds(store, repository) if now < hold.until)


def hold(store: Store, repository: str, said: Hold) -> None:
    """Keep a hold; the same one said again replaces itself, a new one for the same place replaces the old one."""
    others = [each for each in _holds(store, repository) if (each.service, each.environment) != (said.service, said.environment)]
    kept = [*(each for each in others if each.until > said.since and each.key != said.key), said]
    _keep(store, f"holds:{repository}", [asdict(each) for each in kept[-MOST:]])


def release(store: Store, repository: str, service: str | None, environment: str | None) -> tuple[Hold, ...]:
    """End the holds on a service, an environment or, with neither, all of them; answer those that ended."""
    known = _holds(store, repository)
    ended = tuple(each for each in known if service in (None, each.service) and environment in (None, each.environment))
    _keep(store, f"holds:{repository}", [asdict(each) for each in known if each not in ended])
    return ended


def goods(store: Store, repository: str) -> tuple[Good, ...]:
    return tuple(Good(**fields) for fields in _kept(store, f"good:{repository}"))


def vouch(store: Store, repository: str, said: Good) -> None:
    """Keep that a version is good; said again, the newer word counts."""
    place = (said.service, said.environment, said.version)
    others = [each for each in goods(store, repository) if (each.service, each.environment, each.version) != place]
    _keep(store, f"good:{repository}", [asdict(each) for each in [*others, said][-MOST:]])


def _holds(store: Store, repository: str) -> tuple[Hold, ...]:
    return tuple(Hold(**fields) for fields in _kept(store, f"holds:{repository}"))


def _kept(store: Store, name: str) -> list[Mapping[str, Any]]:
    text = store.kept(name)
    found: list[Mapping[str, Any]] = json.loads(text) if text else []
    return found


def _keep(store: Store, name: str, values: list[dict[str, Any]]) -> None:
    store.keep(name, json.dumps(values).encode())
