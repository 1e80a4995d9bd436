"""Every notifier, held to the same promises over real HTTP: it reaches people, pages once, closes what is handled, tells no secret."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from bot.adapters.notifiers.alertmanager import Alertmanager
from bot.adapters.notifiers.apprise import Apprise
from bot.adapters.notifiers.notifiers import NOTIFIERS
from bot.adapters.notifiers.pagerduty import PagerDuty
from bot.adapters.notifiers.slack import Slack
from bot.errors import Refused, RollbotError, Unavailable
from bot.ports import Messenger, Notice
from bot.refs import ServiceRef
from tests.adapters.notifiers.standin import DROP, HANG, HOOK, ROUTING_KEY, StandIn, standing_in

NEEDED = "RollbotNeedsHuman"
PAGE = Notice(
    "checkout-1:end",
    "prod/checkout: escalated",
    "nobody can tell",
    urgent=True,
    about="checkout-1",
    state="ended",
    service=ServiceRef("git.example/shop", "prod", "checkout"),
    url="https://rollbot.example/incidents/checkout-1",
)
NEWS = replace(PAGE, key="checkout-1:news", title="prod/checkout: observed", urgent=False)
HANDLED = replace(NEWS, key="checkout-1:handled", title="prod/checkout: handled", handled=True)


@dataclass(frozen=True)
class Desk:
    """`wrong`: the same with an address or key that nothing answers to. `pages`: what stands; `read`: all that people see of it."""

    messenger: Messenger
    wrong: Messenger
    stand: StandIn
    pages: Callable[[], list[str]]
    read: Callable[[], str]
    secrets: tuple[str, ...]
    chats: bool = False


def alertmanager(stand: StandIn, url: str) -> Desk:
    def shown() -> list[str]:
        return [a["annotations"]["summary"] + "\n" + a["annotations"]["description"] for a in stand.firing(NEEDED)]

    return Desk(Alertmanager(f"{url}/am/", 0.5), Alertmanager(f"{url}/none"), stand, shown, lambda: "\n".join(shown()), ())


def pagerduty(stand: StandIn, url: str) -> Desk:
    def shown() -> list[str]:
        return [f"{page['summary']}\n{page['custom_details']['what']}" for page in stand.pages.values()]

    wrong = PagerDuty("f" * 32, url)
    return Desk(PagerDuty(ROUTING_KEY, url, 0.5), wrong, stand, shown, lambda: "\n".join(shown()), (ROUTING_KEY, "f" * 32))


def slack(stand: StandIn, url: str) -> Desk:
    desk = Desk(Slack(f"{url}{HOOK}", 0.5), Slack(f"{url}/services/gone"), stand, list, lambda: "\n".join(stand.messages), (HOOK,), True)
    return replace(desk, pages=lambda: sorted(set(stand.messages)))


def apprise(stand: StandIn, url: str) -> Desk:
    address = url.replace("http", "json")
    made = Apprise(f"{address}/json/?rto=0.5&cto=0.5")
    return Desk(
        made, Apprise("nonsense://x"), stand, lambda: sorted(set(stand.messages)), lambda: "\n".join(stand.messages), (address,), True
    )


DESKS: dict[str, Callable[[StandIn, str], Desk]] = {
    "alertmanager": alertmanager,
    "pagerduty": pagerduty,
    "slack": slack,
    "apprise": apprise,
}


@pytest.fixture(params=NOTIFIERS)
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    with standing_in() as (stand, url):
        yield DESKS[request.param](stand, url)


def test_an_urgent_notice_reaches_people(desk: Desk) -> None:
    desk.messenger.deliver(PAGE)

    assert "prod/checkout: escalated" in desk.read() and "nobody can tell" in desk.read()


def test_delivered_twice_is_one_page(desk: Desk) -> None:
    for _ in range(2):
        desk.messenger.deliver(PAGE)

    assert len(desk.pages()) == 1


def test_two_subjects_are_two_pages(desk: Desk) -> None:
    desk.messenger.deliver(PAGE)
    desk.messenger.deliver(replace(PAGE, key="cart-1:end", about="cart-1", title="prod/cart: escalated"))

    assert len(desk.pages()) == 2


def test_what_is_handled_is_told_or_taken_down(desk: Desk) -> None:
    desk.messenger.deliver(PAGE)
    desk.messenger.deliver(HANDLED)

    assert ("handled" in desk.read()) if desk.chats else desk.pages() == []


def test_news_page_nobody(desk: Desk) -> None:
    desk.messenger.deliver(NEWS)

    assert ("observed" in desk.read()) if desk.chats else desk.pages() == []


@pytest.mark.parametrize("how", [500, 502, 503, 429, DROP, HANG])
def test_what_went_wrong_there_is_tried_again_and_then_arrives(desk: Desk, how: int) -> None:
    desk.stand.failing = [how]

    with pytest.raises(Unavailable) as failed:
        desk.messenger.deliver(PAGE)
    desk.messenger.deliver(PAGE)

    assert len(desk.pages()) == 1
    assert not any(secret in str(failed.value) for secret in desk.secrets)


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 413])
def test_what_is_not_taken_is_never_told_as_delivered(desk: Desk, status: int) -> None:
    desk.stand.failing = [status] * 5

    with pytest.raises((Refused, Unavailable)):
        desk.messenger.deliver(PAGE)

    assert desk.pages() == []


def test_nothing_listens_there(desk: Desk) -> None:
    with pytest.raises(RollbotError) as failed:
        desk.wrong.deliver(PAGE)

    assert not any(secret in repr(failed.value) for secret in desk.secrets)
    assert desk.pages() == []


def test_checking_pages_nobody(desk: Desk) -> None:
    assert desk.messenger.check()

    assert (desk.pages(), desk.stand.messages) == ([], [])


def test_checking_finds_a_wrong_address_or_key(desk: Desk) -> None:
    with pytest.raises(RollbotError) as failed:
        desk.wrong.check()

    assert not any(secret in repr(failed.value) for secret in desk.secrets)


def test_renewing_raises_what_was_forgotten_and_says_nothing_twice(desk: Desk) -> None:
    desk.messenger.deliver(PAGE)
    desk.stand.alerts.clear()
    before = list(desk.stand.messages)

    desk.messenger.renew([PAGE])

    assert (len(desk.pages()), desk.stand.messages) == (1, before)


@pytest.mark.parametrize(
    "text",
    [
        "<!channel> look",
        "@here @everyone",
        "<@U0123ABCD>",
        "<#C0123>",
        "&lt;!here&gt;",
        "<!subteam^S1|x>",
        "<http://x|click>",
        "\x00\ud800",
    ],
)
def test_strangers_text_mentions_nobody_and_breaks_nothing(desk: Desk, text: str) -> None:
    desk.messenger.deliver(replace(PAGE, title=text, text=text))

    assert len(desk.pages()) == 1
    if desk.chats:
        assert not any(dead in desk.read() for dead in ("@here", "@everyone", "<!", "<@", "<#", "@U0123"))


def test_long_text_is_cut_not_refused(desk: Desk) -> None:
    desk.messenger.deliver(replace(PAGE, key="k" * 3000, about="a" * 3000, title="t" * 5000, text="x" * 50_000))

    assert len(desk.pages()) == 1 and len(desk.read()) < 10_000


def test_an_alert_stands_five_minutes_and_no_longer() -> None:
    with standing_in() as (stand, url):
        Alertmanager(f"{url}/am").renew([PAGE])

        stand.now = lambda: time.time() + 240
        assert [len(stand.firing(name)) for name in (NEEDED, "RollbotAlive")] == [1, 1]
        stand.now = lambda: time.time() + 301
        assert [len(stand.firing(name)) for name in (NEEDED, "RollbotAlive")] == [0, 0]


def test_an_alert_is_routed_by_service_and_environment() -> None:
    with standing_in() as (stand, url):
        Alertmanager(f"{url}/am").deliver(PAGE)

        [alert] = stand.firing(NEEDED)
        assert alert["labels"] == {
            "alertname": NEEDED,
            "severity": "critical",
            "incident": "checkout-1",
            "repository": "git.example/shop",
            "environment": "prod",
            "service": "checkout",
        }
        assert alert["generatorURL"] == PAGE.url


@pytest.mark.parametrize(
    ("receiver", "config", "says"),
    [
        pytest.param("on-call", None, "goes to on-call", id="somebody listens"),
        pytest.param("nobody", None, "tells nobody", id="a receiver without anything to tell by"),
        pytest.param("on-call", "receivers: 7", "no answer of its API", id="no Alertmanager"),
    ],
)
def test_the_doctor_asks_who_hears_that_we_live(receiver: str, config: str | None, says: str) -> None:
    with standing_in() as (stand, url):
        stand.receiver, stand.config = receiver, config or stand.config
        one = Alertmanager(f"{url}/am")
        assert "does not stand there" in one.check() if config is None else True
        one.renew([])

        try:
            said = one.check()
        except Refused as error:
            said = str(error)

        assert says in said


def test_somebody_is_at_it() -> None:
    with standing_in() as (stand, url):
        one = PagerDuty(ROUTING_KEY, url)
        one.deliver(PAGE)
        one.deliver(replace(NEWS, key="checkout-1:taken", taken=True))

        assert [page["status"] for page in stand.pages.values()] == ["acknowledged"]
