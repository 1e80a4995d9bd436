"""A real Prometheus that remembers what it never scraped: promtool writes its blocks from OpenMetrics text."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.live.servers import free_port

CONFIG = "global: {evaluation_interval: 15s}\nrule_files: [rules.yml]\n"


def remember(start, programs, folder, text, rules="groups: []\n"):
    """Start one with these samples in it; its URL. https://prometheus.io/docs/prometheus/latest/storage/#backfilling-from-openmetrics-format"""
    promtool = Path(programs["prometheus"]).with_name("promtool")
    if not promtool.exists() and (found := shutil.which("promtool")) is None:
        pytest.skip("needs promtool beside Prometheus, or on the PATH")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text(CONFIG)
    (folder / "rules.yml").write_text(rules)
    (folder / "samples.txt").write_text(text)
    command = [promtool if promtool.exists() else found, "tsdb", "create-blocks-from", "openmetrics", "--quiet"]
    done = subprocess.run([*command, folder / "samples.txt", folder / "tsdb"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    port = free_port()
    server = start(
        f"prometheus-{port}",
        [
            programs["prometheus"],
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            "--storage.tsdb.retention.time=30y",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
    )
    url = f"http://127.0.0.1:{port}"
    server.ready(f"{url}/-/ready")
    return url
