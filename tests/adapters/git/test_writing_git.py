from __future__ import annotations

import os
import random
import stat
import subprocess
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bot.adapters.git import GitRepository, Person
from bot.changes.change import Change, Merged, Moved
from bot.errors import Refused, Stale
from bot.refs import Sha

Opens = Callable[..., GitRepository]


def change(
    base: str, files: Mapping[str, bytes | None], message: str = "Roll back\n\nRollback-Service: a\n", branch: str = "rollbot/prod/a/x"
) -> Change:
    return Change(branch, "main", Sha(base), message, files, "Roll back", "", "marker")


@pytest.fixture(params=["remote", "local", "checkout with origin"])
def repository(request, checkout, server, opened: Opens) -> GitRepository:
    """Two commits on main, seen in each of the three ways that a repository can be had."""
    (checkout.folder / "run.sh").write_text("1\n")
    (checkout.folder / "run.sh").chmod(0o755)
    (checkout.folder / "link").symlink_to("dir")
    checkout.commit("Add", {"a.yaml": "a: 1\n", "dir/b.yaml": "b: 1\n"})
    checkout.commit("Change", {"a.yaml": "a: 2\n"})
    if request.param == "local":
        checkout.git("remote", "remove", "origin")
        return opened(checkout.folder)
    checkout.git("push", "-q", "origin", "main")
    made = opened(server if request.param == "remote" else checkout.folder)
    made.fetch()
    return made


def truth(checkout, tmp_path: Path, *words: str) -> str:
    """Ask git where the branches are kept for good."""
    place = tmp_path / "server.git" if checkout.git("remote") else checkout.folder / ".git"
    return checkout.git(f"--git-dir={place}", *words)


def test_a_change_becomes_one_commit_on_its_base(repository: GitRepository, checkout, tmp_path: Path):
    base = repository.resolve("main")

    made = repository.write(change(base, {"a.yaml": b"a: 1\n", "dir/b.yaml": None, "new/c.yaml": b"c"}))

    branch = "rollbot/prod/a/x"
    assert truth(checkout, tmp_path, "rev-parse", branch) == made == repository.remote_head(branch)
    assert truth(checkout, tmp_path, "rev-list", "--parents", "-n1", branch) == f"{made} {base}"
    assert truth(checkout, tmp_path, "diff", "--name-status", base, branch) == "M\ta.yaml\nD\tdir/b.yaml\nA\tnew/c.yaml"
    assert truth(checkout, tmp_path, "cat-file", "blob", f"{branch}:a.yaml") == "a: 1"
    assert truth(checkout, tmp_path, "log", "-1", "--format=%B", branch) == "Roll back\n\nRollback-Service: a"
    assert truth(checkout, tmp_path, "rev-parse", "main") == base
    assert repository.blobs()[repository.tree(made)["new/c.yaml"]] == b"c"


def test_the_same_change_again_is_the_same_commit(repository: GitRepository, checkout, tmp_path: Path):
    wanted = change(repository.resolve("main"), {"a.yaml": b"a: 1\n"})

    made = repository.write(wanted)
    again = repository.write(wanted)

    assert again == made
    assert truth(checkout, tmp_path, "for-each-ref", "--format=%(refname:short)", "refs/heads").split() == ["main", "rollbot/prod/a/x"]


def test_a_process_that_knows_nothing_of_the_first_finds_its_commit(checkout, server, opened: Opens):
    checkout.commit("Add", {"a.yaml": "a: 1\n"})
    checkout.git("push", "-q", "origin", "main")
    one = opened(server, cache="one", now=lambda: 1.0)
    other = opened(server, cache="other", now=lambda: 2.0)
    wanted = change(one.resolve("main"), {"a.yaml": b"a: 0\n"})
    other.fetch()

    assert one.write(wanted) == other.write(wanted)


def test_a_change_planned_again_replaces_the_branch(repository: GitRepository, checkout, tmp_path: Path):
    base = repository.resolve("main")
    repository.write(change(base, {"a.yaml": b"a: 1\n"}))

    made = repository.write(change(base, {"a.yaml": b"a: 0\n"}))

    assert truth(checkout, tmp_path, "rev-list", "--parents", "-n1", "rollbot/prod/a/x") == f"{made} {base}"


def test_the_executable_bit_stays(repository: GitRepository):
    base = repository.resolve("main")

    made = repository.write(change(base, {"run.sh": b"2\n"}))

    assert repository.mode(made, "run.sh") == "100755"


@pytest.mark.parametrize("path", ["link", "link/x", "dir", "a.yaml/x", "../x", "/x", "", "x//y", ".git/config", "dir/.GIT/hooks/x", "./x"])
def test_what_is_no_regular_file_is_not_written(repository: GitRepository, checkout, tmp_path: Path, path: str):
    with pytest.raises(Refused):
        repository.write(change(repository.resolve("main"), {path: b"x"}))

    assert "rollbot" not in truth(checkout, tmp_path, "for-each-ref")


@pytest.mark.parametrize("branch", ["--force", "a..b", "a b", "HEAD", "", "a/.b", "a.lock", "a\nb", "a@{1}", "a:b", "/a"])
def test_what_is_no_branch_name_is_not_written(repository: GitRepository, branch: str):
    with pytest.raises(Refused, match="no branch name"):
        repository.write(change(repository.resolve("main"), {"a.yaml": b"x"}, branch=branch))


def test_a_change_of_nothing_is_refused(repository: GitRepository):
    with pytest.raises(Refused, match="as it is"):
        repository.write(change(repository.resolve("main"), {"a.yaml": b"a: 2\n"}))


def test_odd_paths_and_bytes_arrive_as_they_are(repository: GitRepository):
    odd = {'quo"te\\n\n': b"\x00\xff\r\n", "caf\udce9": b"", "--option": b"x", "*": b"star", "a file": b"\n\n"}

    made = repository.write(change(repository.resolve("main"), odd))

    tree = repository.tree(made)
    assert {path: repository.blobs()[tree[path]] for path in odd} == odd


def test_no_hook_of_ours_runs(repository: GitRepository, checkout, tmp_path: Path):
    for folder in (checkout.folder / ".git", *(tmp_path / "cache").glob("*.git")):
        for name in ("pre-push", "reference-transaction", "post-merge"):
            hook = folder / "hooks" / name
            hook.parent.mkdir(exist_ok=True)
            hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran-{name}\nexit 1\n")
            hook.chmod(0o755)
    base = repository.resolve("main")

    made = repository.write(change(base, {"a.yaml": b"a: 1\n"}))

    assert repository.advance("main", base, made) == Merged(made)
    assert not list(tmp_path.glob("ran-*"))


def test_a_branch_moves_forward_and_a_second_time_is_harmless(repository: GitRepository, checkout, tmp_path: Path):
    base = repository.resolve("main")
    made = repository.write(change(base, {"a.yaml": b"a: 1\n"}))

    assert repository.advance("main", base, made) == Merged(made)
    assert repository.advance("main", base, made) == Merged(made)
    assert truth(checkout, tmp_path, "rev-parse", "main") == made


def test_a_branch_that_went_elsewhere_is_left_and_its_head_is_readable(repository: GitRepository, checkout):
    base = repository.resolve("main")
    made = repository.write(change(base, {"a.yaml": b"a: 1\n"}))
    theirs = checkout.commit("Somebody else", {"a.yaml": "a: 3\n"})
    if checkout.git("remote"):
        checkout.git("push", "-q", "origin", "main")

    answer = repository.advance("main", base, made)

    assert answer == Moved(Sha(theirs))
    assert repository.log(Sha(theirs))[0].subject == "Somebody else"


def test_a_push_that_was_built_upon_is_done(checkout, server, opened: Opens):
    base = checkout.commit("Add", {"a.yaml": "a: 1\n"})
    checkout.git("push", "-q", "origin", "main")
    repository = opened(server)
    made = repository.write(change(repository.resolve("main"), {"a.yaml": b"a: 0\n"}))
    repository.advance("main", Sha(base), made)
    checkout.git("pull", "-q", "--ff-only", "origin", "main")
    checkout.commit("On top", {"b": "1"})
    checkout.git("push", "-q", "origin", "main")

    assert repository.advance("main", Sha(base), made) == Merged(made)


def test_a_branch_is_never_moved_back(repository: GitRepository):
    head = repository.resolve("main")
    with pytest.raises(Refused, match="descendant"):
        repository.advance("main", head, repository.log(head)[1].sha)


def test_files_that_are_checked_out_come_along(checkout, opened: Opens):
    checkout.commit("Add", {"a.yaml": "a: 1\n", "b": "1"})
    repository = opened(checkout.folder)
    base = repository.resolve("main")
    made = repository.write(change(base, {"a.yaml": b"a: 0\n"}))

    repository.advance("main", base, made)

    assert (checkout.folder / "a.yaml").read_text() == "a: 0\n"
    assert checkout.git("status", "--porcelain") == ""


def test_work_in_progress_is_not_overwritten(checkout, opened: Opens):
    checkout.commit("Add", {"a.yaml": "a: 1\n"})
    (checkout.folder / "a.yaml").write_text("a: mine\n")
    repository = opened(checkout.folder)
    base = repository.resolve("main")
    made = repository.write(change(base, {"a.yaml": b"a: 0\n"}))

    with pytest.raises(Refused, match="stand in the way"):
        repository.advance("main", base, made)

    assert repository.resolve("main") == base
    assert (checkout.folder / "a.yaml").read_text() == "a: mine\n"


def test_a_hook_of_the_server_that_says_no_is_a_refusal_with_its_reason(checkout, server, tmp_path: Path, opened: Opens):
    checkout.commit("Add", {"a.yaml": "a: 1\n"})
    checkout.git("push", "-q", "origin", "main")
    hook = tmp_path / "server.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho only reviewers may push\nexit 1\n")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    repository = opened(server)

    with pytest.raises(Refused, match=r"hook declined.*only reviewers may push"):
        repository.write(change(repository.resolve("main"), {"a.yaml": b"a: 0\n"}))


def test_a_branch_is_deleted_once_and_only_where_it_was_left(repository: GitRepository):
    base = repository.resolve("main")
    made = repository.write(change(base, {"a.yaml": b"a: 1\n"}))

    with pytest.raises(Refused, match="moved on"):
        repository.delete("rollbot/prod/a/x", base)
    repository.delete("rollbot/prod/a/x", made)
    repository.delete("rollbot/prod/a/x", made)

    assert repository.remote_head("rollbot/prod/a/x") is None


def test_the_commit_is_signed_with_the_configured_name(checkout, opened: Opens):
    checkout.commit("Add", {"a.yaml": "a: 1\n"})
    repository = opened(checkout.folder, author=Person("Roll <Bot>\n", "bot@example.org"), now=lambda: 1_800_000_000.5)

    made = repository.write(change(repository.resolve("main"), {"a.yaml": b"a: 0\n"}))

    assert checkout.git("log", "-1", "--format=%an|%ae|%ct|%cn", made) == "Roll Bot|bot@example.org|1800000000|Roll Bot"


def test_two_that_write_the_same_branch_at_once_end_with_one_commit(checkout, server, opened: Opens):
    checkout.commit("Add", {"a.yaml": "a: 1\n"})
    checkout.git("push", "-q", "origin", "main")
    repositories = [opened(server, cache=f"cache{i}", now=lambda i=i: float(i)) for i in range(3)]
    base = repositories[0].resolve("main")
    for repository in repositories:
        repository.fetch()
    made: list[Sha] = []
    ready = threading.Barrier(3)

    def write(repository: GitRepository) -> None:
        ready.wait()
        made.append(repository.write(change(base, {"a.yaml": b"a: 0\n"})))

    threads = [threading.Thread(target=write, args=(repository,)) for repository in repositories]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 3
    assert set(made) == {repositories[0].remote_head("rollbot/prod/a/x")}


def test_nothing_is_left_behind(repository: GitRepository, checkout, tmp_path: Path):
    repository.write(change(repository.resolve("main"), {"a.yaml": b"a: 1\n"}))

    for folder in (checkout.folder / ".git", *(tmp_path / "cache").glob("*.git")):
        assert "refs/rollbot/making" not in checkout.git(f"--git-dir={folder}", "for-each-ref")
    assert "GIT_CONFIG_COUNT" not in os.environ


@pytest.mark.parametrize("atomic", ["true", "false"])
def test_a_change_of_what_has_moved_on_is_not_written(checkout, server, tmp_path: Path, opened: Opens, atomic: str):
    base = Sha(checkout.commit("Add", {"a.yaml": "a: 1\n"}))
    checkout.git("push", "-q", "origin", "main")
    checkout.git(f"--git-dir={tmp_path / 'server.git'}", "config", "receive.advertiseAtomic", atomic)
    repository = opened(server)
    repository.fetch()
    theirs = checkout.commit("Stop", {".rollbot/stop": "wait"})
    checkout.git("push", "-q", "origin", "main")

    with pytest.raises(Stale, match="not at"):
        repository.write(change(base, {"a.yaml": b"a: 0\n"}))

    assert truth(checkout, tmp_path, "for-each-ref", "--format=%(objectname) %(refname)") == f"{theirs} refs/heads/main"


def test_a_server_that_cannot_push_all_or_none_is_pushed_to(checkout, server, tmp_path: Path, opened: Opens):
    base = Sha(checkout.commit("Add", {"a.yaml": "a: 1\n"}))
    checkout.git("push", "-q", "origin", "main")
    checkout.git(f"--git-dir={tmp_path / 'server.git'}", "config", "receive.advertiseAtomic", "false")
    repository = opened(server)
    repository.fetch()

    made = repository.write(change(base, {"a.yaml": b"a: 0\n"}))

    assert truth(checkout, tmp_path, "rev-parse", "rollbot/prod/a/x") == made


@pytest.mark.parametrize("format_", ["sha1", "sha256"])
def test_what_is_written_is_sound_and_as_git_would_write_it(tmp_path: Path, opened: Opens, checkout, format_: str):
    folder, dice = tmp_path / "plain.git", random.Random(11)
    checkout.git("init", "--quiet", "--bare", "--initial-branch=main", f"--object-format={format_}", str(folder))
    files = {f"{a}/{b}{c}": f"{a}{b}{c}" for a in ("a", "a-b", "a.b") for b in ("", "x/", "x/y/") for c in ("one", "two")}
    stream = "".join(f"M 100644 inline {path}\ndata {len(text)}\n{text}\n" for path, text in files.items())
    begin = f"commit refs/heads/main\ncommitter a <a@b> 1790000000 +0000\ndata 5\nBegin{stream}"
    checkout.git(f"--git-dir={folder}", "fast-import", "--quiet", feed=begin.replace("Begin", "Begin\n").encode())
    repository = opened(folder)
    base = repository.resolve("main")
    for number in range(12):
        gone = dice.sample(sorted(files), dice.randint(0, 4))
        new = {f"{dice.choice(['a', 'a0', 'a/x', 'a.b/z'])}/n{number}": b"new", "a-b/one": b"%d" % number}
        wanted: dict[str, bytes | None] = dict.fromkeys(gone) | new

        made = repository.write(change(base, wanted, branch=f"rollbot/{number}"))

        index = {"GIT_INDEX_FILE": str(tmp_path / f"index{number}"), "GIT_DIR": str(folder)}
        rows = [f"0 {'0' * len(base)}\t{path}" for path in gone if path not in new]
        rows += [f"100644 {repository.tree(made)[path]}\t{path}" for path in new]
        for words, feed in ((("read-tree", base), ""), (("update-index", "--index-info"), "\n".join(rows) + "\n")):
            subprocess.run(["git", *words], env=os.environ | index, input=feed.encode(), check=True)
        tree = subprocess.run(["git", "write-tree"], env=os.environ | index, capture_output=True, check=True, text=True).stdout.strip()
        assert checkout.git(f"--git-dir={folder}", "rev-parse", f"{made}^{{tree}}") == tree
    checkout.git(f"--git-dir={folder}", "fsck", "--strict", "--no-dangling")
