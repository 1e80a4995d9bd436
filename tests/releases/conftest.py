"""Histories told in memory: no Git, the same values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pytest

from bot.manifests.read import is_manifest, read
from bot.manifests.rules import ManifestRules
from bot.manifests.services import assign, includes
from bot.refs import ServiceRef, Sha
from bot.releases.history import history, path_history
from bot.releases.release import Commit, DesiredState, FileChange, History

HOUR = 3600.0


def _blob(text: bytes) -> Sha:
    return Sha(hashlib.sha1(text).hexdigest())


class Telling:
    """Say commit by commit what files hold; then ask for the history."""

    def __init__(self) -> None:
        self.tree: dict[str, bytes] = {}
        self.log: list[Commit] = []
        self.blobs: dict[Sha, bytes] = {}
        self.time = 1_790_000_000.0

    def commit(
        self,
        message: str,
        files: Mapping[str, str | bytes | None],
        author: str = "Ann",
        email: str = "ann@example.org",
        after: float = HOUR,
    ) -> Sha:
        """None deletes; a path with `->` moves a file and then gives it this text."""
        changes = []
        for path, text in files.items():
            file = text.encode() if isinstance(text, str) else text
            old = self.tree.pop(path, None)
            if file is not None:
                self.tree[path] = file
                self.blobs[_blob(file)] = file
            changes.append(FileChange(path, None if old is None else _blob(old), None if file is None else _blob(file)))
        self.time += after
        parent = self.log[0].sha if self.log else None
        sha = _blob(f"{parent} {message} {self.time}".encode())
        self.log.insert(0, Commit(sha, parent, self.time, author, email, message, tuple(changes)))
        return sha

    def state(self, shallow: bool = False, rules: ManifestRules = ManifestRules()) -> DesiredState:  # noqa: B008
        tree = {path: _blob(file) for path, file in sorted(self.tree.items())}
        readings = {
            (change.path, blob): read(self.blobs[blob], change.path, rules)
            for commit in self.log
            for change in commit.files
            for blob in (change.before, change.after)
            if blob in self.blobs and is_manifest(change.path, rules)
        }
        here = {path: readings[path, blob] for path, blob in tree.items() if (path, blob) in readings}
        inclusions = {path: includes(self.tree[path], path) for path in here}
        estate = assign("repo", tree, here, rules, inclusions)
        return DesiredState("repo", self.log[0].sha, tree, tuple(self.log), self.blobs, readings, estate, shallow, rules)

    def history(self, name: str, environment: str = "prod", shallow: bool = False) -> History:
        return history(ServiceRef("repo", environment, name), self.state(shallow))

    def path(self, path: str) -> History:
        return path_history(path, self.state())


@pytest.fixture
def told() -> Telling:
    return Telling()
