"""`rollbot app create` as its own process, its page opened over real HTTP."""

import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.web.registering import KEY, SECRET, form_of, registering

ROLLBOT = Path(sys.executable).with_name("rollbot")


def opened(address):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=10) as page:
        return page.read().decode()


@pytest.fixture
def started(tmp_path):
    running = []

    def start(*words):
        command = [ROLLBOT, "app", "create", "--folder", tmp_path / "secrets", *words]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate(timeout=10)


def test_it_says_where_to_go_and_ends_when_it_is_stopped(started):
    process = started("--org", "acme")

    address = re.search(r"http://127\.0\.0\.1:\d+/setup", process.stdout.readline())[0]
    text = opened(address)
    process.terminate()
    _, err = process.communicate(timeout=15)

    assert "https://github.com/organizations/acme/settings/apps/new?state=" in text
    assert (process.returncode, "no App was made" in err) == (1, True)


def test_it_ends_with_an_app_and_prints_no_secret(started, tmp_path):
    with registering() as github:
        process = started("--github-url", github.api)
        address = re.search(r"http://127\.0\.0\.1:\d+/setup", process.stdout.readline())[0]
        action, manifest = form_of(opened(address))
        made = opened(github.register(manifest, parse_qs(urlsplit(action).query)["state"][0]))
        out, err = process.communicate(timeout=20)

    assert (process.returncode, err) == (0, "")
    assert str(tmp_path / "secrets" / "rollbot-app.env") in out and str(tmp_path / "secrets" / "rollbot-app.env") in made
    assert SECRET not in out + err + made and "PRIVATE KEY" not in out + err + made
    assert (tmp_path / "secrets" / "rollbot-app.pem").read_text() == KEY


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        pytest.param(["--github-url", "ftp://x"], 2, "GitHub's API", id="no API"),
        pytest.param(["--github-url", "https://x/api/v3; script-src *"], 2, "GitHub's API", id="a policy of its own"),
        pytest.param(["--org", "a/b"], 2, "organisation", id="no organisation"),
        pytest.param(["--public-url", "javascript:alert(1)"], 2, "public address", id="no address"),
    ],
)
def test_wrong_words_are_exit_2(rollbot, words, code, says):
    done = rollbot("app", "create", *words)

    assert (done.code, says in done.err) == (code, True)


def test_an_earlier_app_is_left_alone(rollbot, tmp_path):
    (tmp_path / "rollbot-app.pem").write_text("mine")

    done = rollbot("app", "create", "--folder", tmp_path)

    assert (done.code, "move it away first" in done.err) == (1, True)
