from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.forges.github.hub import Hub
from tests.github.keys import private_key
from tests.github.server import FakeGitHub


@pytest.fixture
def server() -> Iterator[FakeGitHub]:
    with FakeGitHub() as started:
        yield started


@pytest.fixture
def hub(server: FakeGitHub, tmp_path: Path) -> Iterator[Hub]:
    with Hub(server, tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def key() -> str:
    """An App's private key."""
    return private_key()
