"""A few new commits, walked without asking `git log`: the line says what it would say, whatever the commits are like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters.git import GitRepository
from bot.adapters.git.blobs import Blobs
from bot.adapters.git.run import Git
from bot.adapters.git.trees import Trees
from bot.adapters.git.walk import walked
from bot.refs import Sha
from tests.adapters.git.conftest import Checkout

FILES = {"a": "1\n", "b/c": "1\n", "b/d/e": "1\n", "b.x": "1\n", "b0": "1\n", "z/z": "1\n"}


def several(checkout: Checkout) -> None:
    checkout.commit("Several\n\nwith a body\n\n\nand more", {"b/c": "2\n", "b/d/e": None, "b.x": "2\n", "b0": "2\n", "new/deep/f": "1\n"})


def four(checkout: Checkout) -> None:
    for number in range(4):
        checkout.commit(f"{number}", {"a": f"{number} again\n"})


def five(checkout: Checkout) -> None:
    four(checkout)
    checkout.commit("5", {"a": "5\n"})


def a_merge(checkout: Checkout) -> None:
    checkout.git("switch", "--quiet", "--create", "side")
    checkout.commit("Side", {"side": "1\n"})
    checkout.git("switch", "--quiet", "main")
    checkout.commit("Main", {"a": "main\n"})
    checkout.git("merge", "--quiet", "--no-ff", "-m", "Merge side", "side")


def kinds(checkout: Checkout) -> None:
    (checkout.folder / "a").unlink()
    (checkout.folder / "a").symlink_to("b0")
    (checkout.folder / "b0").chmod(0o755)
    checkout.commit("Other kinds")
    (checkout.folder / "z" / "z").unlink()
    (checkout.folder / "z").rmdir()
    (checkout.folder / "b.x").unlink()
    checkout.commit("A file where a folder was, and a folder where a file was", {"z": "1\n", "b.x/y": "1\n"})


def a_submodule(checkout: Checkout) -> None:
    checkout.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    checkout.git("commit", "--quiet", "-m", "A submodule")


def odd_bytes(checkout: Checkout) -> None:
    raw = b"tree %s\nparent %s\nauthor \xff Odd. Jr. <o@x> 1 +0000\ncommitter C <c@x> 2 -0130\ngpgsig -----\n more\n\n\n no end \xfe"
    tree, parent = (checkout.head(name).encode() for name in ("HEAD^{tree}", "HEAD"))
    made = checkout.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", feed=raw % (tree, parent))
    checkout.git("reset", "--quiet", "--hard", made)
    (checkout.folder / "caf\udce9").write_text("1\n")
    checkout.commit("A name that is no UTF-8", {})


def another_encoding(checkout: Checkout) -> None:
    checkout.git("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "--quiet", "--allow-empty", "-F", "-", feed=b"Caf\xe9\n")


def no_email(checkout: Checkout) -> None:
    checkout.git("-c", "user.useConfigOnly=false", "commit", "--quiet", "--allow-empty", "--author", "Nobody <>", "-m", "x")


@pytest.mark.parametrize(
    ("change", "plain"),
    [
        (several, True), (four, True), (five, False), (a_merge, True), (kinds, True), (a_submodule, True), (odd_bytes, True),
        (another_encoding, False), (no_email, False),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
def test_the_line_is_what_git_log_says(checkout: Checkout, tmp_path: Path, change: Callable[[Checkout], None], plain: bool) -> None:
    begun = Sha(checkout.commit("Begin", FILES))
    with GitRepository(str(checkout.folder), "main", tmp_path / "kept") as repository:
        assert len(repository.log(begun)) == 1
    change(checkout)
    head = Sha(checkout.head())

    with GitRepository(str(checkout.folder), "main", tmp_path / "kept") as repository:
        found = list(repository.log(head))
    with GitRepository(str(checkout.folder), "main", tmp_path / "anew") as repository:
        expected = list(repository.log(head))

    assert found == expected
    git = Git(checkout.folder / ".git")
    blobs = Blobs(git)
    assert (walked(blobs, Trees(git, blobs), head, begun) is not None) is plain
    blobs.close()


def test_a_clone_that_was_cut_is_left_to_git(checkout: Checkout, tmp_path: Path) -> None:
    for number in range(5):
        checkout.commit(f"{number}", {"a": f"{number}\n"})
    clone = tmp_path / "clone"
    checkout.git("clone", "--quiet", "--depth=2", f"file://{checkout.folder}", str(clone))
    with GitRepository(str(clone), "main", tmp_path / "kept") as repository:
        assert [commit.subject for commit in repository.log(repository.resolve("main"))] == ["4", "3"]
    checkout.commit("5", {"a": "5\n"})
    checkout.git("-C", str(clone), "pull", "--quiet")

    with GitRepository(str(clone), "main", tmp_path / "kept") as repository:
        assert [commit.subject for commit in repository.log(repository.resolve("main"))] == ["5", "4", "3"]
