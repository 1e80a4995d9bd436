"""The floors hold, and the contract that holds them would notice."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT = Path(sys.executable).with_name("lint-imports")


def lint(folder):
    return subprocess.run([LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, timeout=100)


@pytest.fixture
def copy(tmp_path):
    shutil.copytree(ROOT / "bot", tmp_path / "bot", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_module_imports_only_lower_floors():
    done = lint(ROOT)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        pytest.param("plans/plan.py", "import bot.adapters", "The flow is the layout", id="a stage imports an adapter"),
        pytest.param("manifests/pin.py", "import bot.releases.release", "The flow is the layout", id="a stage imports a later one"),
        pytest.param("policy/settings.py", "import subprocess", "The core does no I/O", id="a stage starts programs"),
        pytest.param("utils.py", "", "The flow is the layout", id="a module on no floor"),
    ],
)
def test_a_breach_is_noticed(copy, module, line, contract):
    file = copy / "bot" / module
    text = file.read_text() if file.exists() else '"""Odds and ends."""\n'
    file.write_text(text.replace("from __future__ import annotations\n", f"from __future__ import annotations\n\n{line}\n", 1))

    done = lint(copy)

    assert done.returncode == 1, done.stdout + done.stderr
    broken = [row for row in done.stdout.splitlines() if "BROKEN" in row] or [done.stdout]
    assert any(contract in row or "utils" in row for row in broken), done.stdout


def test_a_start_loads_no_numbers() -> None:
    """numpy and scipy cost 80 MB and a second: only who has evidence to weigh, or a group to settle, pays for them."""
    program = "import sys, bot.cli.__main__, bot.reconciler.work, bot.web.app, bot.wiring; print({'numpy', 'scipy'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)

    assert (done.stdout.strip(), done.stderr) == ("set()", "")
