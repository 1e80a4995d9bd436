"""A group's action → what it moves, in Markdown."""

from __future__ import annotations

from bot.changes.markdown import code
from bot.incidents.incident import Action

SHOWN = 5


def group(action: Action) -> str:
    """Say of each service of the action's wave from where to where it goes, and which of how many waves that is."""
    mine = [member for member in action.members if member.wave == action.wave]
    told = [
        f"{code(each.service.name)} in {code(each.service.environment)} goes from {code(each.version)} back to {code(each.to)}"
        for each in mine[:SHOWN]
    ]
    more = [f"{len(mine) - SHOWN} more services"] if len(mine) > SHOWN else []
    wave = f", wave {action.turn[0]} of {action.turn[1]}" if action.turn else ""
    return f"{', '.join((*told, *more))}{wave}"
