"""A change → one commit, without a work tree: its blobs, the folders that lead to them, and the commit itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.adapters.git.objects import Objects
from bot.adapters.git.trees import FOLDER, Entry, Trees, written
from bot.changes.change import Change
from bot.errors import Refused
from bot.refs import Sha

_MODES = ("100644", "100755")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str

    def line(self, time: float) -> str:
        name, email = (re.sub(r"[<>\n\0]", "", text).strip() for text in (self.name, self.email))
        return f"{name} <{email}> {int(time)} +0000"


def committer(commit: bytes) -> Person:
    """Read who committed a commit object."""
    row = next((row for row in commit.partition(b"\n\n")[0].split(b"\n") if row.startswith(b"committer ")), b"")
    match = re.match(r"committer (.*) <(.*)> \d+ [+-]\d+", row.decode(errors="replace"))
    return Person(match[1], match[2]) if match else Person("somebody", "")


def checked_branch(branch: str) -> str:
    """Return the branch's full ref. Raises Refused where git would take the name for something else."""
    parts = branch.split("/")
    bad = re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{", branch) or branch in ("", "@", "HEAD") or branch.startswith("-")
    if bad or any(not part or part.startswith(".") or part.endswith((".lock", ".")) for part in parts):
        raise Refused(f"{branch!r} is no branch name")
    return f"refs/heads/{branch}"


def commit(change: Change, trees: Trees, objects: Objects, person: Person, time: float) -> Sha:
    """Make the change's commit, on no branch yet: what was made a moment ago is taken by no cleaning.

    Raises Refused for paths that a repository cannot or should not hold, and where no file would differ.
    """
    for path in change.files:
        _check(path)
    root = trees.root(change.base)
    leaves = {path: _leaf(path, body, change.base, trees, objects) for path, body in change.files.items()}
    tree = _grafted(root, leaves, trees, objects) or objects.store("tree", b"", root)
    if tree == root:
        raise Refused("the change leaves every file as it is")
    who, message = person.line(time), change.message.replace("\0", "").encode(errors="surrogateescape")
    head = f"tree {tree}\nparent {change.base}\nauthor {who}\ncommitter {who}\n\n"
    return objects.store("commit", head.encode() + message, root)


def _leaf(path: str, body: bytes | None, base: Sha, trees: Trees, objects: Objects) -> Entry | None:
    mode = _mode(path, base, trees)
    return None if body is None else Entry(mode, objects.store("blob", body, base))


def _grafted(tree: Sha | None, leaves: Mapping[str, Entry | None], trees: Trees, objects: Objects) -> Sha | None:
    """Return the folder with these files in it, or without them; None where nothing is left in it."""
    entries = dict(trees.entries(tree)) if tree else {}
    below: dict[str, dict[str, Entry | None]] = {}
    for path, leaf in leaves.items():
        name, slash, rest = path.partition("/")
        if slash:
            below.setdefault(name, {})[rest] = leaf
        elif leaf is not None:
            entries[name] = leaf
        else:
            entries.pop(name, None)
    for name, inside in below.items():
        made = _grafted(entries[name].name if name in entries else None, inside, trees, objects)
        if made is not None:
            entries[name] = Entry(FOLDER, made)
        else:
            entries.pop(name, None)
    like = next(iter(entries.values()), None)
    return objects.store("tree", written(entries), like.name) if like else None


def _check(path: str) -> None:
    if "\0" in path or any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/")):
        raise Refused(f"{path!r} is no path inside a repository")


def _mode(path: str, base: Sha, trees: Trees) -> str:
    for parent in _parents(path):
        above = trees.at(base, parent)
        if above is not None and above.mode != FOLDER:
            raise Refused(f"{path}: {parent} is no folder but a link, file or submodule")
    found = trees.at(base, path)
    mode = found.mode if found else "100644"
    if mode not in _MODES:
        what = {"120000": "a symbolic link", "160000": "a submodule"}.get(mode, "a folder")
        raise Refused(f"{path} is {what}: only regular files are changed")
    return mode


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:size]) for size in range(1, len(parts))]
