"""What `git log --raw -z` prints → commits of the first-parent line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bot.refs import Sha
from bot.releases.release import Commit, FileChange

# One record: \x01 sha, parents, time, author, email, message, each ended by NUL; then `:modes blobs status` NUL path NUL ….
# Every option that a user's configuration could turn on and that would change the text is turned off here.
COMMAND = (
    "log",
    "--raw",
    "-z",
    "-m",
    "--first-parent",
    "--root",
    "--no-renames",
    "--no-abbrev",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-notes",
    "--no-show-signature",
    "--ignore-submodules=none",
    "--encoding=UTF-8",
    "--format=%x01%H%x00%P%x00%ct%x00%an%x00%ae%x00%B%x00",
)


def records(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Split the stream into one list of NUL-ended tokens a commit."""
    rest = b""
    tokens: list[bytes] = []
    record: list[bytes] = []
    for chunk in chunks:
        tokens = (rest + chunk).split(b"\0")
        rest = tokens.pop()
        for token in tokens:
            # A token may start with \x01 by itself only where a message or a path is due.
            if token[:1] == b"\x01" and _whole(record):
                if record:
                    yield record
                record = [token]
            else:
                record.append(token)
    if record:
        yield record


def _whole(record: list[bytes]) -> bool:
    # Six fields and an empty token, then pairs of `:modes…` and path.
    size = len(record)
    return size == 0 or (size >= 7 and size % 2 == 1)


def commit(record: list[bytes]) -> Commit:
    """Read one record."""
    sha, parents, time, author, email, message = (token.decode(errors="replace") for token in record[:6])
    return Commit(
        Sha(sha[1:]),
        Sha(parents.split(" ", 1)[0]) if parents else None,
        float(time),
        author,
        email,
        message,
        tuple(_changes(record)),
    )


def _changes(record: list[bytes]) -> Iterator[FileChange]:
    for raw, name in zip(record[7::2], record[8::2], strict=True):
        old, new, before, after, _ = raw.decode().lstrip("\n:").split(" ")
        # Links and submodules are no files of ours; a file that became one went away, and the other way round.
        was = Sha(before) if old[:3] == "100" else None
        now = Sha(after) if new[:3] == "100" else None
        if was or now:
            yield FileChange(name.decode(errors="surrogateescape"), was, now)
