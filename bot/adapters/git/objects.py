"""An object's bytes → its name in a repository's folder: written as git writes a loose one, without a process of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zlib
from pathlib import Path

from bot.errors import Unavailable
from bot.refs import Sha


class Objects:
    """`folder` is the repository's, of all its work trees."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "objects"

    def store(self, kind: str, body: bytes, like: Sha) -> Sha:
        """Keep an object under a name of the same make as `like`.

        One that is there already is written again: what a power cut left empty (git does not wait for the disk either) is mended.
        """
        text = f"{kind} {len(body)}\0".encode() + body
        name = (hashlib.sha1(text, usedforsecurity=False) if len(like) == 40 else hashlib.sha256(text)).hexdigest()
        file = self._folder / name[:2] / name[2:]
        try:
            self._write(file, zlib.compress(text, 1))
        except OSError as error:
            raise Unavailable(f"{self._folder} cannot be written: {error.strerror}") from error
        return Sha(name)

    def _write(self, file: Path, text: bytes) -> None:
        """Whole or not at all: it has its name when all of it is written."""
        if not file.parent.exists():
            file.parent.mkdir(exist_ok=True)
            shutil.copymode(self._folder, file.parent)  # a folder that several users share stays theirs
        handle, made = tempfile.mkstemp(prefix="tmp_obj_", dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(text)
                os.fchmod(out.fileno(), 0o444)
            os.replace(made, file)  # noqa: PTH105
        except BaseException:
            os.unlink(made)  # noqa: PTH108
            raise
