"""A cut of the crash matrix, two workers on one store; `make bench-chaos` lives through all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres import Server
from tests.reconciler.matrix import Cell, cells
from tests.reconciler.ways import ALL_WAYS

CUT = ("merge", "told-to-others", "brought-back", "allowed", "approved-proposal")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", CUT)
def test_whoever_dies_or_sleeps_the_other_ends_it_the_same(name: str, tmp_path: Path) -> None:
    found = list(cells(name, ALL_WAYS[name], tmp_path / "world", every=19, first=7))

    assert len(found) > 1
    assert different(found) == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["push", "countdown"])
def test_on_postgresql_too(name: str, tmp_path: Path, postgres_server: Server) -> None:
    found = list(cells(name, ALL_WAYS[name], tmp_path / "world", postgres_server, every=23, first=11))

    assert len(found) > 1
    assert different(found) == []


def different(found: list[Cell]) -> list[str]:
    return [str(cell) for cell in found if cell.differs or cell.doubled]
