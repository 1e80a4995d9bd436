"""Objects asked for one by one and many at once, of a git that takes batches and of one that is too old to."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.adapters.git.blobs import Blobs
from bot.adapters.git.run import Git
from bot.errors import Unavailable
from bot.refs import Sha
from tests.adapters.git.conftest import Checkout

_OLD = """\
#!/bin/sh
case "$*" in *--batch-command*) echo "error: unknown option \\`batch-command'" >&2; exit 129;; esac
exec {git} "$@"
"""
MANY = 700
ABSENT = Sha("1" * 40)


@pytest.fixture(params=["new", "old"])
def blobs(request: pytest.FixtureRequest, checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Blobs:
    if request.param == "old":
        git = shutil.which("git")
        assert git
        shim = tmp_path / "old" / "git"
        shim.parent.mkdir()
        shim.write_text(_OLD.format(git=git))
        shim.chmod(0o755)
        monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    checkout.commit("Begin", {f"{number}.yaml": f"n: {number}\n" * (number % 90) for number in range(MANY)})
    found = Blobs(Git(checkout.folder / ".git"))
    request.addfinalizer(found.close)
    return found


def _named(checkout: Checkout) -> dict[Sha, bytes]:
    rows = (row.split() for row in checkout.git("ls-tree", "-r", "HEAD").splitlines())
    return {Sha(name): (checkout.folder / path).read_bytes() for _, _, name, path in rows}


def test_many_blobs_come_in_the_order_asked_and_the_absent_are_left_out(blobs: Blobs, checkout: Checkout) -> None:
    expected = _named(checkout)
    asked = [*list(expected)[:300], ABSENT, *list(expected)[300:]]

    found = list(blobs.read(asked))

    assert found == list(expected.items())


def test_one_object_is_answered_at_once_after_another(blobs: Blobs, checkout: Checkout) -> None:
    (name, body), *_ = _named(checkout).items()

    found = [blobs.object(name), blobs.object(ABSENT), blobs.commit("main"), blobs.commit("no such name"), blobs.object(name)]

    assert found == [("blob", body), None, checkout.head(), None, ("blob", body)]


def test_threads_that_ask_at_once_get_their_own_answers(blobs: Blobs, checkout: Checkout) -> None:
    expected = _named(checkout)

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(blobs.object, expected))

    assert found == [("blob", body) for body in expected.values()]


def test_where_git_stops_for_another_reason_it_is_said(tmp_path: Path) -> None:
    blobs = Blobs(Git(tmp_path / "nothing.git"))

    with pytest.raises(Unavailable, match=r"cat-file stopped: .*not a git repository"):
        blobs.object(ABSENT)
