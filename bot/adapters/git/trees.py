"""A commit → its files; what an earlier answer had in common with it is not read again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from bot.adapters.git.blobs import Blobs
from bot.adapters.git.run import Git
from bot.errors import Refused
from bot.refs import Sha

FOLDER = "040000"


@dataclass(frozen=True, slots=True)
class Parts:
    """What makes two commits the same to us: not their time, author or signature."""

    tree: str
    parents: tuple[str, ...]
    message: bytes


def parts(commit: bytes) -> Parts:
    """Read a commit object."""
    head, _, message = commit.partition(b"\n\n")
    rows = [row.partition(" ") for row in head.decode(errors="replace").splitlines()]
    tree = next(value for key, _, value in rows if key == "tree")
    return Parts(tree, tuple(value for key, _, value in rows if key == "parent"), message.strip())


class Entry(NamedTuple):
    mode: str
    name: Sha


class Trees:
    """The first answer is one `ls-tree`; the next ones read only the folders that differ, from a process that runs anyway."""

    def __init__(self, git: Git, blobs: Blobs) -> None:
        self._git, self._blobs = git, blobs
        self.entries = lru_cache(maxsize=512)(self._read)
        """What stands directly in a folder, by its name."""
        self.root = lru_cache(maxsize=512)(self._root)
        """The name of a commit's tree. Raises Refused where there is no such commit."""
        self._last: tuple[Sha, Mapping[str, Sha]] | None = None

    def files(self, commit: Sha) -> Mapping[str, Sha]:
        """Return every regular file: path → blob."""
        root, last = self.root(commit), self._last
        if last is not None and last[0] == root:
            return last[1]
        files = self._listed(root) if last is None else self._changed(last[1], last[0], root)
        self._last = root, files
        return files

    def _root(self, commit: Sha) -> Sha:
        found = self._blobs.object(commit)
        if found is None or found[0] != "commit":
            raise Refused(f"there is no commit {commit}")
        return Sha(parts(found[1]).tree)

    def at(self, commit: Sha, path: str) -> Entry | None:
        """Return what stands at a path, None where nothing does."""
        entry = Entry(FOLDER, self.root(commit))
        for name in path.split("/"):
            below = self.entries(entry.name).get(name) if entry.mode == FOLDER else None
            if below is None:
                return None
            entry = below
        return entry

    def _changed(self, files: Mapping[str, Sha], old: Sha, new: Sha) -> Mapping[str, Sha]:
        """Return the new tree's files, given those of an old one."""
        found = dict(files)
        for path, now in self._differences(old, new, ""):
            if now is None:
                found.pop(path, None)
            else:
                found[path] = now
        if found.keys() - files.keys():  # in the order in which git lists them
            return dict(sorted(found.items(), key=lambda each: each[0].encode(errors="surrogateescape")))
        return found

    def _differences(self, old: Sha | None, new: Sha | None, under: str) -> Iterator[tuple[str, Sha | None]]:
        """Yield each path whose file is another or gone (None); a path that only changed its kind comes as gone first."""
        before, after = ({} if tree is None else self.entries(tree) for tree in (old, new))
        for name in {**before, **after}:
            was, now = before.get(name), after.get(name)
            if was == now:
                continue
            path = under + name
            if was is not None and was.mode != FOLDER and (now is None or now.mode[:3] != "100"):
                yield path, None
            if FOLDER in (was and was.mode, now and now.mode):
                yield from self._differences(_folder(was), _folder(now), f"{path}/")
            if now is not None and now.mode[:3] == "100":
                yield path, now.name

    def _listed(self, root: Sha) -> Mapping[str, Sha]:
        out = self._git.output("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", root)
        entries = (entry.partition(b"\t") for entry in out.split(b"\0") if entry.startswith(b"100"))
        return {name.decode(errors="surrogateescape"): Sha(entry.rpartition(b" ")[2].decode()) for entry, _, name in entries}

    def _read(self, tree: Sha) -> Mapping[str, Entry]:
        found = self._blobs.object(tree)
        if found is not None and found[0] == "tree":
            return dict(_parsed(found[1], len(tree) // 2))
        # Larger than what is read at once, or missing: git says which.
        out = self._git.output("ls-tree", "-z", "--full-tree", "--end-of-options", tree)
        lines = (line.partition(b"\t") for line in out.split(b"\0") if line)
        return {name.decode(errors="surrogateescape"): Entry(head[:6].decode(), Sha(head.split()[2].decode())) for head, _, name in lines}


def _folder(entry: Entry | None) -> Sha | None:
    return entry.name if entry is not None and entry.mode == FOLDER else None


def _parsed(tree: bytes, size: int) -> Iterator[tuple[str, Entry]]:
    """Read a tree object; `size`: how many bytes a name takes."""
    at = 0
    while at < len(tree):
        space, nul = tree.index(b" ", at), tree.index(b"\0", at)
        yield (
            tree[space + 1 : nul].decode(errors="surrogateescape"),
            Entry(tree[at:space].decode().zfill(6), Sha(tree[nul + 1 : nul + 1 + size].hex())),
        )
        at = nul + 1 + size


def written(entries: Mapping[str, Entry]) -> bytes:
    """Write a tree object: in git's order, which takes a folder's name as if it ended in a slash."""
    rows = ((name.encode(errors="surrogateescape"), entry) for name, entry in entries.items())
    ordered = sorted(rows, key=lambda row: row[0] + b"/" if row[1].mode == FOLDER else row[0])
    return b"".join(b"%s %s\0%s" % (entry.mode.lstrip("0").encode(), name, bytes.fromhex(entry.name)) for name, entry in ordered)
