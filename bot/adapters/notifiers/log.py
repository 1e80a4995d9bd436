"""Notices → the log; the store keeps them too."""

from __future__ import annotations

import logging

from bot.ports import Notice

log = logging.getLogger("rollbot.notices")


class LogNotifier:
    def notify(self, notice: Notice) -> None:
        log.log(
            logging.ERROR if notice.urgent else logging.WARNING, "%s [%s] %s", notice.title, notice.key, notice.text.replace("\n", "; ")
        )
