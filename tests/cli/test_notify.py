import pytest

from tests.adapters.notifiers.standin import HOOK, ROUTING_KEY, standing_in


@pytest.fixture
def stand(monkeypatch):
    """All four notifiers, at one stand-in."""
    with standing_in() as (stood, url):
        told = {
            "ALERTMANAGER_URL": f"{url}/am",
            "PAGERDUTY_KEY": ROUTING_KEY,
            "PAGERDUTY_URL": url,
            "SLACK_WEBHOOK_URL": f"{url}{HOOK}",
            "APPRISE_URLS": url.replace("http", "json") + "/json/",
            "PUBLIC_URL": "https://rollbot.example",
        }
        for name, value in told.items():
            monkeypatch.setenv(f"ROLLBOT_{name}", value)
        yield stood


def test_a_test_notice_reaches_each_and_pages_nobody(rollbot, stand):
    done = rollbot("notify")

    assert (done.code, done.out.count("✓")) == (0, 4)
    assert (stand.firing("RollbotNeedsHuman"), stand.pages) == ([], {})
    assert len(stand.messages) == 2 and all("Rollbot test" in message for message in stand.messages)


def test_a_test_page_is_raised_and_taken_down_again(rollbot, stand):
    rollbot("notify", "--page")
    assert (len(stand.firing("RollbotNeedsHuman")), len(stand.pages)) == (1, 1)

    rollbot("notify")

    assert (stand.firing("RollbotNeedsHuman"), stand.pages) == ([], {})


def test_one_that_does_not_take_it_is_exit_1_and_no_secret_is_told(rollbot, stand):
    stand.failing = [503, 403]

    done = rollbot("notify", "--json")

    assert done.code == 1
    assert [row["taken"] for row in done.json] == [False, False, True, True]
    assert ROUTING_KEY not in done.out + done.err and HOOK not in done.out + done.err


def test_one_alone(rollbot, stand):
    assert rollbot("notify", "--only", "slack").out == "✓ slack took it\n"
    assert rollbot("notify", "--only", "pigeon").code == 1


def test_without_a_notifier_it_says_where_they_are_told_of(rollbot):
    done = rollbot("notify")

    assert (done.code, "docs/notifications.md" in done.err) == (1, True)


def test_doctor_asks_each_without_paging(rollbot, origin, stand):
    done = rollbot("doctor", "--repo", origin.folder, "--json")

    found = [row for row in done.json if row["check"] == "notifiers"]
    assert [row["state"] for row in found] == ["ok"] * 4
    assert "no worker has renewed it" in found[0]["what"]
    assert (stand.alerts, stand.pages, stand.messages) == ({}, {}, [])


def test_doctor_says_what_is_wrong_and_no_secret(rollbot, origin, stand, monkeypatch):
    monkeypatch.setenv("ROLLBOT_PAGERDUTY_KEY", "f" * 32)
    monkeypatch.setenv("ROLLBOT_SWEEP_EVERY", "600")
    stand.failing = [500]

    done = rollbot("doctor", "--repo", origin.folder)

    assert done.code == 1
    assert "✗ notifiers: alertmanager: Alertmanager answered 500" in done.out
    assert "✗ notifiers: pagerduty: PagerDuty answered 400" in done.out and "f" * 32 not in done.out
    assert "✗ dead man: ROLLBOT_SWEEP_EVERY is 600 s" in done.out


def test_doctor_without_any_notes_that_nobody_is_told(rollbot, origin):
    found = rollbot("doctor", "--repo", origin.folder, "--json").json

    assert [row["state"] for row in found if row["check"] in ("notifiers", "dead man")] == ["note", "note"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALERTMANAGER_URL", "alertmanager:9093"),
        ("SLACK_WEBHOOK_URL", "ftp://x"),
        ("PAGERDUTY_KEY", "two words"),
        ("PUBLIC_URL", "https://ada:secret@rollbot.example"),
    ],
)
def test_a_wrong_setting_is_exit_2_and_is_not_printed(rollbot, monkeypatch, name, value):
    monkeypatch.setenv(f"ROLLBOT_{name}", value)

    done = rollbot("notify")

    assert (done.code, f"ROLLBOT_{name}" in done.err, value in done.err) == (2, True, False)
