"""Who may: asked of the forge when a command is carried out, by the rules on the default branch. What cannot be told is a no."""

from __future__ import annotations

import json
from collections.abc import Iterable
from enum import StrEnum

from bot.errors import Refused, Unavailable
from bot.policy.people import PeopleRules
from bot.ports import Conversation, Ports
from bot.signals.signal import Command

QUIET = 3600.0
"""An outsider is told once in it why nothing happens; further words get a picture only."""
MOST = 500


class Deed(StrEnum):
    ACT = "act"
    STOP = "stop"


def too_low(login: str, deed: Deed, people: PeopleRules, conversation: Conversation) -> str | None:
    """Why a person's role does not do, None where it does."""
    least = people.act if deed is Deed.ACT else people.stop
    try:
        role = conversation.role(login)
    except (Unavailable, Refused) as error:
        return f"what {login} may do here cannot be told now, so it counts as nothing ({error}); say it again in a while"
    if role >= least:
        return None
    return f"it takes the role {least.name.lower()} in the manifests repository; {login} has {role.name.lower()}"


def outside(login: str, environments: Iterable[str], people: PeopleRules, conversation: Conversation) -> str | None:
    """Why a person who has the role may not act in these environments, None where they may in all of them."""
    for environment in sorted(set(environments)):
        circle = people.circle(environment)
        if circle is None or login.lower() in {owner.lower() for owner in circle.owners}:
            continue
        try:
            if any(conversation.member(login, team) for team in circle.teams):
                continue
        except (Unavailable, Refused) as error:
            return f"whether {login} is in one of {', '.join(circle.teams)} cannot be told now, so it counts as no ({error})"
        whom = ", ".join([*(f"team {team}" for team in circle.teams), *circle.owners]) or "nobody"
        return f"{environment} is reserved to {whom} (`people` in .rollbot.yaml); {login} is none of them"
    return None


def first_time(command: Command, ports: Ports) -> bool:
    """Whether an outsider has not been told why nothing happens for a while. The same comment read twice counts once."""
    name, now = f"outsiders:{ports.repository.name}", ports.clock.now()
    text = ports.store.kept(name)
    known: dict[str, list[float]] = json.loads(text) if text else {}
    who = str(command.actor_id)
    if who in known and now - known[who][0] < QUIET:
        return known[who][1] == command.comment
    recent = {each: said for each, said in list(known.items())[-MOST:] if now - said[0] < QUIET}
    ports.store.keep(name, json.dumps(recent | {who: [now, command.comment]}).encode())
    return True
