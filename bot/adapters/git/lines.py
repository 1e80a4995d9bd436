"""First-parent lines of a repository, kept in files as git printed them, so that only new commits are asked for."""

from __future__ import annotations

import contextlib
import os
import threading
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.errors import Unavailable
from bot.refs import Sha

SMALL = 1 << 15
"""A piece that takes fewer bytes is written again together with what comes on top of it: a line stays a few dozen pieces."""

_HEAD = 128
_NONE = b"-"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the line, newest commit first, with the parent of its oldest commit (None: the line ends there)."""

    top: Sha
    parent: Sha | None
    text: bytes


@dataclass(frozen=True, slots=True)
class _Head:
    """A piece's first line: its parent and how many bytes follow."""

    parent: Sha | None
    size: int

    @classmethod
    def of(cls, line: bytes) -> _Head | None:
        words = line.split()
        if not line.endswith(b"\n") or len(words) != 2 or not words[1].isdigit():
            return None
        return cls(None if words[0] == _NONE else Sha(words[0].decode(errors="replace")), int(words[1]))


class Lines:
    """`scope` names what else the text depends on: what a shallow clone shows changes when it is deepened.

    Nothing here waits for the disk: a piece that a power cut left short or broken is told by its size or its checksum, counts as
    absent, and is asked of git again. A file has its name when all of it is written; where there is no folder, memory does.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._held: dict[str, bytes] = {}
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(error) from error

    def get(self, scope: str, top: Sha) -> Piece | None:
        """Return the piece that begins with exactly this commit."""
        name = f"{scope}-{top}"
        line, _, body = self._read(name).partition(b"\n")
        head = _Head.of(line + b"\n")
        if head is None or head.size != len(body):
            return None
        try:
            return Piece(top, head.parent, zlib.decompress(body))
        except zlib.error:
            self._drop(name)  # else it would be found again and again
            return None

    def small(self, scope: str, top: Sha) -> bool:
        head = self._head(scope, top)
        return head is not None and head.size < SMALL

    def whole(self, scope: str, top: Sha) -> bool:
        """Say whether the pieces lead from this commit to the line's end without a gap."""
        below: Sha | None = top
        while below is not None:
            head = self._head(scope, below)
            if head is None:
                return False
            below = head.parent
        return True

    def tip(self, scope: str) -> Sha | None:
        """Return where the line ended that was kept last."""
        return Sha(self._read(f"{scope}.tip").decode(errors="replace")) or None

    def put(self, scope: str, pieces: Iterable[Piece], tip: Sha, instead_of: Sha | None = None) -> None:
        """Keep these pieces; `instead_of` is a piece whose text is in one of them. Cut short, it leaves a gap that `whole` sees."""
        for piece in pieces:
            body = zlib.compress(piece.text, 1)
            head = b"%s %d\n" % (_NONE if piece.parent is None else piece.parent.encode(), len(body))
            self._write(f"{scope}-{piece.top}", head + body)
        self._write(f"{scope}.tip", tip.encode())
        if instead_of is not None and instead_of != tip:
            self._drop(f"{scope}-{instead_of}")

    def _head(self, scope: str, top: Sha) -> _Head | None:
        """Read a piece's head, None where the piece is not there or not as long as it says."""
        name = f"{scope}-{top}"
        if self._folder is None:
            text = self._held.get(name, b"")
            return _Head.of(text[: text.find(b"\n") + 1])
        try:
            with (self._folder / name).open("rb", buffering=0) as file:
                line = file.read(_HEAD).partition(b"\n")[0] + b"\n"
                head, size = _Head.of(line), os.fstat(file.fileno()).st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(error) from error
        return head if head and len(line) + head.size == size else None

    def _read(self, name: str) -> bytes:
        if self._folder is None:
            return self._held.get(name, b"")
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise _unusable(error) from error

    def _write(self, name: str, text: bytes) -> None:
        if self._folder is None:
            self._held[name] = text
            return
        made = self._folder / f"{name}.{os.getpid()}.{threading.get_ident()}"
        try:
            made.write_bytes(text)
            made.replace(self._folder / name)
        except OSError as error:
            with contextlib.suppress(OSError):  # of a full disk, say: the first failure is the one to tell
                made.unlink(missing_ok=True)
            raise _unusable(error) from error

    def _drop(self, name: str) -> None:
        if self._folder is None:
            self._held.pop(name, None)
            return
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise _unusable(error) from error


def _unusable(error: OSError) -> Unavailable:
    return Unavailable(f"the cache of commits cannot be used: {error.strerror or error}")
