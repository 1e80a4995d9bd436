"""What people are told, in the log."""

from __future__ import annotations

import logging

import pytest

from bot.adapters.notifiers.log import LogNotifier
from bot.ports import Notice


def test_what_is_told_at_every_look_is_logged_once_and_again_when_it_changed(caplog: pytest.LogCaptureFixture) -> None:
    notifier = LogNotifier()
    waits, other = Notice("i:blocked:1", "it waits for ci", "ci", urgent=True), Notice("j:end", "recovered", "it helped", urgent=False)
    changed = Notice("i:blocked:1", "it waits for a review", "a review", urgent=True)

    for each in (waits, waits, other, waits, changed, changed, other):
        notifier.notify(each)

    assert [(each.levelno, each.message) for each in caplog.records] == [
        (logging.ERROR, "it waits for ci [i:blocked:1] ci"),
        (logging.WARNING, "recovered [j:end] it helped"),
        (logging.ERROR, "it waits for a review [i:blocked:1] a review"),
    ]
