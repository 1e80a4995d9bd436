"""The kill switch in all its forms, asked just before anything is changed: what cannot be read counts as pressed."""

from __future__ import annotations

from bot.ports import Ports
from bot.reconciler.view import View
from bot.signals.signal import Role

LABEL = "rollbot-stop"


def why_stopped(view: View, ports: Ports) -> str | None:
    """Why nothing may be changed now, None where it may.

    Beside the file, the configuration and the server's own word: an open issue or pull request of the manifests repository with the
    label, put there by somebody who may write. Raises Unavailable where that cannot be told: then nothing is changed either.
    """
    if view.stopped or ports.conversation is None:
        return view.stopped
    for number, login in ports.conversation.labelled(LABEL):
        if ports.conversation.role(login) >= Role.WRITE:
            return f"{login} put the label {LABEL} on #{number}"
    return None
