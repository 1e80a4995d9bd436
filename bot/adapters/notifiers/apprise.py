"""Notices → wherever Apprise reaches: mail, Teams, Telegram, Discord, Opsgenie and a hundred more. Needs the extra `apprise`.

https://github.com/caronc/apprise/wiki: each address is a URL whose scheme names the service.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from bot.adapters.notifiers.text import unmentioned
from bot.errors import BadConfig, Refused, Unavailable
from bot.ports import Notice

_LONGEST = 3000


class Apprise:
    """One address: of several, each is tried again alone."""

    def __init__(self, url: str) -> None:
        library = _library()
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # its warnings print addresses, which hold passwords
        self._kinds, self._one = library.NotifyType, library.Apprise()
        try:
            self._known = bool(self._one.add(url))
        except TypeError:
            self._known = False

    def deliver(self, notice: Notice) -> None:
        """Raises Unavailable whatever went wrong: Apprise does not say."""
        self._must_be_known()
        kind = self._kinds.FAILURE if notice.urgent else self._kinds.SUCCESS if notice.handled else self._kinds.INFO
        body = "\n".join(part for part in (unmentioned(notice.text)[:_LONGEST], notice.url) if part)
        if not self._one.notify(body=body or notice.key, title=unmentioned(notice.title), notify_type=kind, body_format="text"):
            raise Unavailable("the service that Apprise asked did not take it")

    def renew(self, pages: Sequence[Notice]) -> None:
        """What was sent stays."""

    def check(self) -> str:
        """Whether the address can be read; Apprise cannot ask a service without sending something."""
        self._must_be_known()
        return f"the address is one of {self._one[0].service_name}; whether it takes anything, `rollbot notify` tells"

    def _must_be_known(self) -> None:
        if not self._known:
            raise Refused("it is no address that Apprise knows")


def _library() -> Any:
    try:
        import apprise
    except ImportError as error:
        raise BadConfig("ROLLBOT_APPRISE_URLS needs Apprise", hint="pip install 'rollbot[apprise]'") from error
    return apprise
