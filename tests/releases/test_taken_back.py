from __future__ import annotations

import pytest

from bot.releases.taken_back import LONGEST, taken_back

APP = "apps/checkout/overlays/prod/kustomization.yaml"
HOUR = 3600.0


def kustomization(tag: str, more: str = "") -> str:
    return f"resources: [../../base]\nimages:\n  - name: ghcr.io/shop/checkout\n    newTag: {tag}\n{more}"


def found(told, environment="prod"):
    history = told.history("checkout", environment)
    return taken_back(history, {commit.sha: commit.message for commit in told.log})


def test_a_version_set_back_takes_back_what_left_it(told):
    told.commit("Add", {APP: kustomization("1.0")})
    one = told.commit("Bump to 1.1", {APP: kustomization("1.1")})
    two = told.commit("Bump to 1.2", {APP: kustomization("1.2")})
    back = told.commit("checkout to 1.0", {APP: kustomization("1.0")}, author="Ada", after=600)

    [only] = found(told)

    assert (only.commit, only.undone, only.left, only.to) == (back, (two, one), "1.2", "1.0")
    assert (only.author, only.bot, only.time) == ("Ada", False, told.log[0].time)


def test_only_what_came_since_the_version_was_left_last(told):
    told.commit("Add", {APP: kustomization("1.0")})
    told.commit("Bump to 1.1", {APP: kustomization("1.1")})
    told.commit("Back to 1.0", {APP: kustomization("1.0")})
    again = told.commit("Bump to 1.2", {APP: kustomization("1.2")})
    told.commit("Back to 1.0 again", {APP: kustomization("1.0")})

    assert next(each.undone for each in found(told)) == (again,)


def test_a_revert_names_what_it_reverts(told):
    told.commit("Add", {APP: kustomization("1.0")})
    bad = told.commit("Bump to 1.1", {APP: kustomization("1.1")})
    told.commit("Bump to 1.2", {APP: kustomization("1.2", "# note\n")})
    told.commit(f'Revert "Bump to 1.1"\n\nThis reverts commit {bad}.', {APP: kustomization("1.0", "# note\n")})

    [only] = found(told)

    assert (only.undone, only.why) == ((bad,), "its message names what it reverts")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param('Revert "Bump to 1.1"', id="its subject"),
        pytest.param('Revert "Bump to 1.1 (#7)" (#8)', id="its subject with its number"),
        pytest.param("Merge pull request #8 from shop/revert-7-bump", id="the branch of GitHub's button"),
    ],
)
def test_a_revert_may_name_it_in_other_ways(told, message):
    told.commit("Add", {APP: kustomization("1.0")})
    bad = told.commit("Bump to 1.1 (#7)", {APP: kustomization("1.1")})
    told.commit("Bump to 1.2", {APP: kustomization("1.2")})
    told.commit(message, {APP: kustomization("1.3", "# without what 1.1 brought\n")})

    [only] = found(told)

    assert only.undone == (bad,)


def test_what_goes_forward_beside_it_does_not_hide_it(told):
    chart = "apiVersion: v2\nname: checkout\nversion: {}\nappVersion: {}\n"
    told.commit("Add", {"charts/checkout/Chart.yaml": chart.format("0.1.0", "1.0")})
    bad = told.commit("To 1.1", {"charts/checkout/Chart.yaml": chart.format("0.1.1", "1.1")})
    told.commit("Back to 1.0", {"charts/checkout/Chart.yaml": chart.format("0.1.2", "1.0")})

    assert [each.undone for each in found(told, "default")] == [(bad,)]


def test_a_skip_over_releases_of_long_ago(told):
    told.commit("Add", {APP: kustomization("1.0")})
    old = told.commit("Bump to 1.1", {APP: kustomization("1.1")})
    new = told.commit("Bump to 1.2", {APP: kustomization("1.2")}, after=LONGEST * 2)
    told.commit("Back to 1.0", {APP: kustomization("1.0")})

    assert [each.undone for each in found(told)] == [(new, old)]


def test_configuration_brought_back_byte_for_byte(told):
    told.commit("Add", {APP: kustomization("1.0", "# timeout: 5\n")})
    bad = told.commit("Shorter timeout", {APP: kustomization("1.0", "# timeout: 1\n")})
    told.commit("Timeout as before", {APP: kustomization("1.0", "# timeout: 5\n")})

    [only] = found(told)

    assert only.undone == (bad,)


@pytest.mark.parametrize(
    ("versions", "after"),
    [
        pytest.param(("1.0", "1.1", "1.2"), HOUR, id="onwards only"),
        pytest.param(("1.0", "1.1", "1.0"), LONGEST + HOUR, id="a change of mind long after"),
    ],
)
def test_what_is_no_rollback(told, versions, after):
    for version in versions:
        told.commit(f"Set {version}", {APP: kustomization(version)}, after=after)

    assert found(told) == ()


def test_to_release_again_what_was_rolled_back_is_no_rollback(told):
    for version in ("1.0", "1.1", "1.0", "1.1"):
        told.commit(f"Set {version}", {APP: kustomization(version)})

    [only] = found(told)

    assert (only.left, only.to) == ("1.1", "1.0")
