"""A shop at the fake, where everybody has a role of his own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.github.caller import Caller
from tests.github.server import FakeGitHub

SHOP = "acme/shop"
PEOPLE = {"ada": "admin", "tom": "write", "sue": "write", "lin": "triage", "eve": "read", "bob": "read", "out": ""}


@pytest.fixture
def server() -> Iterator[FakeGitHub]:
    with FakeGitHub() as started:
        started.create(SHOP, files={"app.yaml": "tag: 2\n"})
        for login, role in PEOPLE.items():
            started.user(login)
            if role:
                started.grant(SHOP, login, role)
        yield started


@pytest.fixture
def who(server: FakeGitHub) -> Callable[[str], Caller]:
    return lambda login: Caller(server, SHOP, login)


@pytest.fixture
def pull(server: FakeGitHub) -> int:
    """An open pull request of tom's from `fix` to `main`."""
    head = server.push(SHOP, "fix", {"app.yaml": "tag: 1\n"}, "tom", since="main")
    return server.add(server.repos[SHOP], "Fix it", "", "tom", "fix", "main", head).number
