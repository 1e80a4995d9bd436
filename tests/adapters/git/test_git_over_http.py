from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.adapters.git import GitRepository
from bot.changes.change import Change, Merged
from bot.errors import Refused, Unavailable
from bot.refs import Sha
from bot.world.http import serve_git

Opens = Callable[..., GitRepository]


@pytest.fixture
def url(checkout, server, tmp_path: Path) -> Iterator[str]:
    """A repository served with the password `s3cr3tword` of `ann`."""
    checkout.commit("Add", {"a.yaml": "a: 1\n"})
    checkout.git("push", "-q", "origin", "main")
    with serve_git(tmp_path, ("ann", "s3cr3tword")) as served:
        yield f"{served}/server.git"


def change(base: Sha, size: int = 1) -> Change:
    return Change("rollbot/a", "main", base, "Roll back", {"a.yaml": b"a: 0\n" * size}, "", "", "")


def test_a_commit_is_pushed_over_http(url: str, opened: Opens):
    repository = opened(url, credentials=lambda _: ("ann", "s3cr3tword"))
    repository.fetch()
    base = repository.resolve("main")

    made = repository.write(change(base, 400_000))

    assert repository.remote_head("rollbot/a") == made
    assert repository.advance("main", base, made) == Merged(made)
    assert repository.remote_head("main") == made


def test_a_password_in_the_address_is_used_and_shown_nowhere(url: str, opened: Opens, tmp_path: Path):
    repository = opened(url.replace("http://", "http://ann:s3cr3tword@"))

    assert repository.log(repository.resolve("main"))[0].subject == "Add"
    assert "s3cr3tword" not in repository.name
    assert all(b"s3cr3tword" not in file.read_bytes() for file in (tmp_path / "cache").rglob("*") if file.is_file())


@pytest.mark.parametrize("secret", [None, ("ann", "wrong-password")])
def test_wrong_credentials_are_refused_without_showing_them(url: str, opened: Opens, secret: tuple[str, str] | None):
    with pytest.raises(Refused) as error:
        opened(url, credentials=lambda _: secret).fetch()

    assert "wrong-password" not in str(error.value)


def test_a_repository_that_the_server_does_not_have_is_refused(url: str, opened: Opens):
    with pytest.raises(Refused, match="not found"):
        opened(url.replace("server.git", "other.git"), credentials=lambda _: ("ann", "s3cr3tword")).resolve("main")


def test_a_server_that_went_away_is_unavailable(checkout, server, tmp_path: Path, opened: Opens):
    checkout.commit("Add", {"a.yaml": "a: 1\n"})
    checkout.git("push", "-q", "origin", "main")
    with serve_git(tmp_path) as served:
        repository = opened(f"{served}/server.git")
        base = repository.resolve("main")

    for effect in (repository.fetch, lambda: repository.write(change(base)), lambda: repository.remote_head("main")):
        with pytest.raises(Unavailable):
            effect()
    assert repository.resolve("main") == base, "what was fetched can still be read"
