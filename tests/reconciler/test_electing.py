"""Several manifests repositories hear one comment on an application's repository: one answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.adapters.forges.local import LocalForge
from bot.adapters.git import GitRepository
from bot.adapters.store.pulls import SqlPullRows
from bot.reconciler.intake import receive
from bot.reconciler.work import work
from bot.refs import Instant
from bot.signals.signal import Reaction
from bot.world import story
from bot.world.lived import LivedWorld
from bot.world.origin import Origin
from bot.world.story import ToldCommit
from bot.world.talk import Comment, payload
from tests.reconciler.talking import ADA, picture

KUSTOMIZATION = "kind: Kustomization\nimages:\n  - name: registry.example/{0}\n    newTag: {1}\n"


class TwoHouses(LivedWorld):
    """The shop, and beside it a repository that deploys billing, and checkout too where `twins`."""

    def __init__(self, folder: Path, twins: bool = False) -> None:
        super().__init__(story.load(story.SHOP), folder)
        other = Origin(folder / "other.git", "main")
        for at, tag in ((1e9, "1.0.0"), (1e9 + 9e4, "1.1.0")):
            names = ("billing", "checkout") if twins else ("billing",)
            files: dict[str, str | None] = {
                f"apps/{name}/overlays/prod/kustomization.yaml": KUSTOMIZATION.format(name, tag) for name in names
            }
            other.tell([ToldCommit(at, ADA, f"Release {tag}\n", files=files)])
        self.second = GitRepository(other.folder.as_uri(), "main", folder / "cache", now=self.clock.now)
        forge = LocalForge(self.second, SqlPullRows(self.database, self.second.name))
        beside = replace(self.ports(), repository=self.second, forge=forge, seen={}, fetched={})
        self.houses = {self.repository.name: self.ports(), self.second.name: beside}

    def brought(self, said: Comment, action: str = "created") -> None:
        for ports in self.houses.values():
            receive("github:issue_comment", payload(said, action), ports, str(said.number))

    def close(self) -> None:
        self.second.close()
        super().close()

    def _work(self, key: str) -> Instant | None:
        return work(key, self.houses)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TwoHouses]:
    with TwoHouses(tmp_path) as both:
        yield both


@pytest.mark.parametrize(
    ("words", "says", "shown"),
    [
        pytest.param("/rollback checkout in prod", "`checkout` in `prod` goes from `2.7.0` back", Reaction.DONE, id="the first knows it"),
        pytest.param("/rollback billing in prod", "**#1 is open", Reaction.DONE, id="the second knows it"),
        pytest.param("/rollback nothing in prod", "there is no service nothing", Reaction.UNCLEAR, id="none knows it"),
        pytest.param("/rollback help", "can be said", Reaction.DONE, id="about no service"),
        pytest.param("/rollback to", "Not understood", Reaction.UNCLEAR, id="misspoken"),
    ],
)
def test_exactly_one_answers(world: TwoHouses, words: str, says: str, shown: Reaction) -> None:
    thread = world.talk.open_issue("It hangs", 7, "shop/application")

    said = world.say(thread, words)
    world.pass_time(60)

    [answer] = world.talk.answers(thread)
    assert says in answer.text and picture(world, said) is shown


def test_what_several_know_is_done_by_none(tmp_path: Path) -> None:
    with TwoHouses(tmp_path, twins=True) as world:
        thread = world.talk.open_issue("It hangs", 7, "shop/application")

        said = world.say(thread, "/rollback checkout in prod")
        world.pass_time(60)

        [answer] = world.talk.answers(thread)
        assert "several manifests repositories know it" in answer.text and picture(world, said) is Reaction.UNCLEAR
        assert [world.ports().store.incidents(name) for name in world.houses] == [(), ()]
