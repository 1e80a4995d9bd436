"""What `git push --porcelain` says of one ref, and of one that was to stay where it is → taken, moved, or refused."""

from __future__ import annotations

import re
from enum import Enum

from bot.adapters.git.run import Answer, failure
from bot.errors import Refused, Unavailable

_RACES = re.compile(
    r"stale info|fetch first|non-fast-forward|cannot lock ref|failed to update ref|failed to lock|reference already exists|but expected|"
    r"atomic transaction failed"
)
_ONE_OF_ALL = "(atomic push failed)"
"""Said of a ref that was well in itself: the reason is another's."""


class Pushed(Enum):
    TAKEN = "taken"
    MOVED = "moved"
    ELSEWHERE = "elsewhere"
    """The ref that was to stay where it is was not there."""


def pushed(answer: Answer, held: str | None = None) -> Pushed:
    """Read the answer. Raises Refused where the server's rules said no, Unavailable where it did not say."""
    for row in answer.out.decode(errors="replace").splitlines():
        flag, tab, rest = row.partition("\t")
        if not tab:
            continue
        if flag == "!" and _ONE_OF_ALL not in rest:
            if _RACES.search(rest):
                return Pushed.ELSEWHERE if held and rest.split("\t")[0].endswith(f":{held}") else Pushed.MOVED
            raise (Unavailable if "remote failure" in rest else Refused)(_why(rest, answer))
        if answer.status == 0:
            return Pushed.TAKEN
    raise failure("push", answer)


def _why(row: str, answer: Answer) -> str:
    said = " ".join(line.removeprefix("remote:").strip() for line in answer.err.splitlines() if line.startswith("remote:"))
    return f"git push: {row.rpartition(chr(9))[2].strip()} {said}".strip()[:600]
