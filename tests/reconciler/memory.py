"""Git as values in one process, for worlds that live through months: commits, branches, merges; nothing but its speed differs.

`MemoryOrigin` is what people and bots of the world push to, `MemoryRepository` the same repository as Rollbot reaches it: the
Repository port of a remote. tests/reconciler/test_memory.py holds both to what real Git answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.adapters.git.writing import checked_branch
from bot.changes.change import Change, MergeAnswer, Merged, Moved
from bot.errors import BadConfig, Refused, Stale, Unavailable
from bot.ports import Clock
from bot.refs import Instant, Sha
from bot.releases.release import Commit, FileChange
from bot.world.origin import Origin
from bot.world.story import ToldCommit

BOT = ("rollbot", "rollbot@localhost")


@dataclass(frozen=True)
class Kept:
    """A commit with its whole tree."""

    parents: tuple[Sha, ...]
    time: Instant
    author: str
    email: str
    message: str
    tree: Mapping[str, Sha]


class MemoryOrigin(Origin):
    """The Git server of the world."""

    def __init__(self, folder: Path, branch: str) -> None:
        self.folder, self.branch = folder, branch
        self.objects: dict[Sha, bytes] = {}
        self.commits: dict[Sha, Kept] = {}
        self.refs: dict[str, Sha] = {}

    # What the world asks

    def tell(self, commits: Sequence[ToldCommit], branch: str | None = None) -> Sha:
        branch = branch or self.branch
        head = self.head(branch) or (self.head() if branch != self.branch else None)
        for told in commits:
            tree = dict(self.commits[head].tree) if head else {}
            texts: dict[str, str | None] = dict(told.files)
            for path, replacements in told.replace.items():
                text = texts[path] if path in texts else self.objects[tree[path]].decode()
                for old, new in replacements.items():
                    if text is None or text.count(old) != 1:
                        raise BadConfig(f"{told.message.splitlines()[0]!r}: {old!r} is not once in {path}")
                    text = text.replace(old, new)
                texts[path] = text
            for path, text in texts.items():
                self._put(tree, path, None if text is None else text.encode())
            name, _, mail = told.author.rstrip(">").partition(" <")
            head = self.keep(Kept((head,) if head else (), float(int(told.at)), name, mail, told.message, tree))
        assert head
        self.refs[branch] = head
        return head

    def head(self, branch: str | None = None) -> Sha | None:
        return self.refs.get(branch or self.branch)

    def merge(self, source: str, who: str, at: Instant) -> Sha:
        ours, theirs = self._known(self.branch), self._known(source)
        base = next(sha for sha in self.past(theirs) if sha in set(self.past(ours)))
        was, here, there = (self.commits[sha].tree for sha in (base, ours, theirs))
        tree = dict(here)
        for path in {*was, *there}:
            if there.get(path) == was.get(path):
                continue
            if here.get(path) not in (was.get(path), there.get(path)):
                raise Refused(f"{path} conflicts")
            self._put(tree, path, self.objects[there[path]] if path in there else None)
        name, _, mail = who.rstrip(">").partition(" <")
        self.refs[self.branch] = self.keep(Kept((ours, theirs), float(int(at)), name, mail, f"Merge branch '{source}'\n", tree))
        return self.refs[self.branch]

    def branches(self) -> tuple[str, ...]:
        return tuple(sorted(self.refs))

    def read(self, wanted: Sequence[tuple[Sha, str]]) -> list[bytes | None]:
        blobs = [self.commits[commit].tree.get(path) for commit, path in wanted]
        return [None if blob is None else self.objects[blob] for blob in blobs]

    def paths(self, commit: Sha, folder: str) -> tuple[str, ...]:
        return tuple(sorted(path for path in self.commits[commit].tree if not folder or path.startswith(f"{folder}/")))

    def log(self, branch: str | None = None) -> tuple[tuple[Sha, Instant, str], ...]:
        line = list(self.line(self._known(branch or self.branch)))
        return tuple((sha, self.commits[sha].time, self.commits[sha].message.splitlines()[0]) for sha in reversed(line))

    def every(self) -> tuple[Sha, ...]:
        """Parents before children, as `rev-list --reverse --topo-order` has them."""
        return tuple(reversed(list(self.past(self._known(self.branch)))))

    def touched(self, commit: Sha) -> tuple[str, ...]:
        return tuple(change.path for change in self.changes(commit))

    def delete(self, branch: str) -> None:
        del self.refs[branch]

    def message(self, commit: Sha) -> str:
        return self.commits[commit].message

    # What both need

    def keep(self, commit: Kept) -> Sha:
        words = (*commit.parents, commit.time, commit.author, commit.email, commit.message, *sorted(commit.tree.items()))
        sha = Sha(hashlib.sha1(repr(words).encode(), usedforsecurity=False).hexdigest())
        self.commits[sha] = commit
        return sha

    def put(self, tree: dict[str, Sha], path: str, body: bytes | None) -> None:
        self._put(tree, path, body)

    def changes(self, commit: Sha) -> tuple[FileChange, ...]:
        kept = self.commits[commit]
        before = self.commits[kept.parents[0]].tree if kept.parents else {}
        differ = sorted(path for path in {*before, *kept.tree} if before.get(path) != kept.tree.get(path))
        return tuple(FileChange(path, before.get(path), kept.tree.get(path)) for path in differ)

    def line(self, commit: Sha | None) -> Iterator[Sha]:
        """The first-parent line, newest first."""
        while commit is not None:
            yield commit
            parents = self.commits[commit].parents
            commit = parents[0] if parents else None

    def past(self, commit: Sha) -> Iterator[Sha]:
        """Every commit in the past, children before parents."""
        order: list[Sha] = []
        seen: set[Sha] = set()
        waiting: list[tuple[Sha, bool]] = [(commit, False)]
        while waiting:
            sha, left = waiting.pop()
            if left:
                order.append(sha)
            elif sha not in seen:
                seen.add(sha)
                waiting.append((sha, True))
                waiting.extend((parent, False) for parent in self.commits[sha].parents)
        return reversed(order)

    def _put(self, tree: dict[str, Sha], path: str, body: bytes | None) -> None:
        if body is None:
            tree.pop(path, None)
            return
        blob = Sha(hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest())
        self.objects[blob] = body
        tree[path] = blob


class MemoryRepository:
    """Port Repository over an origin. `down`: it does not answer."""

    def __init__(self, name: str, origin: MemoryOrigin, clock: Clock) -> None:
        self.name, self.branch = name, origin.branch
        self._origin, self._clock = origin, clock
        self._commits: dict[Sha, Commit] = {}
        self.down = False

    def fetch(self) -> None:
        self._up()

    def resolve(self, revision: str) -> Sha:
        found = self._origin.head(revision) or (Sha(revision) if revision in self._origin.commits else None)
        if found is None:
            raise Refused(f"{self.name} has no commit called {revision!r}")
        return found

    def tree(self, commit: Sha) -> Mapping[str, Sha]:
        return self._origin.commits[commit].tree

    def log(self, commit: Sha) -> Sequence[Commit]:
        return [self._commit(sha) for sha in self._origin.line(commit)]

    def shallow(self) -> bool:
        return False

    def blobs(self) -> Mapping[Sha, bytes]:
        return self._origin.objects

    def read(self, blobs: Iterable[Sha]) -> Iterable[tuple[Sha, bytes]]:
        return ((blob, self._origin.objects[blob]) for blob in blobs if blob in self._origin.objects)

    def mode(self, commit: Sha, path: str) -> str | None:
        return "100644" if path in self._origin.commits[commit].tree else None

    def write(self, change: Change) -> Sha:
        self._up()
        checked_branch(change.branch)
        tree = dict(self.tree(change.base))
        for path, body in change.files.items():
            self._origin.put(tree, path, body)
        if tree == self.tree(change.base):
            raise Refused("the change leaves every file as it is")
        was = self._origin.head(change.branch)
        if was is not None:
            held = self._origin.commits[was]
            if (held.parents, held.tree, held.message) == ((change.base,), tree, change.message):
                return was
            if held.author != BOT[0]:
                raise Refused(f"{held.author} has pushed to {change.branch}: it is left as it is; merge it, or close its pull request")
        if self._origin.head(change.target) != change.base:
            raise Stale(f"{change.target} is not at {change.base} any more")
        kept = Kept((change.base,), float(int(self._clock.now())), *BOT, change.message, tree)
        self._origin.refs[change.branch] = self._origin.keep(kept)
        return self._origin.refs[change.branch]

    def advance(self, branch: str, old: Sha, new: Sha) -> MergeAnswer:
        self._up()
        head = self._origin.head(branch)
        if not self.contains(new, old):
            raise Refused(f"{new} is no descendant of {old}: {branch} is not moved there")
        if head is None:
            raise Refused(f"{self.name} has no branch {branch}")
        if head == old:
            self._origin.refs[branch] = new
            return Merged(new)
        return Merged(new) if self.contains(head, new) else Moved(head)

    def contains(self, commit: Sha, ancestor: Sha) -> bool:
        known = self._origin.commits
        return commit in known and ancestor in known and ancestor in set(self._origin.past(commit))

    def remote_head(self, branch: str) -> Sha | None:
        self._up()
        return self._origin.head(branch)

    def delete(self, branch: str, old: Sha) -> None:
        self._up()
        if self._origin.head(branch) not in (None, old):
            raise Refused(f"{branch} has moved on from {old} and is kept")
        self._origin.refs.pop(branch, None)

    def close(self) -> None:
        """Nothing runs in the background."""

    def _commit(self, sha: Sha) -> Commit:
        if sha not in self._commits:
            kept = self._origin.commits[sha]
            parent = kept.parents[0] if kept.parents else None
            message = kept.message
            for theirs in kept.parents[1:]:
                if said := [line for line in self._origin.message(theirs).splitlines() if line.startswith("Rollback-")]:
                    message = "\n".join([message, *said, ""])
            self._commits[sha] = Commit(sha, parent, kept.time, kept.author, kept.email, message, self._origin.changes(sha))
        return self._commits[sha]

    def _up(self) -> None:
        if self.down:
            raise Unavailable("the Git server does not answer")
