"""A person merges our branch, with whatever words: the line still says what it was."""

from __future__ import annotations

import pytest

from bot.quarantine import Quarantine
from bot.records.trailers import trailers

MINE = "Roll back checkout\n\nBecause.\n\nRollback-Service: checkout\nRollback-Release: abc\n"
BRANCH = "rollbot/prod/checkout/2-to-1-abcd1234"


def rolled_back(checkout) -> None:
    checkout.commit("Add", {"a": "1\n"})
    checkout.commit("Bump", {"a": "2\n"})
    checkout.git("checkout", "-q", "-b", BRANCH)
    checkout.commit(MINE, {"a": "1\n"})


def merged(checkout, message: str) -> None:
    checkout.git("checkout", "-q", "main")
    checkout.git("merge", "-q", "--no-ff", "-m", message, BRANCH)


def said(checkout, opened, at: int = 0) -> dict[str, tuple[str, ...]]:
    repository = opened(checkout.folder)
    return dict(trailers(repository.log(repository.resolve("HEAD"))[at].message))


@pytest.mark.parametrize("words", [f"Merge branch '{BRANCH}'", "Merge pull request #4 from acme/x\n\nRoll back", "Help"])
def test_a_merge_has_the_trailers_of_what_it_brought_in(checkout, opened, words):
    rolled_back(checkout)
    merged(checkout, words)

    assert said(checkout, opened) == {"Rollback-Service": ("checkout",), "Rollback-Release": ("abc",)}
    repository = opened(checkout.folder)
    assert repository.log(repository.resolve("HEAD"))[0].message.startswith(words)


def test_what_others_put_on_top_of_ours_is_looked_below(checkout, opened):
    rolled_back(checkout)
    checkout.git("checkout", "-q", "main")
    checkout.commit("Note", {"b": "1\n"})
    checkout.git("checkout", "-q", BRANCH)
    checkout.git("merge", "-q", "--no-ff", "-m", f"Merge branch 'main' into {BRANCH}", "main")
    merged(checkout, f"Merge branch '{BRANCH}'")

    assert said(checkout, opened)["Rollback-Release"] == ("abc",)


def test_trailers_that_whoever_merged_kept_stand_once(checkout, opened):
    rolled_back(checkout)
    merged(checkout, MINE)

    assert said(checkout, opened)["Rollback-Service"] == ("checkout",)


def test_a_rollback_that_was_on_the_line_before_is_not_brought_by_a_later_merge(checkout, opened):
    rolled_back(checkout)
    checkout.git("checkout", "-q", "main")
    checkout.git("merge", "-q", "--ff-only", BRANCH)
    checkout.git("checkout", "-q", "-b", "rollbot/of-a-person")
    checkout.commit("Write a note", {"c": "1\n"})
    checkout.git("checkout", "-q", "main")
    checkout.git("merge", "-q", "--no-ff", "-m", "Merge branch 'rollbot/of-a-person'", "rollbot/of-a-person")

    assert said(checkout, opened) == {}
    assert said(checkout, opened, 1)["Rollback-Release"] == ("abc",)


KEPT = Quarantine(
    "prod", "checkout", "2", "0123456789abcdef", "abc", (("a", "x", "img", "2"),), "it fails\nmuch", "rollbot", "prod-checkout-1", 1.0, 2.0
)


def test_a_squash_in_other_words_has_the_trailers_of_its_quarantine(checkout, opened):
    checkout.commit("Add", {"a": "1\n"})
    checkout.commit("Go back (#4)", {"a": "0\n", KEPT.path: KEPT.text()})

    assert said(checkout, opened) == {
        "Rollback-Service": ("checkout",),
        "Rollback-Environment": ("prod",),
        "Rollback-Release": ("abc",),
        "Rollback-From": ("2",),
        "Rollback-Incident": ("prod-checkout-1",),
    }
    checkout.commit("Change it", {KEPT.path: KEPT.text() + b"# still\n"})
    assert said(checkout, opened) == {}


@pytest.mark.parametrize("text", [b"", b"- a\n", b"a: [", b"\xff\xfe", b"service: x\n"])
def test_a_file_of_somebody_elses_there_says_nothing(checkout, opened, text):
    checkout.commit("Add", {"a": "1\n", ".rollbot/quarantine/x.yaml": text})

    assert said(checkout, opened) == {}


def test_what_was_kept_of_the_line_says_it_too(checkout, opened):
    rolled_back(checkout)
    merged(checkout, "Help")
    assert said(checkout, opened)["Rollback-Release"] == ("abc",)
    checkout.commit("Note", {"b": "1\n"})

    assert said(checkout, opened, 1)["Rollback-Release"] == ("abc",)
