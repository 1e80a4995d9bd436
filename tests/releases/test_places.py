"""A pin is found again in another version of its file, and never another one in its stead."""

from __future__ import annotations

from bot.manifests.read import read
from bot.releases.places import pin_changes, same_place

HEAD = "kind: Application\napiVersion: argoproj.io/v1alpha1\nmetadata: {name: shop}\nspec:\n  sources:\n"
ONE = HEAD + "  - {repoURL: https://git.example.org/x.git, path: a, targetRevision: v1}\n"
TWO = HEAD + (
    "  - {repoURL: https://git.example.org/x.git, path: b, targetRevision: v8}\n"
    "  - {repoURL: https://git.example.org/x.git, path: a, targetRevision: v2}\n"
)


def test_a_second_source_of_the_repository_is_not_taken_for_the_first() -> None:
    (before,) = read(ONE.encode(), "app.yaml").pins

    found = same_place(before, read(TWO.encode(), "app.yaml").pins)

    assert found is not None
    assert found.value == "v2"


def test_what_came_and_what_changed_are_told_apart() -> None:
    changes = pin_changes(read(ONE.encode(), "app.yaml").pins, read(TWO.encode(), "app.yaml").pins)

    assert sorted((change.before or "", change.after or "") for change in changes) == [("", "v8"), ("v1", "v2")]
