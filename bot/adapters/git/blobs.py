"""Names of blobs → their bytes, over `git cat-file`.

Asked in batches: git answers what it was asked before a `flush` with few writes, and not three for each object. That is
`--batch-command`, which git has had since 2.36; an older one says that it does not know it, and is asked one by one.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from bot.adapters.git.run import Git, Stream
from bot.errors import RollbotError
from bot.refs import Sha

LIMIT = 8 << 20
"""Larger blobs are absent: no manifest is that large."""

_SKIP = 64 << 20
"""Up to here reading past a blob is cheaper than a new process."""

_AHEAD = 256
"""Names asked for before the first answer is read; their 10 to 17 KB fit a pipe, so that neither side waits for the other."""

_UNKNOWN = "unknown option"

_KEPT = 32 << 20
_IDLE = 2


@dataclass(slots=True)
class _Tongue:
    """Whether this git is asked in batches, as far as it has not said no."""

    batches: bool = True


class _Cat:
    """One `cat-file`; any name that git understands may be asked for."""

    def __init__(self, git: Git, tongue: _Tongue) -> None:
        self._git, self._tongue = git, tongue
        self._stream: Stream | None = None
        self._batches = True
        self._asked: list[str] | None = []
        """All of it, until the first answer shows that it was understood."""

    def ask(self, names: Iterable[str]) -> None:
        asked = list(names)
        if self._asked is not None:
            self._asked += asked
        self._write(asked)

    def _write(self, names: list[str]) -> None:
        if self._stream is None:
            self._batches = self._tongue.batches
            self._stream = self._git.stream("cat-file", *(("--batch-command", "--buffer") if self._batches else ("--batch",)))
        text = "".join(f"contents {name}\n" for name in names) + "flush\n" if self._batches else "".join(f"{name}\n" for name in names)
        try:
            self._stream.feed.write(text.encode(errors="surrogateescape"))
            self._stream.feed.flush()
        except BrokenPipeError as error:
            if self._asked is None:
                raise self._lost() from error  # else its answer says why

    def answer(self) -> tuple[str, str, bytes] | None:
        """Read the next answer: name, type and bytes; None where it is missing. One too large has the type `large`."""
        header = self._header()
        assert self._stream is not None
        out = self._stream.out
        words = header.split()
        if len(words) != 3 or words[-1] in (b"missing", b"ambiguous"):
            return None
        name, kind, size = words[0].decode(), words[1].decode(), int(words[2])
        if size > LIMIT:
            self._pass(size)
            return name, "large", b""
        body = out.read(size + 1)
        if len(body) != size + 1:
            raise self._lost()
        return name, kind, body[:-1]

    def _header(self) -> bytes:
        assert self._stream is not None
        header = self._stream.out.readline()
        if not header:
            error = self._lost()
            if self._asked is None or not self._batches or _UNKNOWN not in str(error):
                raise error
            self._tongue.batches = False
            self._write(self._asked)
            return self._header()
        self._asked = None
        return header

    def _pass(self, size: int) -> None:
        assert self._stream is not None
        if size > _SKIP:
            self.close()
            return
        left = size + 1
        while left and (chunk := self._stream.out.read(min(left, 1 << 20))):
            left -= len(chunk)

    @property
    def running(self) -> bool:
        return self._stream is not None

    def _lost(self) -> RollbotError:
        assert self._stream is not None
        error = self._stream.lost()
        self._stream = None
        return error

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class Blobs(Mapping[Sha, bytes]):
    """All blobs of a repository, read when asked for; the last 32 MiB of them are kept. Iterating shows only those kept."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._tongue = _Tongue()
        self._idle: list[_Cat] = []
        self._kept: OrderedDict[Sha, bytes] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def __getitem__(self, blob: Sha) -> bytes:
        with self._lock:
            if blob in self._kept:
                self._kept.move_to_end(blob)
                return self._kept[blob]
        found = self.object(blob)
        if found is None or found[0] != "blob":
            raise KeyError(blob)
        self._keep(blob, found[1])
        return found[1]

    def __iter__(self) -> Iterator[Sha]:
        return iter(tuple(self._kept))

    def __len__(self) -> int:
        return len(self._kept)

    def object(self, name: Sha) -> tuple[str, bytes] | None:
        """Return an object's type and bytes, whatever its type."""
        found = self._one(name) if _is_name(name) else None
        return found and found[1:]

    def commit(self, revision: str) -> Sha | None:
        """Name the commit that a revision stands for, None where that is not plain."""
        found = None if "\n" in revision or "\0" in revision else self._one(f"{revision}^{{commit}}")
        return Sha(found[0]) if found and found[1] == "commit" else None

    def _one(self, name: str) -> tuple[str, str, bytes] | None:
        with self._process() as cat:
            cat.ask([name])
            return cat.answer()

    @contextlib.contextmanager
    def _process(self) -> Iterator[_Cat]:
        """Lend a process, used by one at a time; one that has answered all it was asked goes on for the next."""
        with self._lock:
            cat = self._idle.pop() if self._idle else _Cat(self._git, self._tongue)
        try:
            yield cat
        except BaseException:
            cat.close()
            raise
        with self._lock:
            if cat.running and len(self._idle) < _IDLE:
                self._idle.append(cat)
                return
        cat.close()

    def load(self, blobs: Iterable[Sha]) -> None:
        """Have these blobs at hand (as far as they fit): one exchange with git instead of one each."""
        for blob, body in self.read(blob for blob in dict.fromkeys(blobs) if blob not in self._kept):
            self._keep(blob, body)

    def read(self, blobs: Iterable[Sha]) -> Iterator[tuple[Sha, bytes]]:
        """Yield the blobs in the order given, without keeping them; missing and too large ones are left out."""
        asked = (blob for blob in blobs if _is_name(blob))
        waiting: list[Sha] = []
        with self._process() as cat:
            while waiting := waiting + list(islice(asked, _AHEAD)):
                cat.ask(waiting)
                ahead = waiting
                waiting = []
                while ahead:
                    more = list(islice(asked, _AHEAD))
                    if more:
                        cat.ask(more)
                    for at, blob in enumerate(ahead):
                        found = cat.answer()
                        if found and found[1] == "blob":
                            yield blob, found[2]
                        if not cat.running:  # it was ended in the midst of a huge blob: ask again for the rest
                            waiting = ahead[at + 1 :] + more
                            more = []
                            break
                    ahead = more

    def _keep(self, blob: Sha, body: bytes) -> None:
        with self._lock:
            if blob in self._kept:
                return
            self._kept[blob] = body
            self._size += len(body)
            while self._size > _KEPT:
                _, oldest = self._kept.popitem(last=False)
                self._size -= len(oldest)

    def close(self) -> None:
        with self._lock:
            while self._idle:
                self._idle.pop().close()


def _is_name(name: str) -> bool:
    return len(name) in (40, 64) and name.isalnum() and name.strip("0") != ""
