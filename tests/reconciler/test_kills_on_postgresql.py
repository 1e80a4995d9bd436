"""The same deaths on PostgreSQL: the same end as on SQLite, undisturbed."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree

import pytest

from tests.postgres import Server
from tests.reconciler.test_kills import WAYS, Death, kill_points, live


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["push"])
def test_on_postgresql_too(name: str, tmp_path: Path, postgres_server: Server) -> None:
    """A short way; `make bench-chaos` dies at every point of every way there."""
    assert matrix(name, tmp_path, postgres_server, every=7) > 1


def matrix(name: str, folder: Path, server: Server, every: int = 1) -> int:
    """Die at every point of a way on PostgreSQL, or at each so-manyth, and answer at how many; the end is that of SQLite, undisturbed."""
    way, whole = WAYS[name], Death()
    rmtree(folder / "world", ignore_errors=True)
    expected = live(way, folder / "world", whole)
    points = kill_points(name, whole.seen)[::every]
    for point in points:
        rmtree(folder / "world")
        url = server.create()
        found = live(way, folder / "world", Death(point), url)
        server.drop(url.rsplit("/", 1)[1])
        assert found == expected, f"killed after {whole.seen[point]}"
    return len(points)
