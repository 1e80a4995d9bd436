"""The action installs itself from its own folder, as on a runner that never saw it."""

import os
import subprocess
import sys

import pytest

from tests.actions.job import Job


@pytest.fixture
def index(tmp_path):
    """How this machine reaches a package index; skips where it reaches none."""
    reached = {name: value for name, value in os.environ.items() if name.upper().startswith(("PIP_", "SSL_", "HTTP", "NO_PROXY"))}
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", tmp_path / "probe", "hatchling"]
    probe = subprocess.run(words, capture_output=True, text=True, timeout=60)
    if probe.returncode:
        pytest.skip(f"no package index can be reached: {probe.stderr.strip()[-200:]}")
    return reached


@pytest.mark.live
@pytest.mark.timeout(400)
def test_it_installs_itself_and_rolls_back(job, origin, index, tmp_path):
    bare = Job(tmp_path / "bare", job.variables | index)

    step = bare.uses({"service": "checkout", "environment": "prod", "mode": "pr"})

    assert (step.code, step.outputs["decision"]) == (0, "rollback"), step.log
    assert step.outputs["branch"] in origin.branches()
    [venv] = (tmp_path / "bare" / "temp" / "rollbot").glob("venv-*")
    assert (venv / "pyvenv.cfg").exists()
