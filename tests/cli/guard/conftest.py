"""Real repositories: a rollback that Rollbot made, and what people and bots then propose."""

import pytest

from bot.world.story import ToldCommit
from tests.cli.guard.shop import ADA, FILE


@pytest.fixture
def rolled(rollbot, origin):
    """checkout in prod was taken back from 2.7.0 to 2.6.0; its quarantine stands on main."""
    rollbot("rollback", "checkout", "--env", "prod", "--mode", "merge", "--reason", "fails since 14:02", "--repo", origin.folder)
    return origin


@pytest.fixture
def propose(origin):
    """Put a commit on a branch and answer its name; texts of files by path, None deletes."""

    def made(files, message="Change\n", branch="change", author=ADA):
        origin.tell([ToldCommit(origin.log()[-1][1] + 60, author, message, files)], branch)
        return branch

    return made


@pytest.fixture
def text(origin):
    def read(path=FILE):
        return origin.read([(origin.head(), path)])[0].decode()

    return read


@pytest.fixture
def guard(rollbot, origin):
    def run(*words, head="change"):
        return rollbot("guard", "--repo", origin.folder, "--base", "main", "--head", head, *words)

    return run
