"""Every forge, held to the same promises: what is done twice is done once, what people did is seen, nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import pytest

from bot.adapters.forges.local import LocalForge
from bot.adapters.git import GitRepository
from bot.adapters.store.pulls import SqlPullRows
from bot.adapters.store.schema import Database
from bot.changes.change import Blocked, Change, Mark, Merged, Moved, PullRequest
from bot.errors import Refused
from bot.ports import Forge
from bot.refs import Sha
from bot.world.origin import Origin
from bot.world.story import ToldCommit
from tests.adapters.forges.github.hub import ADA, BRANCH, MARKER, MESSAGE, Hub
from tests.github.server import FakeGitHub


class Desk(Protocol):
    """A forge, the Git repository behind it, and what can be looked at from outside."""

    forge: Forge
    origin: Origin
    repository: GitRepository

    def comments(self, number: int) -> list[str]: ...


class LocalDesk:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.origin = Origin(folder / "server.git", "main")
        self.origin.tell([ToldCommit(1e9, ADA, "Begin\n", files={"app.yaml": "tag: 2\n"})])
        database = Database(f"sqlite:///{folder / 'rollbot.db'}")
        stack.callback(database.close)
        self.repository = stack.enter_context(GitRepository(self.origin.folder.as_uri(), "main", folder / "cache"))
        self.repository.fetch()
        self.rows = SqlPullRows(database, self.repository.name)
        self.forge: Forge = LocalForge(self.repository, self.rows)

    def comments(self, number: int) -> list[str]:
        return list(self.rows.comments(number).values())


class GitHubDesk:
    def __init__(self, folder: Path, stack: ExitStack) -> None:
        server = stack.enter_context(FakeGitHub())
        self.hub = stack.enter_context(Hub(server, folder))
        self.origin, self.repository = self.hub.origin, self.hub.repository
        self.forge: Forge = self.hub.forge

    def comments(self, number: int) -> list[str]:
        return [comment.body.partition("\n")[2] for comment in self.hub.server.comments(self.hub.name, number)]


DESKS: dict[str, Callable[[Path, ExitStack], Desk]] = {"local": LocalDesk, "github": GitHubDesk}


@pytest.fixture(params=DESKS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with ExitStack() as stack:
        yield DESKS[request.param](tmp_path, stack)


def change(desk: Desk, **other: Any) -> Change:
    base = desk.origin.head()
    assert base
    said = Change(BRANCH, "main", base, MESSAGE, {"app.yaml": b"tag: 1\n"}, "Go back", f"{MARKER}\nbecause\n", MARKER)
    return replace(said, **other)


def proposed(desk: Desk) -> PullRequest:
    said = change(desk)
    desk.forge.commit(said)
    return desk.forge.open(said)


def pushed(desk: Desk, files: dict[str, str | None], branch: str | None = None) -> Sha:
    return desk.origin.tell([ToldCommit(time.time(), ADA, "Meanwhile\n", files=files)], branch)


def test_a_commit_has_its_base_its_bytes_and_its_message(desk: Desk) -> None:
    base = desk.origin.head()

    head = desk.forge.commit(change(desk))

    assert head == desk.origin.head(BRANCH) and desk.origin.head() == base
    assert desk.origin.message(head).strip() == MESSAGE.strip()
    assert [sha for sha, _, _ in desk.origin.log(BRANCH)] == [base, head]
    assert desk.origin.read([(head, "app.yaml")]) == [b"tag: 1\n"]


def test_committing_twice_is_committing_once(desk: Desk) -> None:
    assert desk.forge.commit(change(desk)) == desk.forge.commit(change(desk))


def test_what_changes_nothing_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="as it is"):
        desk.forge.commit(change(desk, files={"app.yaml": b"tag: 2\n"}))


@pytest.mark.parametrize("path", ["../x", ".git/config", "/etc/passwd", "a//b"])
def test_no_path_leads_out_of_the_repository(desk: Desk, path: str) -> None:
    with pytest.raises(Refused):
        desk.forge.commit(change(desk, files={path: b"x"}))


def test_proposing_twice_is_proposing_once(desk: Desk) -> None:
    first = proposed(desk)

    assert proposed(desk) == first == desk.forge.find(BRANCH)
    assert (first.state, first.head, first.target) == ("open", desk.origin.head(BRANCH), "main")


def test_nothing_is_proposed_without_its_commit(desk: Desk) -> None:
    with pytest.raises(Refused, match="commit the change"):
        desk.forge.open(change(desk))


def test_an_unknown_branch_has_no_pull_request(desk: Desk) -> None:
    assert desk.forge.find("rollbot/prod/other/x-1") is None


def test_merging_brings_the_bytes_and_the_trailers_to_the_target(desk: Desk) -> None:
    pull = proposed(desk)

    answer = desk.forge.merge(pull, pull.head)

    head = desk.origin.head()
    assert head and answer == Merged(head)
    assert desk.origin.read([(head, "app.yaml")]) == [b"tag: 1\n"]
    assert desk.origin.message(head).strip() == MESSAGE.strip()
    found = desk.forge.find(BRANCH)
    assert found and (found.state, found.merge) == ("merged", head)


def test_merging_twice_is_merging_once(desk: Desk) -> None:
    pull = proposed(desk)
    first = desk.forge.merge(pull, pull.head)
    later = pushed(desk, {"other.txt": "hello\n"})

    assert desk.forge.merge(pull, pull.head) == first
    assert desk.origin.head() == later


def test_a_target_whose_files_moved_on_is_planned_for_again(desk: Desk) -> None:
    pull = proposed(desk)
    head = pushed(desk, {"app.yaml": "tag: 3\n"})

    assert desk.forge.merge(pull, pull.head) == Moved(head)
    assert desk.origin.head() == head


def test_a_plan_on_the_new_base_takes_the_same_branch_and_pull_request(desk: Desk) -> None:
    pull = proposed(desk)
    pushed(desk, {"other.txt": "hello\n"})
    desk.repository.fetch()
    anew = change(desk)

    head = desk.forge.commit(anew)
    again = desk.forge.open(anew)

    assert again == replace(pull, head=head)
    assert [sha for sha, _, _ in desk.origin.log(BRANCH)][-2:] == [anew.base, head]
    assert isinstance(desk.forge.merge(again, head), Merged)


def test_only_what_was_planned_is_merged(desk: Desk) -> None:
    base, pull = desk.origin.head(), proposed(desk)
    pushed(desk, {"sneaked.yaml": "in: true\n"}, BRANCH)

    answer = desk.forge.merge(pull, pull.head)

    assert isinstance(answer, Blocked) and not answer.waiting
    assert desk.origin.head() == base


def test_closing_takes_the_branch_away_and_says_why(desk: Desk) -> None:
    pull = proposed(desk)

    desk.forge.close(pull, "resolved by itself")
    desk.forge.close(pull, "resolved by itself")

    found = desk.forge.find(BRANCH)
    assert found and found.state == "closed" and desk.origin.branches() == ("main",)
    assert desk.comments(pull.number) == ["resolved by itself"]


def test_what_is_merged_is_not_closed(desk: Desk) -> None:
    pull = proposed(desk)
    desk.forge.merge(pull, pull.head)
    head = desk.origin.head()

    desk.forge.close(pull, "too late")

    found = desk.forge.find(BRANCH)
    assert found and found.state == "merged" and desk.origin.head() == head


def test_a_comment_is_kept_once(desk: Desk) -> None:
    pull = proposed(desk)

    for text in ("waiting", "waiting", "merged"):
        desk.forge.comment(pull.number, "state", text)

    assert desk.comments(pull.number) == ["merged"]


def test_marking_and_disarming_do_no_harm(desk: Desk) -> None:
    pull = proposed(desk)

    desk.forge.disarm(pull)
    desk.forge.disarm(pull)
    desk.forge.mark(pull.head, Mark("rollbot", "failure", "rolled back"))

    assert desk.forge.find(BRANCH) == pull
