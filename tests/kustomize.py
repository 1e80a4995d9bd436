"""The real kustomize, where the machine has one: on the path, or built into `.cache/bin` (.ci/run does that where there is Go)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

HERE = Path(__file__).parents[1] / ".cache" / "bin" / "kustomize"


def program() -> Path:
    """Return its path; the test is skipped where there is none."""
    found = shutil.which("kustomize") or (str(HERE) if os.access(HERE, os.X_OK) else None)
    if found is None:
        pytest.skip("needs kustomize: GOBIN=$PWD/.cache/bin go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1")
    return Path(found)


def built(folder: Path) -> list[dict[str, Any]]:
    """What `kustomize build` makes of a folder. A folder without kustomization gets one first, as Flux' controller does."""
    tool = program()
    if not any((folder / name).exists() for name in ("kustomization.yaml", "kustomization.yml", "Kustomization")):
        subprocess.run([tool, "create", "--autodetect"], cwd=folder, check=True, capture_output=True, timeout=60)
    done = subprocess.run([tool, "build", folder], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))
