from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.adapters.forges.github.hub import Hub
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
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.NoEncryption()
    return made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, form).decode()
