from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.adapters.git import GitRepository
from bot.adapters.git.blobs import LIMIT
from bot.errors import BadConfig, Refused, Unavailable
from bot.refs import Sha

Opens = Callable[..., GitRepository]


def test_a_remote_is_mirrored_and_read(checkout, server, opened: Opens):
    first = checkout.commit("Add a\n\nWhy not.", {"a": "1\n", "deep/b": "2\n"})
    second = checkout.commit("Change a (#7)", {"a": "3\n"})
    checkout.git("push", "-q", "origin", "main")

    repository = opened(server)
    repository.fetch()
    head = repository.resolve("main")

    assert head == second
    assert sorted(repository.tree(head)) == ["a", "deep/b"]
    log = repository.log(head)
    assert [(c.sha, c.parent, c.subject) for c in log] == [(second, first, "Change a (#7)"), (first, None, "Add a")]
    assert log[1].message == "Add a\n\nWhy not.\n"
    assert (log[0].author, log[0].email, log[0].time) == ("Ann", "ann@example.org", 1_790_000_120.0)
    (change,) = log[0].files
    assert change.path == "a"
    assert (repository.blobs()[change.before], repository.blobs()[change.after]) == (b"1\n", b"3\n")


def test_a_local_path_is_read_where_it_is(checkout, opened: Opens):
    head = checkout.commit("Add", {"sub/a": "1\n"})

    repository = opened(checkout.folder / "sub", branch=None)

    assert repository.branch == "main"
    assert repository.resolve("HEAD") == head
    assert repository.blobs()[repository.tree(head)["sub/a"]] == b"1\n"
    assert repository.name == str(checkout.folder)


def test_only_regular_files_are_in_the_tree(checkout, opened: Opens):
    (checkout.folder / "link").symlink_to("a")
    head = checkout.commit("Add", {"a": "1\n"})

    repository = opened(checkout.folder)

    assert list(repository.tree(head)) == ["a"]
    assert [change.path for change in repository.log(head)[0].files] == ["a"]
    assert [repository.mode(head, path) for path in ("a", "link", "none")] == ["100644", "120000", None]


def test_paths_that_are_not_utf_8_come_surrogate_escaped(checkout, opened: Opens):
    name = b"caf\xe9/\x01tab\there.yaml".decode(errors="surrogateescape")
    head = checkout.commit("Add", {name: "a: 1\n"})

    repository = opened(checkout.folder)

    assert list(repository.tree(head)) == [name]
    assert [change.path for change in repository.log(head)[0].files] == [name]
    assert repository.mode(head, name) == "100644"


def test_messages_may_hold_anything(checkout, opened: Opens):
    strange = "\x01aaaa\n\n:100644 100644 x y M\n\x01"
    head = checkout.commit(strange, {"a": "1"})
    latin = checkout.git("commit-tree", f"{head}^{{tree}}", "-p", head, feed=b"caf\xe9")
    checkout.git("reset", "-q", "--hard", latin)

    log = opened(checkout.folder).log(Sha(latin))

    assert [c.message for c in log] == ["café", strange + "\n"]


def test_a_merge_counts_as_what_it_brought_to_the_first_parent(checkout, opened: Opens):
    base = checkout.commit("Add", {"a": "1\n", "b": "1\n"})
    checkout.git("switch", "-q", "-c", "side")
    checkout.commit("Side one", {"a": "2\n"})
    checkout.commit("Side two", {"a": "3\n"})
    checkout.git("switch", "-q", "main")
    other = checkout.commit("Main goes on", {"b": "2\n"})
    checkout.git("merge", "-q", "--no-ff", "-m", "Merge side", "side")
    merge = checkout.head()
    checkout.git("switch", "-q", "-c", "nothing", base)
    checkout.commit("Side three", {"a": "9\n"})
    checkout.git("switch", "-q", "main")
    checkout.git("merge", "-q", "-s", "ours", "-m", "Merge nothing", "nothing")
    empty = checkout.head()

    log = opened(checkout.folder).log(Sha(empty))

    assert [c.sha for c in log] == [empty, merge, other, base]
    assert [[f.path for f in c.files] for c in log] == [[], ["a"], ["b"], ["a", "b"]]


def test_a_move_is_told_as_gone_and_new(checkout, opened: Opens):
    checkout.commit("Add", {"old": "1\n"})
    checkout.git("mv", "old", "new")
    head = checkout.commit("Move")

    files = opened(checkout.folder).log(Sha(head))[0].files

    assert sorted((f.path, f.before is None, f.after is None) for f in files) == [("new", True, False), ("old", False, True)]


@pytest.mark.parametrize("kind", ["server", "local"])
def test_an_empty_repository_says_so(checkout, server, opened: Opens, kind: str):
    repository = opened(server if kind == "server" else checkout.folder)

    with pytest.raises(Refused, match="empty"):
        repository.resolve("main")


def test_an_empty_remote_without_branch_says_so(server, opened: Opens):
    with pytest.raises(Refused, match="empty"):
        opened(server, branch=None).resolve("HEAD")


def test_a_mirror_that_was_never_filled_is_not_taken_for_an_empty_repository(checkout, server, opened: Opens):
    head = checkout.commit("Add", {"a": "1"})
    checkout.git("push", "-q", "origin", "main")

    assert opened(server).resolve("main") == head


def test_an_unknown_commit_is_refused(checkout, opened: Opens):
    checkout.commit("Add", {"a": "1"})
    repository = opened(checkout.folder)

    for revision in ("nowhere", "--output=/tmp/x", "deadbeef", "main:a", "", "a b"):
        with pytest.raises(Refused, match="no commit"):
            repository.resolve(revision)


def test_a_remote_that_is_not_there_is_refused_and_one_that_does_not_answer_unavailable(tmp_path: Path, opened: Opens):
    with pytest.raises(Refused, match="does not appear"):
        opened((tmp_path / "nowhere.git").as_uri()).resolve("main")
    with pytest.raises(Unavailable, match="git fetch"):
        opened("http://127.0.0.1:9/org/repo.git").resolve("main")


def test_a_folder_without_repository_is_refused(tmp_path: Path, opened: Opens):
    with pytest.raises(Refused, match="not in a Git repository"):
        opened(tmp_path)
    with pytest.raises(Refused, match="there is no"):
        opened(tmp_path / "none")


@pytest.mark.parametrize("address", ["--upload-pack=touch x", "ext::sh -c touch% x", "ftp://host/x", "https://[bad/x"])
def test_addresses_that_are_none_are_refused(address: str, opened: Opens):
    with pytest.raises((BadConfig, Refused)):
        opened(address)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://user:pass@github.com/org/repo", "github.com/org/repo"),
        ("git@github.com:org/repo.git", "github.com/org/repo"),
        ("ssh://git@host:2222/org/repo.git/", "host:2222/org/repo"),
        ("file:///srv/git/repo.git", "/srv/git/repo"),
    ],
)
def test_a_repository_is_called_by_its_address_without_credentials(address: str, name: str, opened: Opens):
    assert opened(address).name == name


def test_a_checkout_has_the_name_of_its_origin(checkout, opened: Opens):
    checkout.git("remote", "add", "origin", "https://token@example.org/org/repo.git")

    assert opened(checkout.folder).name == "example.org/org/repo"


def test_credentials_are_in_no_error_and_no_file(tmp_path: Path, opened: Opens):
    repository = opened("http://ann:s3cr3tword@127.0.0.1:9/org/repo.git")

    with pytest.raises(Unavailable) as error:
        repository.fetch()

    assert "s3cr3tword" not in str(error.value)
    assert all(b"s3cr3tword" not in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_a_shallow_clone_is_said_to_be_one_and_can_be_deepened(checkout, server, tmp_path: Path, opened: Opens):
    shas = [checkout.commit(f"Change {i}", {"a": str(i)}) for i in range(5)]
    checkout.git("push", "-q", "origin", "main")
    clone = tmp_path / "clone"
    checkout.git("clone", "-q", "--depth=2", server, str(clone))
    repository = opened(clone)

    assert repository.shallow()
    log = repository.log(Sha(shas[4]))
    assert [c.sha for c in log] == [shas[4], shas[3]]
    assert log[1].parent is None

    subprocess.run(["git", "fetch", "-q", "--unshallow"], cwd=clone, check=True)

    assert not repository.shallow()
    assert len(repository.log(Sha(shas[4]))) == 5


def test_a_shallow_remote_can_be_mirrored(checkout, server, tmp_path: Path, opened: Opens):
    head = [checkout.commit(f"Change {i}", {"a": str(i)}) for i in range(3)][-1]
    checkout.git("push", "-q", "origin", "main")
    checkout.git("clone", "-q", "--bare", "--depth=1", server, str(tmp_path / "shallow.git"))

    repository = opened((tmp_path / "shallow.git").as_uri())
    repository.fetch()

    assert repository.shallow()
    assert [c.sha for c in repository.log(repository.resolve("main"))] == [head]


def test_a_force_pushed_branch_is_followed(checkout, server, opened: Opens):
    base = checkout.commit("Add", {"a": "1"})
    lost = checkout.commit("Lost", {"a": "2"})
    checkout.git("push", "-q", "origin", "main")
    repository = opened(server)
    repository.fetch()
    assert [c.sha for c in repository.log(repository.resolve("main"))] == [lost, base]
    checkout.git("reset", "-q", "--hard", base)
    kept = checkout.commit("Kept", {"a": "3"})
    checkout.git("push", "-q", "--force", "origin", "main")

    repository.fetch()

    assert [c.sha for c in repository.log(repository.resolve("main"))] == [kept, base]
    assert [c.sha for c in repository.log(Sha(lost))] == [lost, base]


def test_the_log_of_a_later_day_costs_only_what_is_new_and_says_the_same(checkout, opened: Opens):
    shas = [checkout.commit(f"Change {i}", {f"f{i % 3}": str(i)}) for i in range(6)]
    first = opened(checkout.folder)
    assert len(first.log(Sha(shas[-1]))) == 6
    shas += [checkout.commit(f"More {i}", {"f0": f"more {i}"}) for i in range(3)]

    again = opened(checkout.folder).log(Sha(shas[-1]))

    assert list(again) == list(opened(checkout.folder, cache="elsewhere").log(Sha(shas[-1])))
    assert [c.sha for c in again] == shas[::-1]
    assert [c.sha for c in first.log(Sha(shas[-1]))] == shas[::-1]
    assert [c.sha for c in first.log(Sha(shas[2]))] == shas[2::-1]


def test_a_log_can_be_read_in_part(checkout, opened: Opens):
    shas = [checkout.commit(f"Change {i}") for i in range(5)][::-1]

    log = opened(checkout.folder).log(Sha(shas[0]))

    assert [c.sha for c in log[:2]] == shas[:2]
    assert log[-1].sha == shas[-1]
    assert [c.sha for c in log] == shas


def test_huge_and_missing_blobs_are_absent(checkout, opened: Opens):
    huge = checkout.folder / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(100 << 20)
    (checkout.folder / "large.yaml").write_bytes(b"x" * (LIMIT + 1))
    head = checkout.commit("Add", {"a": "1\n", "b": "2\n", "limit": b"y" * LIMIT})
    repository = opened(checkout.folder)
    tree = repository.tree(Sha(head))
    wanted = [tree["a"], tree["huge.yaml"], Sha("1" * 40), tree["large.yaml"], tree["limit"], tree["b"]]

    read = dict(repository.read(wanted))

    assert list(read) == [tree["a"], tree["limit"], tree["b"]]
    blobs = repository.blobs()
    assert [blobs.get(name) is not None for name in wanted] == [True, False, False, False, True, True]
    assert blobs.get(Sha(head)) is None, "a commit is no file"
    assert blobs.get(Sha("main")) is None


def test_many_blobs_are_read_at_once(checkout, opened: Opens):
    head = checkout.commit("Add", {f"f{i}": f"{i}\n" * 50 for i in range(700)})
    repository = opened(checkout.folder)
    tree = repository.tree(Sha(head))

    repository.blobs().load(tree.values())

    assert {path: repository.blobs()[blob] for path, blob in tree.items()} == {f"f{i}": f"{i}\n".encode() * 50 for i in range(700)}
    assert len(repository.blobs()) == 700


def test_what_git_inherits_from_its_caller_is_not_followed(checkout, opened: Opens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    head = checkout.commit("Add", {"a": "1"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))

    assert opened(checkout.folder).resolve("main") == head
