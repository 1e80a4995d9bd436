"""Lines are kept as files that nobody waits for: whatever a crash leaves of them, the line read is git's."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapters.git import GitRepository
from bot.adapters.git.lines import Lines, Piece
from bot.errors import Unavailable
from bot.refs import Sha
from tests.adapters.git.conftest import Checkout

A, B, C = (Sha(letter * 40) for letter in "abc")


@pytest.fixture(params=[True, False], ids=["in files", "in memory"])
def lines(request: pytest.FixtureRequest, tmp_path: Path) -> Lines:
    return Lines(tmp_path / "deep" / "kept" if request.param else None)


def test_what_is_put_is_there(lines: Lines) -> None:
    lines.put("whole", [Piece(A, B, b"new\n\0"), Piece(B, None, b"old")], A)

    assert (lines.get("whole", A), lines.get("whole", B)) == (Piece(A, B, b"new\n\0"), Piece(B, None, b"old"))
    assert (lines.tip("whole"), lines.whole("whole", A), lines.small("whole", B)) == (A, True, True)
    assert (lines.tip("other"), lines.get("other", A), lines.whole("other", A), lines.small("whole", C)) == (None, None, False, False)


def test_a_piece_takes_anothers_place(lines: Lines) -> None:
    lines.put("whole", [Piece(B, None, b"old")], B)

    lines.put("whole", [Piece(A, None, b"new old")], A, instead_of=B)

    assert (lines.get("whole", A), lines.get("whole", B)) == (Piece(A, None, b"new old"), None)


@pytest.mark.parametrize(
    "left",
    [
        pytest.param(lambda text: b"", id="nothing"),
        pytest.param(lambda text: text[:20], id="its beginning"),
        pytest.param(lambda text: text[:-3], id="all but its end"),
        pytest.param(lambda text: bytes(len(text)), id="zeros"),
        pytest.param(lambda text: text[:-8] + bytes(8), id="zeros at its end"),
    ],
)
@pytest.mark.parametrize("oldest", [False, True])
def test_what_a_power_cut_left_is_asked_of_git_again(checkout: Checkout, tmp_path: Path, left, oldest: bool) -> None:
    commits = [checkout.commit(f"{number}", {"a": f"{number}"}) for number in range(3)]
    with GitRepository(str(checkout.folder), "main", tmp_path / "cache") as repository:
        whole = list(repository.log(commits[-1]))
    (piece,) = (tmp_path / "cache").glob("*.commits/whole-*")
    piece.write_bytes(left(piece.read_bytes()))
    wanted = commits[-1]
    if not oldest:
        wanted = checkout.commit("new", {"a": "new"})

    with GitRepository(str(checkout.folder), "main", tmp_path / "cache") as repository:
        found = _twice(repository, wanted)

    assert found[-3:] == whole
    assert found[0].sha == wanted


def _twice(repository: GitRepository, wanted: Sha) -> list[object]:
    """Read a line; a piece that only its checksum tells to be broken is found so once, and the second look asks git."""
    try:
        return list(repository.log(wanted))
    except Unavailable:
        return list(repository.log(wanted))
