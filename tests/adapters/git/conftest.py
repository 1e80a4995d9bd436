"""Real repositories, told commit by commit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from bot.adapters.git import GitRepository

_PLAIN = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
}


class Checkout:
    """A work tree that a person works in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = 1_790_000_000

    def git(self, *words: str, feed: bytes | None = None) -> str:
        when = {"GIT_AUTHOR_DATE": f"{self.time} +0000", "GIT_COMMITTER_DATE": f"{self.time} +0000"}
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=os.environ | _PLAIN | when, input=feed, capture_output=True, check=True, timeout=60
        )
        return done.stdout.decode(errors="surrogateescape").strip()

    def commit(self, message: str, files: Mapping[str, str | bytes | None] = {}) -> str:
        for path, text in files.items():
            file = self.folder / path
            if text is None:
                file.unlink()
            else:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(text.encode() if isinstance(text, str) else text)
        self.git("add", "--all")
        self.time += 60
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.head()

    def head(self, revision: str = "HEAD") -> str:
        return self.git("rev-parse", revision)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    folder = tmp_path / "checkout"
    folder.mkdir()
    made = Checkout(folder)
    made.git("init", "--quiet", "--initial-branch=main")
    return made


@pytest.fixture
def server(checkout: Checkout, tmp_path: Path) -> str:
    """The URL of a bare repository that `checkout` pushes to as `origin`."""
    folder = tmp_path / "server.git"
    checkout.git("init", "--quiet", "--bare", "--initial-branch=main", str(folder))
    checkout.git("remote", "add", "origin", folder.as_uri())
    return folder.as_uri()


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., GitRepository]]:
    """Open repositories that end with the test; `cache` names a folder of its own."""
    open_: list[GitRepository] = []

    def opens(address: str | Path, branch: str | None = "main", cache: str = "cache", **more: object) -> GitRepository:
        open_.append(GitRepository(str(address), branch, tmp_path / cache, **more))  # type: ignore[arg-type]
        return open_[-1]

    yield opens
    for repository in open_:
        repository.close()
