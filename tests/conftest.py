"""What every test shares: where the shared data lie, and a Git that reads nobody's configuration."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.github.watch import contract
from tests.postgres import Absent, Server, postgres

__all__ = ["contract"]

os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "NO_COLOR": "1"}


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of shared data (`ROLLBOT_SHARED`, default ../shared); tests that need it are skipped without it."""
    folder = Path(os.environ.get("ROLLBOT_SHARED", Path(__file__).parents[2] / "shared")).resolve()
    if not (folder / "replay" / "replay.py").is_file():
        pytest.skip(f"no shared data at {folder}; set ROLLBOT_SHARED")
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL of this run's own; tests that need it are skipped where there is none."""
    try:
        running = postgres(durable=False)
        server = running.__enter__()
    except Absent as why:
        pytest.skip(str(why))
    try:
        yield server
    finally:
        running.__exit__(None, None, None)


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """An empty database on PostgreSQL."""
    url = postgres_server.create()
    yield url
    postgres_server.drop(url.rsplit("/", 1)[1])


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/deep/rollbot.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


LONGEST = (
    "test_kills.py",
    "test_killed_in_sequence.py",
    "test_killed_draining.py",
    "test_killed_talking.py",
    "test_kills_on_postgresql.py",
    "test_month.py",
    "test_recovers.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no core waits for another's last test."""
    items.sort(key=lambda item: item.path.name not in LONGEST)
