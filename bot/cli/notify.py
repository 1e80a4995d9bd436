"""`rollbot notify`: does what is configured reach people."""

from __future__ import annotations

from typing import Annotated

import typer

from bot.cli.asking import AsJson
from bot.cli.printing import as_json, say
from bot.errors import Refused, RollbotError

SUBJECT = "rollbot-test"


def notify(
    page: Annotated[bool, typer.Option("--page", help="Page whoever is on call; without it nobody is paged.")] = False,
    only: Annotated[str | None, typer.Option(metavar="NAME", help="This notifier alone, such as slack.")] = None,
    json: AsJson = False,
) -> None:
    """Send a test notice to every notifier that is configured. Exit 1 where one did not take it.

    Chats show a message. Alertmanager and PagerDuty are told that the test page is handled, which pages nobody; with --page the test
    page is raised, and `rollbot notify` takes it down again.

    \b
    Examples:
      rollbot notify
      rollbot notify --page --only pagerduty
    """
    from bot import settings, wiring
    from bot.ports import Notice

    found = settings.load()
    messengers = {name: one for name, one in wiring.messengers(found).items() if only in (None, name)}
    if not messengers:
        raise Refused(f"there is no notifier {only!r}" if only else "no notifier is configured: docs/notifications.md says which there are")
    title = "Rollbot test: a page" if page else "Rollbot test: all is well"
    text = "Somebody tries whether pages arrive. `rollbot notify` takes it down." if page else "Somebody tries whether notices arrive."
    notice = Notice(SUBJECT, title, text, page, SUBJECT, handled=not page, url=found.public_url)
    rows = []
    for name, messenger in messengers.items():
        try:
            messenger.deliver(notice)
            rows.append({"notifier": name, "taken": True, "why": ""})
        except RollbotError as error:
            rows.append({"notifier": name, "taken": False, "why": str(error)})
    if json:
        as_json(rows)
    else:
        for row in rows:
            say(f"✓ {row['notifier']} took it" if row["taken"] else f"✗ {row['notifier']}: {row['why']}")
    if not all(row["taken"] for row in rows):
        raise typer.Exit(1)
