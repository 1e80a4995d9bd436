"""Notices → messages by an incoming webhook, as Slack, Mattermost and Rocket.Chat have it.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and .../formatting-message-text
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.adapters.notifiers.asking import TIMEOUT, Door
from bot.adapters.notifiers.text import unmentioned
from bot.errors import Refused
from bot.ports import Notice

_LONGEST = 3000


class Slack:
    """`url`: the webhook's address, which is all the secret there is."""

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        self._url = url
        self._door = Door("the chat webhook", (url,), timeout)

    def deliver(self, notice: Notice) -> None:
        self._door.post(self._url, _message(notice))

    def renew(self, pages: Sequence[Notice]) -> None:
        """A message stays."""

    def check(self) -> str:
        """Send a message without a text, which a webhook that exists answers with 400 and posts nowhere."""
        try:
            self._door.post(self._url, {})
        except Refused as error:
            if " answered 400" in str(error):
                return "answers"
            raise
        return "answers"


def _message(notice: Notice) -> dict[str, Any]:
    """Plain text, escaped; nothing is unfurled, and no name is looked for in it."""
    mark = "🔴 " if notice.urgent else "🟢 " if notice.handled else ""
    text = f"{mark}{_escaped(notice.title)}\n{_escaped(notice.text[:_LONGEST])}".strip()
    text += f"\n{_escaped(notice.url)}" if notice.url else ""
    return {"text": text, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}


def _escaped(text: str) -> str:
    return unmentioned(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
