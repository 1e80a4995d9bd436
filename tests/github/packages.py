"""GitHub's own descriptions of its API and webhooks, fetched from npm into .cache and never copied here."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache" / "npm"
PACKAGES = {
    "openapi": ("@octokit/openapi", "23.0.2"),
    "graphql-schema": ("@octokit/graphql-schema", "15.26.1"),
    "webhooks-schemas": ("@octokit/webhooks-schemas", "7.6.1"),
    "webhooks-examples": ("@octokit/webhooks-examples", "7.6.1"),
}


class Unobtainable(Exception):
    """The package cannot be had here; its text says why."""


def package(name: str) -> Path:
    """The folder of a package, fetched where it is not here yet. Raises Unobtainable."""
    full, version = PACKAGES[name]
    folder = CACHE / f"{name}-{version}"
    if folder.is_dir():
        return folder / "package"
    if not shutil.which("npm"):
        raise Unobtainable("no npm on this machine")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as making:
        words = ["npm", "pack", "--silent", "--pack-destination", making, f"{full}@{version}"]
        done = subprocess.run(words, capture_output=True, timeout=300)
        archives = list(Path(making).glob("*.tgz"))
        if done.returncode or not archives:
            raise Unobtainable(f"npm cannot fetch {full}: {done.stderr.decode(errors='replace')[-200:]}")
        with tarfile.open(archives[0]) as archive:
            archive.extractall(Path(making) / "out", filter="data")
        try:
            (Path(making) / "out").rename(folder)
        except OSError:
            if not folder.is_dir():  # another process was quicker
                raise
    return folder / "package"
