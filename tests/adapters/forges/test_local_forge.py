from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.forges.local import LocalForge
from bot.adapters.git import GitRepository
from bot.adapters.store.pulls import SqlPullRows
from bot.adapters.store.schema import Database
from bot.changes.change import Blocked, Change, Merged, Moved, PullRequest
from bot.errors import Refused, Stale
from bot.refs import Sha
from bot.world.origin import Origin
from bot.world.story import ToldCommit

ADA = "Ada Byron <ada@shop.example>"
BRANCH = "rollbot/prod/shop/back-12345678"


class Server:
    """A plain Git server, and all that Rollbot has of it."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.origin = Origin(folder / "server.git", "main")
        self.base = self.origin.tell([ToldCommit(1e9, ADA, "Begin\n", files={"app.yaml": "tag: 2\n"})])
        self.repository = GitRepository(self.origin.folder.as_uri(), "main", folder / "cache")
        self.rows = SqlPullRows(database, self.repository.name)
        self.forge = LocalForge(self.repository, self.rows)
        self.repository.fetch()

    def change(self, base: Sha | None = None) -> Change:
        files = {"app.yaml": b"tag: 1\n"}
        return Change(BRANCH, "main", base or self.base, "Go back to 1\n", files, "Go back", "because", "marker")

    def proposed(self) -> PullRequest:
        change = self.change()
        self.forge.commit(change)
        return self.forge.open(change)

    def somebody_pushes(self, text: str = "hello\n") -> Sha:
        return self.origin.tell([ToldCommit(1e9 + 60, ADA, "Meanwhile\n", files={"other.txt": text})])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    database = Database(f"sqlite:///{tmp_path / 'rollbot.db'}")
    server = Server(tmp_path, database)
    yield server
    server.repository.close()
    database.close()


def test_what_was_planned_on_an_older_head_is_not_proposed(server: Server) -> None:
    assert server.forge.guarded
    server.somebody_pushes()

    with pytest.raises(Stale):
        server.proposed()

    assert server.origin.branches() == ("main",)


def test_a_proposal_is_a_branch_and_a_row(server: Server) -> None:
    pull = server.proposed()

    assert (pull.state, pull.head, pull.target) == ("open", server.origin.head(BRANCH), "main")
    assert server.forge.find(BRANCH) == pull
    assert server.origin.head() == server.base


def test_proposing_twice_is_proposing_once(server: Server) -> None:
    first = server.proposed()

    assert server.proposed() == first
    assert len(server.origin.log(BRANCH)) == 2


def test_nothing_is_proposed_without_its_commit(server: Server) -> None:
    with pytest.raises(Refused, match="commit the change"):
        server.forge.open(server.change())


def test_merging_moves_the_target_there(server: Server) -> None:
    pull = server.proposed()

    answer = server.forge.merge(pull, pull.head)

    assert answer == Merged(pull.head) and server.origin.head() == pull.head
    found = server.forge.find(BRANCH)
    assert found and (found.state, found.merge) == ("merged", pull.head)
    assert server.origin.branches() == ("main",)


def test_merging_twice_is_merging_once(server: Server) -> None:
    pull = server.proposed()
    server.forge.merge(pull, pull.head)
    later = server.somebody_pushes()

    assert server.forge.merge(pull, pull.head) == Merged(pull.head)
    assert server.origin.head() == later


def test_a_merge_whose_row_was_never_saved_is_found(server: Server) -> None:
    pull = server.proposed()
    server.repository.advance("main", server.base, pull.head)

    found = server.forge.find(BRANCH)

    assert found and (found.state, found.merge) == ("merged", pull.head)
    assert server.forge.merge(pull, pull.head) == Merged(pull.head)
    assert server.origin.branches() == ("main",)


def test_a_merge_whose_branch_is_gone_and_whose_row_was_never_saved_is_found(server: Server) -> None:
    pull = server.proposed()
    server.repository.advance("main", server.base, pull.head)
    server.repository.delete(BRANCH, pull.head)

    found = server.forge.find(BRANCH)

    assert found and (found.state, found.merge) == ("merged", pull.head)


def test_a_server_where_nobody_may_delete_keeps_the_branch(server: Server) -> None:
    subprocess.run(["git", "config", "receive.denyDeletes", "true"], cwd=server.origin.folder, check=True)
    pull = server.proposed()

    assert server.forge.merge(pull, pull.head) == Merged(pull.head)
    assert server.origin.branches() == ("main", BRANCH)


def test_a_target_that_moved_is_said_to_have_moved(server: Server) -> None:
    pull = server.proposed()
    head = server.somebody_pushes()

    assert server.forge.merge(pull, pull.head) == Moved(head)
    assert server.origin.head() == head


def test_a_plan_on_the_new_base_takes_the_same_branch_and_row(server: Server) -> None:
    pull = server.proposed()
    base = server.somebody_pushes()
    server.repository.fetch()
    change = server.change(base)

    head = server.forge.commit(change)
    again = server.forge.open(change)

    assert again == replace(pull, head=head)
    assert server.forge.merge(again, head) == Merged(head)


def test_only_what_was_planned_is_merged(server: Server) -> None:
    pull = server.proposed()
    server.origin.tell([ToldCommit(1e9 + 90, ADA, "And this\n", files={"sneaked.yaml": "in: true\n"})], branch=BRANCH)

    answer = server.forge.merge(pull, pull.head)

    assert isinstance(answer, Blocked) and not answer.waiting
    assert server.origin.head() == server.base


def test_a_person_merges_with_plain_git(server: Server) -> None:
    pull = server.proposed()
    server.somebody_pushes()
    server.origin.merge(BRANCH, ADA, 1e9 + 120)

    found = server.forge.find(BRANCH)

    assert found and (found.state, found.merge) == ("merged", pull.head)


def test_a_person_merges_and_deletes_the_branch(server: Server) -> None:
    server.proposed()
    server.origin.merge(BRANCH, ADA, 1e9 + 120)
    subprocess.run(["git", "update-ref", "-d", f"refs/heads/{BRANCH}"], cwd=server.origin.folder, check=True)

    found = server.forge.find(BRANCH)

    assert found and found.state == "merged"


def test_a_person_who_deletes_the_branch_closes_it(server: Server) -> None:
    pull = server.proposed()
    subprocess.run(["git", "update-ref", "-d", f"refs/heads/{BRANCH}"], cwd=server.origin.folder, check=True)

    found = server.forge.find(BRANCH)
    answer = server.forge.merge(pull, pull.head)

    assert found and found.state == "closed"
    assert isinstance(answer, Blocked) and server.origin.head() == server.base


def test_closing_takes_the_branch_away_and_keeps_why(server: Server) -> None:
    pull = server.proposed()

    server.forge.close(pull, "resolved by itself")
    server.forge.close(pull, "resolved by itself")

    found = server.forge.find(BRANCH)
    assert found and found.state == "closed" and server.origin.branches() == ("main",)
    assert server.rows.comments(pull.number) == {"closed": "resolved by itself"}


def test_what_is_merged_is_not_closed(server: Server) -> None:
    pull = server.proposed()
    server.forge.merge(pull, pull.head)

    server.forge.close(pull, "too late")

    found = server.forge.find(BRANCH)
    assert found and found.state == "merged" and server.origin.head() == pull.head


def test_a_comment_is_kept_once(server: Server) -> None:
    pull = server.proposed()

    server.forge.comment(pull.number, "state", "waiting")
    server.forge.comment(pull.number, "state", "merged")

    assert server.rows.comments(pull.number) == {"state": "merged"}


def test_an_unknown_branch_has_no_pull_request(server: Server) -> None:
    assert server.forge.find("rollbot/prod/other/x-1") is None
