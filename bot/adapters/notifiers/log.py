"""Notices → the log; the store keeps them too."""

from __future__ import annotations

import logging
from collections import OrderedDict

from bot.ports import Notice

log = logging.getLogger("rollbot.notices")
REMEMBERED = 1000


class LogNotifier:
    """What is told again at every look (who is waited for, say) is logged once, and again when it has changed."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def notify(self, notice: Notice) -> None:
        said = (notice.title, notice.text)
        if self._last.get(notice.key) == said:
            return
        self._last[notice.key] = said
        self._last.move_to_end(notice.key)
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)
        log.log(
            logging.ERROR if notice.urgent else logging.WARNING, "%s [%s] %s", notice.title, notice.key, notice.text.replace("\n", "; ")
        )
