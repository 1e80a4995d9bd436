"""What `git push --porcelain` says of one ref → taken, moved, or refused."""

from __future__ import annotations

import re
from enum import Enum

from bot.adapters.git.run import Answer, failure
from bot.errors import Refused, Unavailable

_RACES = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|failed to lock|reference already exists|but expected"
)


class Pushed(Enum):
    TAKEN = "taken"
    MOVED = "moved"


def pushed(answer: Answer) -> Pushed:
    """Read the answer. Raises Refused where the server's rules said no, Unavailable where it did not say."""
    for row in answer.out.decode(errors="replace").splitlines():
        flag, tab, rest = row.partition("\t")
        if not tab:
            continue
        if flag == "!":
            if _RACES.search(rest):
                return Pushed.MOVED
            raise (Unavailable if "remote failure" in rest else Refused)(_why(rest, answer))
        if answer.status == 0:
            return Pushed.TAKEN
    raise failure("push", answer)


def _why(row: str, answer: Answer) -> str:
    said = " ".join(line.removeprefix("remote:").strip() for line in answer.err.splitlines() if line.startswith("remote:"))
    return f"git push: {row.rpartition(chr(9))[2].strip()} {said}".strip()[:600]
