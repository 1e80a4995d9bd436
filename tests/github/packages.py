"""GitHub's own descriptions of its API and webhooks, fetched from npm into .cache and never copied here."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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


_failed: dict[str, str] = {}
"""Why a package could not be had: one wait for an absent network is enough for a process."""


def package(name: str) -> Path:
    """The folder of a package, fetched where it is not here yet. Raises Unobtainable."""
    if name in _failed:
        raise Unobtainable(_failed[name])
    try:
        return _package(name)
    except Unobtainable as error:
        _failed[name] = str(error)
        raise


def _package(name: str) -> Path:
    full, version = PACKAGES[name]
    folder = CACHE / f"{name}-{version}"
    if folder.is_dir():
        return folder / "package"
    if not shutil.which("npm"):
        raise Unobtainable("no npm on this machine")
    CACHE.mkdir(parents=True, exist_ok=True)
    with _alone(), tempfile.TemporaryDirectory(dir=CACHE) as making:
        if folder.is_dir():  # another process was quicker
            return folder / "package"
        words = ["npm", "pack", "--silent", "--pack-destination", making, f"{full}@{version}"]
        done = subprocess.run(words, capture_output=True, timeout=300)
        archives = list(Path(making).glob("*.tgz"))
        if done.returncode or not archives:
            raise Unobtainable(f"npm cannot fetch {full}: {done.stderr.decode(errors='replace')[-200:]}")
        with tarfile.open(archives[0]) as archive:
            archive.extractall(Path(making) / "out", filter="data")
        (Path(making) / "out").rename(folder)
    return folder / "package"


@contextmanager
def _alone() -> Iterator[None]:
    """One process of the test run fetches, the others wait for it."""
    with (CACHE / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def installed(name: str, packages: Sequence[str]) -> Path:
    """A folder with packages and all that they need, of which no script was run. Raises Unobtainable."""
    folder = CACHE / name
    if folder.is_dir():
        return folder
    if not shutil.which("npm") or not shutil.which("node"):
        raise Unobtainable("no npm on this machine")
    CACHE.mkdir(parents=True, exist_ok=True)
    with _alone():
        if folder.is_dir():
            return folder
        with tempfile.TemporaryDirectory(dir=CACHE) as making:
            fresh = Path(making) / name
            fresh.mkdir()
            (fresh / "package.json").write_text("{}")
            words = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *packages]
            done = subprocess.run(words, cwd=fresh, capture_output=True, timeout=200)
            if done.returncode:
                raise Unobtainable(f"npm cannot fetch {name}: {done.stderr.decode(errors='replace')[-200:]}")
            fresh.rename(folder)
    return folder
