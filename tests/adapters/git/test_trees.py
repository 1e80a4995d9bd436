"""A tree worked out from another one is the tree that git lists."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable

from bot.adapters.git import GitRepository
from bot.adapters.git.run import Git

Opens = Callable[..., GitRepository]


def listed(checkout, commit: str) -> list[tuple[str, str]]:
    rows = checkout.git("ls-tree", "-r", "-z", "--full-tree", commit).split("\0")
    return [(row.split("\t", 1)[1], row.split()[2]) for row in rows if row.startswith("100")]


def test_what_changes_its_kind_or_place_is_followed(checkout, opened: Opens):
    commits = [checkout.commit("Begin", {"a": "1", "b/c/d.yaml": "1", "b/e": "1", "f/g": "1", "é/h": "1"})]
    commits.append(checkout.commit("A file becomes a folder", {"a": None}))
    (checkout.folder / "a").mkdir()
    commits.append(checkout.commit("and another appears", {"a/x": "1", "a-b": "1"}))
    shutil.rmtree(checkout.folder / "b")
    (checkout.folder / "b").symlink_to("f")
    commits.append(checkout.commit("A folder becomes a link"))
    (checkout.folder / "b").unlink()
    commits.append(checkout.commit("a file again", {"b": "1", "f/g": "2"}))
    (checkout.folder / "f" / "g").chmod(0o755)
    commits.append(checkout.commit("that may be run"))
    repository = opened(checkout.folder)

    found = [list(repository.tree(commit).items()) for commit in (*commits, *commits[::-1])]

    assert found == [listed(checkout, commit) for commit in (*commits, *commits[::-1])]


def test_any_walk_over_commits_lists_what_git_lists(checkout, opened: Opens):
    dice, commits = random.Random(5), []
    for number in range(25):
        path = "/".join(dice.choice("abc") for _ in range(dice.randint(1, 3)))
        for above in ("/".join(path.split("/")[:size]) for size in range(1, path.count("/") + 1)):
            if (checkout.folder / above).is_file():
                (checkout.folder / above).unlink()
        if (checkout.folder / path).is_dir():
            shutil.rmtree(checkout.folder / path)
        commits.append(checkout.commit(f"{number}", {path: f"{number % 3}"}))
    dice.shuffle(commits)
    repository = opened(checkout.folder)

    found = [list(repository.tree(commit).items()) for commit in commits]

    assert found == [listed(checkout, commit) for commit in commits]


def test_a_tree_too_large_for_one_object_is_listed_by_git(checkout, opened: Opens, monkeypatch):
    monkeypatch.setattr("bot.adapters.git.blobs.LIMIT", 500)
    first = checkout.commit("Begin", {f"file-{number}": "1" for number in range(50)})
    second = checkout.commit("More", {"file-1": "2"})
    repository = opened(checkout.folder)
    repository.tree(first)

    assert list(repository.tree(second).items()) == listed(checkout, second)


def test_the_next_tree_costs_no_process(checkout, opened: Opens, monkeypatch):
    first = checkout.commit("Begin", {"apps/a/x.yaml": "1", "apps/b/x.yaml": "1"})
    second = checkout.commit("Change", {"apps/a/x.yaml": "2"})
    repository = opened(checkout.folder)
    repository.tree(first)
    started: list[str] = []
    start = Git._start
    monkeypatch.setattr(Git, "_start", lambda git, words, *more: started.append(words[0]) or start(git, words, *more))

    repository.tree(second)

    assert started == []
