import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from bot.cli.__main__ import main
from bot.world import story
from bot.world.origin import Origin


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def own_home(monkeypatch, tmp_path):
    """No `ROLLBOT_…` of the machine, nothing of a CI job that this may run in, and state and cache in the test's folder."""
    for name in [*os.environ]:
        if name.upper().startswith(("ROLLBOT_", "XDG_", "GITHUB_", "INPUT_", "RUNNER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOGNAME", "ada")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")


@pytest.fixture
def origin(tmp_path):
    told = story.load(story.SHOP)
    made = Origin(tmp_path / "shop.git", told.branch)
    made.tell(told.history)
    return made


@pytest.fixture
def clone(origin, tmp_path):
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", origin.folder, folder], check=True, timeout=30)
    return folder


@pytest.fixture
def rollbot(monkeypatch, capsys):
    """Run the program's `main` with these words."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["rollbot", *(str(word) for word in words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Done(ended.value.code or 0, said.out, said.err)

    return run
