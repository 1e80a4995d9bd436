"""What people could not be told of is seen on /readyz and /metrics."""

from contextlib import ExitStack
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from bot.adapters.notifiers.slack import Slack
from bot.ports import Notice
from bot.reconciler.notifying import deliver
from bot.reconciler.outbox import announce
from bot.web.app import create_app
from tests.adapters.notifiers.standin import HOOK, standing_in

INSIDER = ("", "api-token-0123456789")


@pytest.fixture
def told(ports, settings):
    """The ports with a chat that fails as told, and a client of a server over them."""
    with ExitStack() as stack:
        stand, url = stack.enter_context(standing_in())
        chatty = replace(ports, messengers={"slack": Slack(f"{url}{HOOK}")})
        app = create_app(settings, {ports.repository.name: chatty})
        client = stack.enter_context(TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5000)))
        yield stand, chatty, client


def test_an_urgent_notice_that_nobody_has_is_seen_and_alerts_are_still_taken(told):
    stand, ports, client = told
    stand.failing = [500]
    announce([Notice("k", "checkout: escalated", "why", urgent=True)], ports)
    deliver(ports)

    answer = client.get("/readyz", auth=INSIDER)
    text = client.get("/metrics", auth=INSIDER).text

    assert answer.status_code == 200
    [repository] = answer.json()["repositories"]
    assert "nobody has: checkout: escalated" in repository["notices"] and "answered 500" in repository["notices"]
    assert HOOK not in answer.text
    name = ports.repository.name
    assert f'rollbot_notices_undelivered{{repository="{name}"}} 1' in text
    assert f'rollbot_notices_waiting{{repository="{name}",notifier="slack"}} 1' in text
    assert f'rollbot_worked_timestamp_seconds{{repository="{name}"}} 1' in text


def test_once_it_is_delivered_all_is_well(told):
    stand, ports, client = told
    announce([Notice("k", "checkout: escalated", "why", urgent=True)], ports)
    deliver(ports)

    assert client.get("/readyz", auth=INSIDER).json()["repositories"][0]["notices"] == "ok"
    assert f'rollbot_notices_undelivered{{repository="{ports.repository.name}"}} 0' in client.get("/metrics", auth=INSIDER).text
    assert len(stand.messages) == 1


def test_who_has_no_token_is_told_how_many_and_not_of_what(told):
    stand, ports, client = told
    stand.failing = [500]
    announce([Notice("k", "checkout: escalated", "why", urgent=True)], ports)
    deliver(ports)

    answer, text = client.get("/readyz"), client.get("/metrics").text

    assert answer.json() == {"ready": True, "failing": ["notices"]}
    assert "rollbot_notices_undelivered 1\n" in text and 'rollbot_notices_waiting{notifier="slack"} 1\n' in text
    assert "rollbot_worked_timestamp_seconds 1" in text and ports.repository.name not in text
