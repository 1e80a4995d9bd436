"""A change → one commit made by `git fast-import`, without a work tree."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.changes.change import Change
from bot.errors import Refused

_MODES = ("100644", "100755")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str

    def line(self, time: float) -> str:
        name, email = (re.sub(r"[<>\n\0]", "", text).strip() for text in (self.name, self.email))
        return f"{name} <{email}> {int(time)} +0000"


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


def script(change: Change, ref: str, mode_at: Callable[[str], str | None], person: Person, time: float) -> bytes:
    """Say the commit in fast-import's language. `mode_at`: what the base has at a path.

    Raises Refused for paths that a repository cannot or should not hold.
    """
    for path in change.files:
        _check(path)
    message = change.message.replace("\0", "").encode(errors="surrogateescape")
    out = [
        f"commit {ref}\nmark :1\nauthor {person.line(time)}\ncommitter {person.line(time)}\ndata {len(message)}\n".encode(),
        message,
        f"\nfrom {change.base}\n".encode(),
    ]
    for path, body in sorted(change.files.items()):
        mode = _mode(path, mode_at)
        if body is None:
            out.append(b"D %s\n" % _quoted(path))
        else:
            out.append(b"M %s inline %s\ndata %d\n%s\n" % (mode.encode(), _quoted(path), len(body), body))
    # No ref stays: what was made a moment ago is taken by no cleaning, and its branch is moved by compare and swap only.
    out.append(b"\nget-mark :1\nreset %s\nfrom %s\n\ndone\n" % (ref.encode(), b"0" * len(change.base)))
    return b"".join(out)


def _check(path: str) -> None:
    if "\0" in path or any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/")):
        raise Refused(f"{path!r} is no path inside a repository")


def _mode(path: str, mode_at: Callable[[str], str | None]) -> str:
    for parent in _parents(path):
        if mode_at(parent) not in (None, "040000"):
            raise Refused(f"{path}: {parent} is no folder but a link, file or submodule")
    mode = mode_at(path) or "100644"
    if mode not in _MODES:
        what = {"120000": "a symbolic link", "160000": "a submodule"}.get(mode, "a folder")
        raise Refused(f"{path} is {what}: only regular files are changed")
    return mode


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:size]) for size in range(1, len(parts))]


def _quoted(path: str) -> bytes:
    return b'"%s"' % b"".join(
        b"\\%03o" % byte if byte < 0x20 or byte in b'"\\' or byte >= 0x7F else bytes([byte])
        for byte in path.encode(errors="surrogateescape")
    )
