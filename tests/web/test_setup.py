"""The way to a GitHub App, as a browser and GitHub go it: our form there, its redirect back, the exchange of its code."""

import re
import stat
from urllib.parse import parse_qs, urlsplit

import pytest
from dotenv import dotenv_values
from starlette.testclient import TestClient

from bot import settings as reading
from bot.adapters.forges.github.manifest import PERMISSIONS
from bot.web.app import create_app
from bot.web.setup import Setup
from tests.web.registering import CLIENT_SECRET, KEY, SECRET, form_of, registering


@pytest.fixture
def github():
    with registering() as server:
        yield server


class Browser:
    """Opens a page of ours; sends its form as far as the page's own policy lets it."""

    def __init__(self, client, github):
        self.client, self.github = client, github

    def form(self, path="/setup"):
        page = self.client.get(path)
        assert page.status_code == 200, page.text
        action, manifest = form_of(page.text)
        [allowed] = re.findall(r"form-action ([^;]+)", page.headers["content-security-policy"])
        return action, manifest, allowed

    def make(self, path="/setup"):
        action, manifest, allowed = self.form(path)
        assert action.partition("?")[0] == allowed
        back = urlsplit(self.github.register(manifest, parse_qs(urlsplit(action).query)["state"][0]))
        return self.client.get(f"{back.path}?{back.query}")


@pytest.fixture
def setup(github, tmp_path):
    return Setup(github.api, tmp_path / "secrets")


@pytest.fixture
def browser(settings, setup, github):
    bare = settings.model_copy(update={"api_tokens": {}})
    with TestClient(create_app(bare, {}, setup=setup), base_url="http://127.0.0.1:8080", client=("127.0.0.1", 5000)) as client:
        yield Browser(client, github)


def test_one_click_makes_an_app_whose_secrets_only_we_can_read(browser, setup, monkeypatch):
    page = browser.make()

    assert page.status_code == 200
    assert [stat.S_IMODE(file.stat().st_mode) for file in (setup.variables, setup.key)] == [0o600, 0o600]
    said = dotenv_values(setup.variables)
    assert (said["ROLLBOT_FORGE"], said["ROLLBOT_GITHUB_APP_ID"], said["ROLLBOT_GITHUB_WEBHOOK_SECRET"]) == ("github", "4711", SECRET)
    assert setup.key.read_text() == KEY
    assert CLIENT_SECRET not in setup.variables.read_text()  # nothing of ours logs people in at GitHub
    found = reading.load(setup.variables)
    assert (found.github_app_id, found.github_private_key_file, found.github_url) == ("4711", setup.key, browser.github.api)


def test_no_page_shows_a_secret(browser, setup):
    page = browser.make()

    assert SECRET not in page.text and "PRIVATE KEY" not in page.text and "4711" not in page.text
    assert str(setup.variables) in page.text
    assert "rollbot &lt;acme&gt;" in page.text and page.headers["cache-control"] == "no-store"


def test_it_asks_for_the_least_and_for_no_public_app(browser):
    _, manifest, _ = browser.form()

    assert manifest["default_permissions"] == dict(PERMISSIONS) and manifest["public"] is False
    assert {"administration", "secrets", "workflows", "actions_variables"}.isdisjoint(manifest["default_permissions"])
    assert set(manifest["default_events"]) >= {"issue_comment", "pull_request", "pull_request_review", "push", "check_run", "status"}
    assert manifest["redirect_url"] == "http://127.0.0.1:8080/setup/callback"
    assert manifest["hook_attributes"]["active"] is False


def test_a_public_address_switches_the_webhook_on(browser, setup):
    setup.public = "https://rollbot.acme.example"

    _, manifest, _ = browser.form()

    assert manifest["hook_attributes"] == {"url": "https://rollbot.acme.example/hooks/github", "active": True}


@pytest.mark.parametrize(
    ("api", "path", "target"),
    [
        pytest.param("https://api.github.com", "/setup", "https://github.com/settings/apps/new", id="a person's"),
        pytest.param(
            "https://api.github.com",
            "/setup?organisation=acme",
            "https://github.com/organizations/acme/settings/apps/new",
            id="an organisation's",
        ),
        pytest.param("https://ghe.acme.example/api/v3", "/setup", "https://ghe.acme.example/settings/apps/new", id="Enterprise Server"),
        pytest.param("https://api.acme.ghe.com", "/setup", "https://acme.ghe.com/settings/apps/new", id="data residency"),
    ],
)
def test_the_form_may_go_there_and_nowhere_else(browser, setup, api, path, target):
    setup.api = api

    action, _, allowed = browser.form(path)

    assert (action.partition("?")[0], allowed) == (target, target)
    assert "form-action 'none'" in browser.client.get("/").headers["content-security-policy"]


@pytest.mark.parametrize("name", ["../x", "a/b", "-x", "a;b", "$(id)", "x" * 40, "a b", "*"])
def test_an_organisation_is_a_name(browser, name):
    answer = browser.client.get("/setup", params={"organisation": name})

    assert answer.status_code == 400 and "organisation" in answer.json()["error"]
    assert "form-action 'none'" in answer.headers["content-security-policy"]


class TestTheWayBack:
    @pytest.mark.parametrize("state", ["", "guessed", "é" * 20])
    def test_a_state_that_was_not_given_here_exchanges_nothing(self, browser, setup, github, state):
        _, manifest, _ = browser.form()
        github.register(manifest, "x")

        answer = browser.client.get("/setup/callback", params={"code": "code0x", "state": state})

        assert (answer.status_code, setup.variables.exists(), list(github.codes)) == (400, False, ["code0x"])

    def test_a_state_is_good_once(self, browser, setup):
        action, manifest, _ = browser.form()
        state = parse_qs(urlsplit(action).query)["state"][0]
        first, second = (urlsplit(browser.github.register(manifest, state)) for _ in range(2))
        browser.client.get(f"{first.path}?{first.query}")

        assert browser.client.get(f"{second.path}?{second.query}").status_code == 400

    def test_and_for_an_hour(self, browser, setup):
        at = [0.0]
        setup.now = lambda: at[0]
        action, manifest, _ = browser.form()
        at[0] = 3601.0
        back = urlsplit(browser.github.register(manifest, parse_qs(urlsplit(action).query)["state"][0]))

        assert browser.client.get(f"{back.path}?{back.query}").status_code == 400

    @pytest.mark.parametrize("code", ["", "../../user", "a b", "nosuchcode", "x" * 300])
    def test_a_code_that_is_none_leaves_no_file(self, browser, setup, code):
        action, _, _ = browser.form()
        state = parse_qs(urlsplit(action).query)["state"][0]

        answer = browser.client.get("/setup/callback", params={"code": code, "state": state})

        assert (answer.status_code, setup.variables.exists(), setup.key.exists()) == (409, False, False)

    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param((201, {"id": "x"}), id="no key"),
            pytest.param((201, {"id": 1, "pem": "$(id)", "webhook_secret": "x"}), id="a key that is none"),
            pytest.param((201, {"id": 1, "pem": KEY, "webhook_secret": "x'\nROLLBOT_FORGE=local"}), id="a secret of two lines"),
            pytest.param((201, ["x"]), id="a list"),
            pytest.param((302, {}), id="elsewhere"),
            pytest.param((500, {}), id="broken"),
        ],
    )
    def test_an_answer_that_is_no_app_leaves_no_file(self, browser, setup, github, answer):
        github.answer = answer

        page = browser.make()

        assert (page.status_code in (409, 503), setup.variables.exists(), setup.key.exists()) == (True, False, False)

    def test_a_cut_answer_says_what_to_do(self, browser, setup, github):
        github.cut = True

        page = browser.make()

        assert page.status_code == 503 and "delete it there and begin again" in page.json()["error"]
        assert not setup.variables.exists()

    def test_an_earlier_apps_files_are_never_written_over(self, browser, setup, github):
        browser.make()
        before = setup.key.read_text()
        setup.variables.unlink()

        page = browser.client.get("/setup")

        assert "<form" not in page.text and str(setup.key) in page.text
        assert setup.key.read_text() == before

    def test_nor_where_they_came_meanwhile(self, browser, setup, github):
        action, manifest, _ = browser.form()
        setup.folder.mkdir()
        setup.key.write_text("mine")
        back = urlsplit(github.register(manifest, parse_qs(urlsplit(action).query)["state"][0]))

        answer = browser.client.get(f"{back.path}?{back.query}")

        assert (answer.status_code, setup.key.read_text(), setup.variables.exists(), len(github.codes)) == (409, "mine", False, 1)

    def test_a_link_does_not_lead_the_writing_elsewhere(self, browser, setup, tmp_path):
        setup.folder.mkdir()
        setup.variables.symlink_to(tmp_path / "elsewhere")

        answer = browser.make()

        assert answer.status_code == 409 and not (tmp_path / "elsewhere").exists()


def test_only_this_machine_is_shown_it(settings, setup):
    bare = settings.model_copy(update={"api_tokens": {}})
    with TestClient(create_app(bare, {}, setup=setup), base_url="http://rollbot.example", client=("10.0.0.9", 5000)) as client:
        assert client.get("/setup").status_code == 403
        assert client.get("/setup/callback?code=x&state=y").status_code == 403
