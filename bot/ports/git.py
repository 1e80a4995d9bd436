"""The manifests repository, and what remembers readings of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from bot.changes.change import Change, MergeAnswer
from bot.manifests.pin import Reading
from bot.refs import Sha
from bot.releases.release import Commit


class Repository(Protocol):
    """A Git repository with the first-parent line of one branch. Reading never needs a work tree."""

    @property
    def name(self) -> str:
        """The repository's name in rows, trailers and keys: its URL without credentials, scheme or `.git`."""
        ...

    @property
    def branch(self) -> str: ...

    def fetch(self) -> None:
        """Bring the mirror up to date (a no-op for a plain local path)."""
        ...

    def resolve(self, revision: str) -> Sha:
        """Name a commit. Raises Refused where there is none (and says where the repository is empty)."""
        ...

    def tree(self, commit: Sha) -> Mapping[str, Sha]:
        """Every regular file of a commit: path → blob. Non-UTF-8 paths come surrogate-escaped."""
        ...

    def log(self, commit: Sha) -> Sequence[Commit]:
        """The first-parent line that ends in `commit`, newest first; each commit's files against its first parent, no renames."""
        ...

    def shallow(self) -> bool: ...

    def blobs(self) -> Mapping[Sha, bytes]:
        """A lazy mapping of blobs; one that is missing or larger than 8 MiB is absent."""
        ...

    def read(self, blobs: Iterable[Sha]) -> Iterable[tuple[Sha, bytes]]:
        """Stream many blobs in the order given; those that `blobs` would not have are left out."""
        ...

    def mode(self, commit: Sha, path: str) -> str | None:
        """`100644`, `100755`, `120000`; None where the path is not there."""
        ...

    def write(self, change: Change) -> Sha:
        """Make the change's branch hold exactly one commit on `change.base` with its bytes and message, and push it.

        Where the branch already holds such a commit (same parent, tree and message), answers it and writes nothing.
        Of a remote, raises Stale (and writes nothing) where `change.target` is not at `change.base` there any more.
        """
        ...

    def advance(self, branch: str, old: Sha, new: Sha) -> MergeAnswer:
        """Move a remote branch from `old` to `new` (a descendant) by compare and swap: Merged or Moved."""
        ...

    def contains(self, commit: Sha, ancestor: Sha) -> bool:
        """Whether `ancestor` is `commit` or in its past, on whatever parent. False where the mirror knows either not."""
        ...

    def remote_head(self, branch: str) -> Sha | None:
        """The branch's commit on the remote now, None where it does not exist."""
        ...

    def delete(self, branch: str, old: Sha) -> None: ...


class PinCache(Protocol):
    """What was read of manifests, by (path, blob), kept between runs; a miss is an answer."""

    def under(self, rules: str) -> PinCache:
        """The part of the cache that holds what was read under these rules (any text that names them)."""
        ...

    def get(self, keys: Iterable[tuple[str, Sha]]) -> Mapping[tuple[str, Sha], Reading]:
        """Those that were kept; each is put together as it is looked at."""
        ...

    def put(self, readings: Mapping[tuple[str, Sha], Reading]) -> None: ...

    def included(self, keys: Iterable[tuple[str, Sha]]) -> Mapping[tuple[str, Sha], tuple[str, ...]]:
        """What files include, where that was kept."""
        ...

    def put_included(self, inclusions: Mapping[tuple[str, Sha], tuple[str, ...]]) -> None: ...

    def indexed(self, line: str) -> Sha | None:
        """The commit up to which every manifest of a line (`repository branch`) has been read."""
        ...

    def put_indexed(self, line: str, commit: Sha) -> None: ...
