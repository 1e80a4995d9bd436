"""GitHub ends an App's token before its time, in mid-rollback: another one is asked for, and the rollback goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.incidents.lifecycle import End
from tests.github.keys import private_key
from tests.github.server import FakeGitHub
from tests.github.town import NAME, a_town


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    with FakeGitHub() as started:
        yield started


@pytest.mark.parametrize(
    "ends",
    [
        f"GET /{NAME}.git/info/refs$",
        f"POST /{NAME}.git/git-upload-pack$",
        f"POST /{NAME}.git/git-receive-pack$",
        f"GET /repos/{NAME}/collaborators/",
        f"POST /repos/{NAME}/issues/[0-9]+/comments$",
    ],
)
def test_a_rollback_goes_on(hub: FakeGitHub, tmp_path: Path, ends: str) -> None:
    town = a_town(hub, tmp_path, "push", private_key())
    with town.serving():
        town.sweep()
        hub.fault(ends, "revoked")
        town.say(town.release, "/rollback checkout in prod --mode push")

        [incident] = town.incidents()
        assert hub.faults == [], "the token was ended"
        assert [each.status for each in hub.requests].count(401) >= 1
        assert ('"2.7.0"' in town.prod(), incident.end in (None, End.DONE)) == (True, True), incident.why
        assert [text.startswith("**Merged commit") for text in town.answers(town.release)].count(True) == 1
