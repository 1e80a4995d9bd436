"""Repositories told commit by commit, as real Git, looked at as the command line does."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from bot.adapters.git.repository import GitRepository
from bot.adapters.pins import SqlitePinCache
from bot.manifests.rules import ManifestRules
from bot.reconciler.look import look
from bot.releases.release import DesiredState

Telling = Callable[..., DesiredState]
DAY = 86_400


@pytest.fixture
def tell(tmp_path: Path) -> Iterator[Telling]:
    """`tell({path: text or None}, …)`: one commit each, a day apart; (subject, files) names the subject."""
    with contextlib.ExitStack() as stack:

        def told(*commits: Mapping[str, str | None] | tuple[str, Mapping[str, str | None]], step: int = DAY) -> DesiredState:
            folder = tmp_path / "repo.git"
            subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
            stream: list[bytes] = []
            for number, commit in enumerate(commits, 1):
                subject, files = commit if isinstance(commit, tuple) else (f"Release {number}", commit)
                stream.append(b"commit refs/heads/main\nmark :%d\n" % number)
                stream.append(b"committer ann <ann@example.org> %d +0000\n" % (1_700_000_000 + number * step))
                stream.append(b"data %d\n%s\n" % (len(subject.encode()), subject.encode()))
                for path, text in files.items():
                    name = json.dumps(path).encode()
                    raw = b"" if text is None else text.encode()
                    stream.append(b"D %s\n" % name if text is None else b"M 100644 inline %s\ndata %d\n%s\n" % (name, len(raw), raw))
            subprocess.run(["git", "--git-dir", str(folder), "fast-import", "--quiet"], input=b"".join(stream), check=True)
            repository = stack.enter_context(contextlib.closing(GitRepository(str(folder), "main")))
            cache = stack.enter_context(contextlib.closing(SqlitePinCache(tmp_path / "pins.sqlite")))
            return look(repository, cache, ManifestRules())

        yield told
