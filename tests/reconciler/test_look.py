from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.adapters.git import GitRepository
from bot.adapters.pins import SqlitePinCache
from bot.errors import Refused
from bot.manifests.read import read
from bot.manifests.rules import ManifestRules, PinRule
from bot.reconciler.look import Indexed, index, look
from bot.refs import Sha
from bot.releases.release import Ahead

RULES = ManifestRules()
APP = "apps/checkout/overlays/prod/kustomization.yaml"


def kustomization(tag: str, more: str = "") -> str:
    return f"resources: [../../base]\nimages:\n  - name: ghcr.io/shop/checkout\n    newTag: {tag}\n{more}"


class Checkout:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "--initial-branch=main")

    def git(self, *words: str) -> str:
        who = {f"GIT_{role}_{part}": "ann@example.org" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        done = subprocess.run(["git", *words], cwd=self.folder, env=os.environ | who, capture_output=True, check=True, text=True)
        return done.stdout.strip()

    def commit(self, message: str, files: Mapping[str, str | bytes | None]) -> str:
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if text is None:
                file.unlink()
            else:
                file.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


@pytest.fixture
def repository(checkout: Checkout, tmp_path: Path) -> Iterator[GitRepository]:
    with GitRepository(str(checkout.folder), "main", tmp_path / "cache") as opened:
        yield opened


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[SqlitePinCache]:
    made = SqlitePinCache(tmp_path / "cache" / "pins.sqlite")
    yield made
    made.close()


def test_a_repository_is_seen_at_its_head(checkout: Checkout, repository: GitRepository, cache: SqlitePinCache):
    checkout.commit("Add", {APP: kustomization("1.0"), "README.md": "x"})
    head = checkout.commit("Bump", {APP: kustomization("1.1")})

    state = look(repository, cache, RULES)

    assert (state.head, state.shallow, sorted(state.tree)) == (head, False, ["README.md", APP])
    assert [pin.value for pin in state.readings[APP, state.tree[APP]].pins] == ["1.1"]
    assert [service.ref.name for service in state.estate.services] == ["checkout"]
    assert [commit.subject for commit in state.log] == ["Bump", "Add"]
    assert state.file("README.md") == b"x"
    assert list(state.readings) == [(APP, state.tree[APP])]


def test_a_repository_is_seen_as_it_was(checkout: Checkout, repository: GitRepository, cache: SqlitePinCache):
    old = checkout.commit("Add", {APP: kustomization("1.0")})
    checkout.commit("Bump", {APP: kustomization("1.1")})

    state = look(repository, cache, RULES, at="HEAD~1")

    assert (state.head, len(state.log)) == (old, 1)
    assert [pin.value for pin in state.readings[APP, state.tree[APP]].pins] == ["1.0"]


def test_every_earlier_version_reads_as_if_it_were_read_alone(checkout: Checkout, repository: GitRepository, cache: SqlitePinCache):
    texts = [kustomization("1.0"), kustomization("1.1"), kustomization("1.1", "# now\n"), "images: [", kustomization("2.0.0-rc.1"), ""]
    for text in texts:
        checkout.commit("Change", {APP: text, "compose.yaml": f"services: {{a: {{image: 'a:{len(text)}'}}}}\n"})

    state = look(repository, cache, RULES)

    seen = {(f.path, f.after) for commit in state.log for f in commit.files}
    assert {key: state.readings[key] for key in seen} == {key: read(state.blobs[key[1]], key[0]) for key in seen}
    again = look(repository, cache, RULES)
    assert {key: again.readings[key] for key in seen} == {key: state.readings[key] for key in seen}
    assert ("README.md", state.tree[APP]) not in state.readings


def test_readings_asked_for_ahead_need_the_cache_no_more(checkout: Checkout, repository: GitRepository, cache: SqlitePinCache):
    for number in range(3):
        checkout.commit("Bump", {APP: kustomization(f"1.{number}")})
    index(repository, cache, RULES)
    state = look(repository, cache, RULES)
    seen = {(file.path, file.after) for commit in state.log for file in commit.files if file.after}

    assert isinstance(state.readings, Ahead)
    state.readings.load([*seen, (APP, Sha("f" * 40)), ("README.md", state.tree[APP])])
    cache.close()

    assert {key: state.readings[key] for key in seen} == {key: read(state.blobs[key[1]], key[0]) for key in seen}


def test_only_what_is_new_is_indexed(checkout: Checkout, repository: GitRepository, cache: SqlitePinCache):
    checkout.commit("Add", {APP: kustomization("1.0"), "README.md": "x"})
    checkout.commit("Bump", {APP: kustomization("1.1")})
    told: list[tuple[int, int]] = []

    first = index(repository, cache, RULES, lambda done, all_: told.append((done, all_)))
    again = index(repository, cache, RULES)
    checkout.commit("Bump", {APP: kustomization("1.2")})
    later = index(repository, cache, RULES)

    assert (first, again, later) == (Indexed(2, 2, 2), Indexed(0, 0, 0), Indexed(1, 2, 1))


def test_a_force_pushed_line_is_indexed_again(checkout: Checkout, repository: GitRepository, cache: SqlitePinCache):
    base = checkout.commit("Add", {APP: kustomization("1.0")})
    checkout.commit("Lost", {APP: kustomization("1.1")})
    index(repository, cache, RULES)
    checkout.git("reset", "-q", "--hard", base)
    checkout.commit("Kept", {APP: kustomization("1.2")})

    assert index(repository, cache, RULES) == Indexed(2, 2, 1)
    assert [commit.subject for commit in look(repository, cache, RULES).log] == ["Kept", "Add"]


def test_other_rules_for_pins_read_anew(checkout: Checkout, repository: GitRepository, cache: SqlitePinCache):
    checkout.commit("Add", {"versions.env": "CHECKOUT_VERSION=1.0\n", "x/settings.conf": "checkout = 1.0\n"})
    ruled = ManifestRules(pins=(PinRule("settings", "x/*.conf", regex=r"checkout = (?P<version>\S+)"),))

    plain, other = look(repository, cache, RULES), look(repository, cache, ruled)

    path = "x/settings.conf"
    assert (path, plain.tree[path]) not in plain.readings
    assert [pin.value for pin in other.readings[path, other.tree[path]].pins] == ["1.0"]


def test_a_file_too_large_says_so_and_stops_nothing(checkout: Checkout, repository: GitRepository, cache: SqlitePinCache):
    checkout.commit("Add", {APP: kustomization("1.0"), "apps/huge.yaml": b"#" * (9 << 20)})

    state = look(repository, cache, RULES)

    assert [o.code for o in state.readings["apps/huge.yaml", state.tree["apps/huge.yaml"]].objections] == ["unreadable"]
    assert [service.ref.name for service in state.estate.services] == ["checkout"]


def test_an_empty_repository_is_refused(repository: GitRepository, cache: SqlitePinCache):
    with pytest.raises(Refused, match="empty"):
        look(repository, cache, RULES)
