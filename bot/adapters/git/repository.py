"""A Git repository, local or remote, behind the Repository port."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from bot.adapters.git.address import Address, local, remote
from bot.adapters.git.blobs import Blobs
from bot.adapters.git.branches import Branches
from bot.adapters.git.line import WHOLE, line
from bot.adapters.git.lines import Lines
from bot.adapters.git.objects import Objects
from bot.adapters.git.run import NETWORK, Credentials, Git, failure
from bot.adapters.git.trees import FOLDER, Parts, Trees, parts
from bot.adapters.git.writing import Person, checked_branch, commit, committer
from bot.changes.change import Change, MergeAnswer, Merged, Moved
from bot.errors import Refused, Unavailable
from bot.refs import Sha
from bot.releases.release import Commit

_TIDIED = 32
"""Every so many fetches git may tidy the mirror: it does so at some thousand loose objects, and a fetch brings a dozen."""

_EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")


class GitRepository:
    """A URL is mirrored into a folder of `cache` and written by pushing. A local path is read where it is; what is written goes
    to its `origin` where it has one, else into the repository itself by compare and swap.

    Safe to use from several threads; several processes may share a cache.
    """

    def __init__(
        self,
        address: str,
        branch: str | None = None,
        cache: Path | None = None,
        *,
        author: Person | None = None,
        credentials: Credentials | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`branch` None: the one that the repository itself has as its HEAD. Raises Refused where there is no repository."""
        self._author, self._now = author or Person("rollbot", "rollbot@localhost"), now
        self._mirrored = remote(address)
        self._lock = threading.RLock()
        self._work_tree: Path | None = None
        self._fetches = 0
        origin = self._mirrored
        if origin is not None:
            if cache is None:
                raise Refused("a remote repository needs a cache folder")
            folder = cache / f"{origin.folder}.git"
        else:
            folder, self._work_tree = local(address)
            origin = self._origin(folder)
        secret = origin.secret if origin else None
        url = origin.url if origin else None
        self._git = Git(folder, url, (credentials or (lambda _: secret)) if origin else None)
        self._blobs = Blobs(self._git)
        self._trees = Trees(self._git, self._blobs)
        self._branches = Branches(self._git, self._blobs, url, self._mirrored is not None, self._work_tree)
        self._folder = folder
        self._objects = Objects(_common(folder))
        self.name = origin.name if origin else str(self._work_tree or folder.with_suffix("" if folder.suffix == ".git" else folder.suffix))
        self._prepare(branch)
        self.branch = branch or self._head_branch()
        self._lines = Lines(cache / f"{Address(str(folder), folder.name).folder}.commits" if cache else None)

    def _origin(self, folder: Path) -> Address | None:
        if not re.search(r"^\s*\[(?:remote|include)", _file(folder, "config").decode(errors="replace"), re.MULTILINE | re.IGNORECASE):
            return None
        url = Git(folder).answer("config", "--get", "remote.origin.url").out.decode().strip()
        return None if not url else remote(url) or Address(str(Path(url).expanduser()), url.rstrip("/").removesuffix(".git"))

    def _prepare(self, branch: str | None) -> None:
        """Have the mirror's folder; what is in it comes with `fetch`."""
        if self._mirrored is None or (self._folder / "HEAD").exists():
            return
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        with self._alone():
            if not (self._folder / "HEAD").exists():
                head = checked_branch(branch or self._remote_default(self._mirrored)).removeprefix("refs/heads/")
                self._git.output("init", "--quiet", "--bare", f"--initial-branch={head}", str(self._folder))

    def _remote_default(self, origin: Address) -> str:
        out = self._git.output("ls-remote", "--symref", "--end-of-options", origin.url, "HEAD", timeout=NETWORK, network=True).decode()
        ref = next((row.split()[1] for row in out.splitlines() if row.startswith("ref: ")), None)
        if ref is None:
            raise Refused(f"{self.name} is empty: it has no branch yet")
        return ref.removeprefix("refs/heads/")

    def _head_branch(self) -> str:
        answer = self._git.answer("symbolic-ref", "--quiet", "HEAD")
        return answer.out.decode().strip().removeprefix("refs/heads/") if answer.status == 0 else "HEAD"

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads and processes from fetching into or writing to the same folder at the same time."""
        with self._lock:
            if self._mirrored is None:
                yield
                return
            with self._folder.with_suffix(".lock").open("w") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield

    @property
    def origin(self) -> str | None:
        """The address of a clone's `origin` as Git has it, None where there is none: what others pushed is there, not here."""
        if self._mirrored is not None:
            return None
        url = self._git.answer("config", "--get", "remote.origin.url").out.decode().strip()
        if not url or remote(url) is not None:
            return url or None
        return str((self._work_tree or self._folder) / Path(url).expanduser())

    # Reading

    def fetch(self) -> None:
        if self._mirrored is None:
            return
        with self._alone():
            words = ["fetch", "--quiet", "--prune", "--no-tags", "--update-shallow", "--no-write-fetch-head"]
            if self._fetches % _TIDIED:  # looking whether there is anything to tidy takes git a process of its own
                words.append("--no-auto-maintenance")
            self._fetches += 1
            self._git.output(*words, "--end-of-options", self._mirrored.url, *_EVERYTHING, timeout=NETWORK, network=True)

    def resolve(self, revision: str) -> Sha:
        plain = self._blobs.commit(revision)
        if plain is not None:
            return plain
        words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        answer = self._git.answer(*words)
        if answer.status and self._mirrored is not None and not self._has_refs():
            self.fetch()  # a mirror that was never filled is not an empty repository
            answer = self._git.answer(*words)
        if answer.status == 0:
            return Sha(answer.out.decode().strip())
        if answer.err and "ambiguous" not in answer.err:
            raise failure("rev-parse", answer)
        if not self._has_refs() and self._branches.here("HEAD") is None:
            raise Refused(f"{self.name} is empty: it has no commit yet")
        raise Refused(f"{self.name} has no commit called {revision!r}{' alone' if answer.err else ''}")

    def _has_refs(self) -> bool:
        return bool(self._git.output("for-each-ref", "--count=1", "--format=%(refname)").strip())

    def tree(self, commit: Sha) -> Mapping[str, Sha]:
        return self._trees.files(commit)

    def log(self, commit: Sha) -> Sequence[Commit]:
        return line(self._git, self._blobs, self._trees, self._lines, self._scope(), commit)

    def _scope(self) -> str:
        """What the text of a line depends on besides its commits: where a shallow clone was cut, or grafted."""
        cut = _file(self._folder, "shallow") + _file(self._folder, "info/grafts")
        return hashlib.sha256(cut).hexdigest()[:16] if cut else WHOLE

    def shallow(self) -> bool:
        return bool(_file(self._folder, "shallow"))

    def blobs(self) -> Blobs:
        return self._blobs

    def read(self, blobs: Iterable[Sha]) -> Iterator[tuple[Sha, bytes]]:
        return self._blobs.read(blobs)

    def mode(self, commit: Sha, path: str) -> str | None:
        found = self._trees.at(commit, path)
        return None if found is None or found.mode == FOLDER else found.mode

    # Writing

    def write(self, change: Change) -> Sha:
        ref = checked_branch(change.branch)
        # What is read where it is may be behind its origin; what is mirrored was planned on what the remote had.
        held = (checked_branch(change.target), change.base) if self._mirrored else None
        with self._alone():
            made = commit(change, self._trees, self._objects, self._author, self._now())
            for look in (self._branches.known, *[self._branches.brought] * 4):
                was = look(ref)
                if was is not None and self._parts(was) == self._parts(made):
                    return was
                if was is not None:
                    self._ours(was, change)
                if self._branches.move(ref, was, made, held):
                    return made
            raise Unavailable(f"{change.branch} is being written by somebody else")

    def _ours(self, head: Sha, change: Change) -> None:
        """See that making the branch anew loses no commit of a person. Raises Refused where it would."""
        found = self._blobs.object(head)
        if found is None or self.contains(change.base, head):
            return  # not here: the compare and swap fails and it is looked at again
        who = committer(found[1])
        kept = who.name in (self._author.name, "rollbot", "GitHub") and b"\nRollback-" in found[1]
        if not kept and who != self._author:
            raise Refused(f"{who.name} has pushed to {change.branch}: it is left as it is; merge it, or close its pull request")

    def _parts(self, commit: Sha) -> Parts:
        found = self._blobs.object(commit)
        if found is None or found[0] != "commit":
            raise Refused(f"{self.name} has no commit {commit}")
        return parts(found[1])

    def advance(self, branch: str, old: Sha, new: Sha) -> MergeAnswer:
        ref = checked_branch(branch)
        if not self._descends(new, old):
            raise Refused(f"{new} is no descendant of {old}: {branch} is not moved there")
        with self._alone():
            if self._branches.move(ref, old, new):
                return Merged(new)
            head = self._branches.brought(ref)
        if head is None:
            raise Refused(f"{self.name} has no branch {branch}")
        # What an earlier run of ours pushed may have been built upon since.
        return Merged(new) if self._descends(head, new) else Moved(head)

    def contains(self, commit: Sha, ancestor: Sha) -> bool:
        return self._descends(commit, ancestor)

    def _descends(self, commit: Sha, ancestor: Sha) -> bool:
        found = self._blobs.object(commit)
        if found is not None and found[0] == "commit" and ancestor in parts(found[1]).parents:
            return True
        return self._git.answer("merge-base", "--is-ancestor", ancestor, commit).status == 0

    def common(self, one: Sha, other: Sha) -> Sha | None:
        """The newest commit that both have in their past, None where they share none."""
        found = self._git.answer("merge-base", "--end-of-options", one, other)
        return Sha(found.out.decode().split()[0]) if found.status == 0 else None

    def messages(self, start: Sha, tip: Sha) -> tuple[str, ...]:
        """The messages of all commits that are in the past of `tip` and not in that of `start`, on whatever parent."""
        out = self._git.output("log", "-z", "--format=%B", "--end-of-options", f"{start}..{tip}")
        return tuple(message.decode(errors="surrogateescape") for message in out.split(b"\0") if message)

    def remote_head(self, branch: str) -> Sha | None:
        return self._branches.now(checked_branch(branch))

    def delete(self, branch: str, old: Sha) -> None:
        ref = checked_branch(branch)
        with self._alone():
            if self._branches.now(ref) is None or self._branches.move(ref, old, None):
                return
            if self._branches.now(ref) is not None:
                raise Refused(f"{branch} has moved on from {old} and is kept")

    def rehearse(self) -> None:
        """See whether a branch of ours could be written, without writing it. Raises Refused or Unavailable where not."""
        self._branches.rehearse(checked_branch("rollbot/doctor"), self.resolve(self.branch))

    def close(self) -> None:
        """End what runs in the background."""
        self._blobs.close()

    def __enter__(self) -> GitRepository:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _file(folder: Path, name: str) -> bytes:
    """Return a file of a repository that all its work trees share, empty where there is none."""
    file = _common(folder) / name
    return file.read_bytes() if file.is_file() else b""


def _common(folder: Path) -> Path:
    """Return the folder of a repository that all its work trees share."""
    common = folder / "commondir"
    return folder / common.read_text().strip() if common.is_file() else folder
