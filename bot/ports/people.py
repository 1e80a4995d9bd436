"""What reaches people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.refs import ServiceRef


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know now. `key` makes it idempotent; `urgent` asks for a page.

    `about`: what the page is for (an incident's id), `state` where that stands, `service` whose it is; `handled`: nobody has to come for
    it any more; `taken`: somebody is at it. `url`: where there is more.
    """

    key: str
    title: str
    text: str
    urgent: bool
    about: str = ""
    state: str = ""
    service: ServiceRef | None = None
    handled: bool = False
    url: str = ""
    taken: bool = False

    @property
    def subject(self) -> str:
        """What ties a page to the word that it is handled."""
        return self.about or self.key


class Notifier(Protocol):
    """Where a notice goes that nobody waits for: it never fails."""

    def notify(self, notice: Notice) -> None: ...


class Messenger(Protocol):
    """Something outside that reaches people. What was delivered where is the caller's to remember."""

    def deliver(self, notice: Notice) -> None:
        """Hand it over; delivered twice where an answer was lost, it is one page. What is no concern of this one is left out.

        Raises Unavailable where it has to be tried again, Refused where it will not be taken as things are.
        """
        ...

    def renew(self, pages: Sequence[Notice]) -> None:
        """Keep up what stands only as long as it is told, and show that we live; nothing where the other side remembers by itself."""
        ...

    def check(self) -> str:
        """Say how it answers, without paging anybody. Raises Unavailable, Refused."""
        ...
