from __future__ import annotations

import pytest

from bot.releases.authors import is_bot, is_rollback, pull_request


@pytest.mark.parametrize(
    ("author", "email", "bot"),
    [
        ("renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com", True),
        ("dependabot[bot]", "support@github.com", True),
        ("fluxcdbot", "fluxcdbot@users.noreply.github.com", True),
        ("Flux", "flux@example.org", True),
        ("argocd-image-updater", "noreply@argoproj.io", True),
        ("github-actions", "41898282+github-actions[bot]@users.noreply.github.com", True),
        ("Deploy Bot", "deploys@example.org", True),
        ("jupyterhub-bot", "bot@jupyter.org", True),
        ("bot-home-ops", "123+bot-home-ops@users.noreply.github.com", True),
        ("Ann Talbot", "ann.talbot@example.org", False),
        ("Bob Botha", "bob@robotics.example.org", False),
        ("Flo Influx", "flo@influxdata.com", False),
        ("Cid", "cid@example.org", False),
        ("person", "person@example.org", False),
    ],
)
def test_bot_or_person(author: str, email: str, bot: bool):
    assert is_bot(author, email) is bot


def test_a_person_who_merges_a_bots_branch_only_carries_it():
    assert is_bot("Ann", "ann@example.org", "Merge pull request #4 from shop/renovate/checkout-1.x\n\nUpdate")
    assert not is_bot("Ann", "ann@example.org", "Merge pull request #4 from renovate/fix-it\n\nUpdate")


@pytest.mark.parametrize(
    ("message", "bot"),
    [
        ("Auto-release acme/shop:1.1", True),
        ("Auto-release multiple (2) images\n\n - acme/shop:1.1\n - acme/x:2\n", True),
        ("Auto-release (no images)", True),
        ("Auto-release notes of shop:1.1", False),
        ("Release acme/shop:1.1 to all", False),
    ],
)
def test_flux_releases_under_the_name_that_it_was_given(message: str, bot: bool):
    assert is_bot("Ann", "ann@example.org", message) is bot


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Bump checkout (#123)", 123),
        ("Bump checkout (#123)\n\nCloses #9", 123),
        ("Merge pull request #7 from a/b\n\nTitle (#3)", 7),
        ("Merge branch 'x' into 'main'\n\nTitle\n\nSee merge request shop/gitops!45", 45),
        ("Title (!46)", 46),
        ("Merged in feature (pull request #8)", 8),
        ("Title\n\nPR-URL: https://github.com/org/repo/pull/77\n", 77),
        ("Title\n\nReviewed-on: https://codeberg.org/org/repo/pulls/5\n", 5),
        ("Fix #123 at last", None),
        ("Bump\n\nCloses #9", None),
    ],
)
def test_pull_request_number(message: str, number: int | None):
    assert pull_request(message) == number


@pytest.mark.parametrize(
    ("message", "rollback"),
    [
        ('Revert "Bump checkout"', True),
        ("Revert 'Bump checkout'", True),
        ("revert: bump checkout", True),
        ("revert(checkout)!: bump", True),
        ('Revert "Revert "Bump checkout""', False),
        ('Revert "Revert "Revert "Bump""" (#4)', True),
        ('Reapply "Bump"\n\nThis reverts commit 1234567.', False),
        ("Back to 1.0\n\nThis reverts commit 1234567890abcdef.", True),
        ("Roll back\n\nRollback-Incident: 5", True),
        ("Undo\n\nRollback-Undo: rollbot/prod/a/b", True),
        ("Explain Rollback-To: in the docs", False),
        ("Revert policy is documented", False),
        ("Bump", False),
    ],
)
def test_what_takes_something_back(message: str, rollback: bool):
    assert is_rollback(message) is rollback
