from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from bot.cli.timeline import Screen, Tone
from bot.world.origin import Origin


def rollbot(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "bot.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment})


def test_the_demo_ends_healthy_on_the_version_before(tmp_path: Path) -> None:
    done = rollbot("demo", "--json", "--keep", str(tmp_path / "shop"))

    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["healed"], told["deployed"], told["end"]) == (True, "2.7.0", "recovered")
    assert [line[0] for line in told["diff"].splitlines() if line[0] in "+-" and line[:3] not in ("+++", "---")] == ["-", "+"]
    assert told["took"] < 30
    origin = Origin(tmp_path / "shop" / "shop.git", "main")
    assert "Rollback-Release:" in origin.message(told["commit"])


def test_the_demo_tells_the_story_in_plain_text() -> None:
    done = rollbot("demo", NO_COLOR="1", PYTHONIOENCODING="ascii", TERM="dumb")

    assert done.returncode == 0, done.stdout + done.stderr
    wanted = ["pushed: Update checkout in prod to 2.8.0", "fires", "suspects", "2.8.0 -> 2.7.0", "recovered", "Since the symptom began"]
    assert [text for text in wanted if text not in done.stdout] == []
    assert "\x1b" not in done.stdout and done.stdout.isascii()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "mine.txt").write_text("precious")

    done = rollbot("demo", "--keep", str(folder))

    assert done.returncode == 2 and "not empty" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_the_web_page_stays_up() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "bot.cli", "demo", "--serve", "--port", str(port)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert running.stdout
        said = next((line for line in running.stdout if f"127.0.0.1:{port}" in line), "")
        pages = {path: _page(f"http://127.0.0.1:{port}{path}") for path in ("/", "/healthz")}
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=20)

    assert said and "checkout" in pages["/"] and "recovered" in pages["/"]
    assert not pages["/healthz"].startswith(("4", "5"))
    assert running.returncode == 0


def _page(url: str) -> str:
    for _ in range(100):
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            return f"{error.code} {error.read().decode()}"
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def test_strangers_control_characters_do_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().say("evil \x1b[2J\x07 → text", Tone.BAD)

    assert capsys.readouterr().out == "evil \\x1b[2J\\x07 -> text\n"
