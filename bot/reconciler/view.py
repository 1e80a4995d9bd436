"""What every step looks at: the desired state at HEAD, the configuration in force, and the kill switch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.config import Config, parse
from bot.errors import BadConfig
from bot.policy.words import Hold
from bot.ports import Ports
from bot.reconciler.look import look
from bot.reconciler.standing import holds
from bot.refs import Instant, Sha
from bot.releases.release import DesiredState

CONFIG = ".rollbot.yaml"
STOP = ".rollbot/stop"
MOMENT = 2.0


@dataclass(frozen=True, slots=True)
class InForce:
    """`problem`: why what stands at HEAD is not in force. `stopped`: why nothing may be changed."""

    config: Config
    problem: str | None = None
    stopped: str | None = None


@dataclass(frozen=True, slots=True)
class View:
    now: Instant
    state: DesiredState
    config: Config
    problem: str | None
    stopped: str | None
    holds: tuple[Hold, ...] = ()


def look_around(ports: Ports, fresh: bool = True) -> View:
    """Fetch and read HEAD. Raises Unavailable or Refused where the repository cannot be read: never taken for an empty one.

    Not `fresh`: what was fetched a moment ago will do, as nothing is changed unless HEAD still is what is seen here.
    """
    name, now = ports.repository.name, ports.clock.now()
    if fresh or not 0 <= now - ports.fetched.get(name, -MOMENT) < MOMENT:
        ports.repository.fetch()
        ports.fetched[name] = now
    head = ports.repository.resolve(ports.repository.branch)
    rules = in_force(ports, ports.repository.tree(head))
    state = look(ports.repository, ports.cache, rules.config.manifests, at=head, known=ports.seen.get(ports.repository.name))
    ports.seen[ports.repository.name] = state
    now = ports.clock.now()
    return View(now, state, rules.config, rules.problem, ports.stopped or rules.stopped, holds(ports.store, name, now))


def in_force(ports: Ports, tree: Mapping[str, Sha]) -> InForce:
    """Read the configuration at HEAD; a broken one leaves the last good one in force, and says so.

    Whether somebody pressed stop cannot be read from a broken file: where it mentions it at all, it counts as pressed.
    """
    stop = f"{STOP} is at HEAD" if STOP in tree else None
    if CONFIG not in tree:
        return InForce(Config(), stopped=stop)
    name = f"config:{ports.repository.name}"
    text, kept = ports.repository.blobs().get(tree[CONFIG]), ports.store.kept(name)
    try:
        if text is None:
            raise BadConfig("it cannot be read", path=CONFIG)
        config = parse(text, CONFIG)
    except BadConfig as error:
        if kept is None:
            return InForce(Config(), str(error), stop or f"no configuration can be read: {error}")
        unclear = f"{CONFIG} cannot be read and speaks of stopping" if text is None or b"stop" in text else None
        config = parse(kept, CONFIG)
        return InForce(config, f"{error}; the last good one stays in force", stop or unclear or _stopped(config))
    if text != kept:
        ports.store.keep(name, text)
    return InForce(config, stopped=stop or _stopped(config))


def _stopped(config: Config) -> str | None:
    return f"policy.stop is on in {CONFIG}" if config.policy.stop else None
