"""A made-up past of so many days on a real Prometheus: what `rollbot backtest` says of it, how long that takes, and how its page looks.

The repository and the alerts are generated (tests/past.py), so verdicts are known beforehand: they show that judging is right, not how
good the decisions are on anybody's incidents. Run: python bench/backtest.py [--days N] [--seed N] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.live.memory import remember
from tests.live.servers import CACHE, PACKAGES, Server, unpack
from tests.past import CONFIG, DAY, RATIO, Past, generated

RULES = f"""\
groups:
  - name: shop
    rules:
      - alert: HighErrorRate
        expr: {RATIO} > 0.05
        for: 5m
        labels: {{severity: critical, environment: prod}}
"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars")


def main() -> None:
    told = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    told.add_argument("--days", type=int, default=90)
    told.add_argument("--seed", type=int, default=7)
    told.add_argument("--keep", type=Path, help="leave the page, its JSON and its picture in this folder")
    asked = told.parse_args()
    past = generated(round(time.time() - (asked.days + 1) * DAY), asked.days, asked.seed)
    with tempfile.TemporaryDirectory(prefix="rollbot-bench-") as folder:
        row, took = backtested(past, Path(folder))
        seen = looked_at(Path(folder))
        if asked.keep:
            asked.keep.mkdir(parents=True, exist_ok=True)
            for name in ("page.html", "page.png", "page.json"):
                if (Path(folder) / name).exists():
                    shutil.copy(Path(folder) / name, asked.keep / name)
    expected = Counter(past.expected.values())
    print(f"{len(past.commits)} commits, {len(past.fired)} alerts in {asked.days} days; expected {dict(expected)}")
    print(f"score {row['score']}")
    print(f"calibration error {row['calibration']['error']} over {row['calibration']['cases']} cases; suggested {row['suggested']}")
    print(f"picture: {seen}")
    result = {"alerts": len(past.fired), "seconds": round(took, 1), "ms_per_alert": round(1000 * took / max(1, len(past.fired)))}
    print("RESULT " + json.dumps(result | {"unjudged_as_expected": row["score"]["unjudged"] == expected["forward"]}))


def backtested(past: Past, folder: Path) -> tuple[dict[str, Any], float]:
    """Run it as a user does; its answer and the seconds it took."""
    repo = past.origin(folder / "shop.git").folder
    running: list[Server] = []

    def start(name: str, command: list[Any]) -> Server:
        running.append(Server([str(part) for part in command], folder / f"{name}.log"))  # type: ignore[no-untyped-call]
        return running[-1]

    try:
        url = remember(start, programs(), folder / "prometheus", past.openmetrics(), RULES)  # type: ignore[no-untyped-call]
        command = [Path(sys.executable).with_name("rollbot"), "backtest", "--repo", repo, "--prometheus-url", url, "--json"]
        (folder / "tried.yaml").write_text(CONFIG)
        began = time.monotonic()
        done = subprocess.run(
            [
                *command,
                "--config",
                folder / "tried.yaml",
                "--since",
                f"{(time.time() - past.since) / DAY:.2f}d",
                "--html",
                folder / "page.html",
            ],
            stdout=subprocess.PIPE,
            env={**os.environ, "HOME": str(folder)},
            check=True,
        )
        took = time.monotonic() - began
    finally:
        for server in running:
            server.kill()  # type: ignore[no-untyped-call]
    (folder / "page.json").write_bytes(done.stdout)
    return json.loads(done.stdout), took


def programs() -> dict[str, str]:
    found = {name: shutil.which(name) or str(CACHE / "usr" / "bin" / name) for name in PACKAGES}
    if not all(Path(path).exists() for path in found.values()):
        CACHE.mkdir(parents=True, exist_ok=True)
        unpack()  # type: ignore[no-untyped-call]
    return found


def looked_at(folder: Path) -> str:
    """Have a browser draw the page."""
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        return f"none of {', '.join(BROWSERS)} is here"
    command = [browser, *QUIET, "--window-size=1280,2400", f"--screenshot={folder / 'page.png'}", (folder / "page.html").as_uri()]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    return f"{(folder / 'page.png').stat().st_size} bytes"


if __name__ == "__main__":
    main()
