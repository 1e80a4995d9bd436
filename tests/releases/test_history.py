from __future__ import annotations

import pytest

from bot.errors import Refused
from bot.releases.history import served
from bot.releases.release import History, LineChange

APP = "apps/checkout/overlays/prod/kustomization.yaml"
KUSTOMIZATION = """\
resources: [../../base]
images:
  - name: ghcr.io/shop/checkout
    newTag: {tag}
"""
BASE = "apps/checkout/base/deployment.yaml"
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
spec:
  replicas: {replicas}
  template:
    spec:
      containers:
        - name: checkout
          image: ghcr.io/shop/checkout:latest
"""


def kustomization(tag: str) -> str:
    return KUSTOMIZATION.format(tag=tag)


def moves(found: History) -> list[list[tuple[str | None, str | None]]]:
    return [[(change.before, change.after) for change in release.changes] for release in found.releases]


def subjects(found: History) -> list[str]:
    return [release.subject for release in found.releases]


def deployment(name: str, tag: str, more: str = "") -> str:
    container = f"        - name: {name}\n          image: shop/{name}:{tag}\n"
    head = f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n"
    return f"{head}      containers:\n{container}{more}"


def test_each_commit_that_changes_a_services_pins_is_a_release(told):
    told.commit("Add", {APP: kustomization("1.0")})
    told.commit("Elsewhere", {"README.md": "hello"})
    bump = told.commit("Bump checkout to 1.1 (#12)\n\nBody.", {APP: kustomization("1.1")}, author="renovate[bot]")

    found = told.history("checkout")

    assert [release.version for release in found.releases] == ["1.1", "1.0"]
    newest = found.releases[0]
    assert (newest.commit, newest.author, newest.bot, newest.pull_request) == (bump, "renovate[bot]", True, 12)
    assert newest.subject == "Bump checkout to 1.1 (#12)"
    assert [(c.path, c.artefact, c.before, c.after) for c in newest.changes] == [(APP, "ghcr.io/shop/checkout", "1.0", "1.1")]
    assert newest.merged == ()
    assert found.complete
    assert not found.releases[1].bot


def test_configuration_that_came_along_is_counted_without_the_lines_of_pins(told):
    told.commit("Add", {APP: kustomization("1.0"), "apps/checkout/overlays/prod/patch.yaml": "a: 1\nb: 2\n"})
    told.commit(
        "Bump",
        {
            APP: "# why\n" + kustomization("1.1").replace("[../../base]", "[../../base, x]"),
            "apps/checkout/overlays/prod/patch.yaml": "a: 1\nb: 3\nc: 4\n",
        },
    )

    newest = told.history("checkout").releases[0]

    assert newest.merged == (LineChange(APP, 2, 1), LineChange("apps/checkout/overlays/prod/patch.yaml", 2, 1))
    assert len(newest.changes) == 1


def test_a_release_without_pins_is_named_by_its_commit(told):
    told.commit("Add", {"apps/checkout/prod/d.yaml": deployment("checkout", "1.0")})
    sha = told.commit("Tune", {"apps/checkout/prod/d.yaml": deployment("checkout", "1.0", "      terminationGracePeriodSeconds: 5\n")})

    newest = told.history("checkout").releases[0]

    assert (newest.version, newest.changes, newest.merged) == (sha[:7], (), (LineChange("apps/checkout/prod/d.yaml", 1, 0),))


def test_commits_that_change_nothing_are_no_releases(told):
    told.commit("Add", {APP: kustomization("1.0")})
    told.commit("Merge branch 'x'", {})
    told.commit("Mode", {APP: kustomization("1.0")})

    assert subjects(told.history("checkout")) == ["Add"]


def test_several_services_in_one_commit_each_have_their_part(told):
    files = {f"apps/{name}/prod/d.yaml": deployment(name, "1.0") for name in ("cart", "checkout")}
    told.commit("Add", files)
    told.commit("Bump all", {f"apps/{name}/prod/d.yaml": deployment(name, "2.0") for name in ("cart", "checkout")})

    found = told.history("cart")

    assert [[f.path for f in release.files] for release in found.releases] == [["apps/cart/prod/d.yaml"]] * 2
    assert moves(found) == [[("1.0", "2.0")], [(None, "1.0")]]


def test_services_in_one_file_are_told_apart(told):
    def both(cart: str, checkout: str, more: str = "") -> str:
        return deployment("cart", cart) + "---\n" + deployment("checkout", checkout, more)

    path = "prod/all.yaml"
    told.commit("Add", {path: both("1.0", "1.0")})
    told.commit("Bump cart", {path: both("1.1", "1.0")})
    told.commit("Tune checkout", {path: both("1.1", "1.0", "      hostNetwork: false\n")})
    told.commit("Bump checkout", {path: both("1.1", "2.0", "      hostNetwork: false\n")})

    assert subjects(told.history("cart")) == ["Bump cart", "Add"]
    assert subjects(told.history("checkout")) == ["Bump checkout", "Tune checkout", "Add"]


def test_a_moved_file_keeps_its_history(told):
    old = "apps/checkout/production/d.yaml"
    new = "apps/checkout/prod/d.yaml"
    told.commit("Add", {old: deployment("checkout", "1.0")})
    told.commit("Bump", {old: deployment("checkout", "1.1")})
    told.commit("Move", {old: None, new: deployment("checkout", "1.1")})
    told.commit("Bump again", {new: deployment("checkout", "1.2")})

    found = told.history("checkout")

    assert subjects(found) == ["Bump again", "Bump", "Add"]
    assert [release.version for release in found.releases] == ["1.2", "1.1", "1.0"]


def test_a_move_with_a_bump_is_one_release_of_that_bump(told):
    old, new = "old/checkout/prod/d.yaml", "apps/checkout/prod/d.yaml"
    told.commit("Add", {old: deployment("checkout", "1.0"), "old/cart/prod/d.yaml": deployment("cart", "1.0")})
    told.commit(
        "Move and bump",
        {old: None, "old/cart/prod/d.yaml": None, new: deployment("checkout", "1.1"), "apps/cart/prod/d.yaml": deployment("cart", "1.0")},
    )

    found = told.history("checkout")

    assert moves(found) == [[("1.0", "1.1")], [(None, "1.0")]]
    assert {(f.path, f.before is None, f.after is None) for f in found.releases[0].files} == {(old, False, True), (new, True, False)}
    assert moves(told.history("cart")) == [[(None, "1.0")]]


def test_a_file_that_is_gone_was_the_services(told):
    folder = "apps/checkout/overlays/prod"
    told.commit("Add", {APP: kustomization("1.0")})
    told.commit("Limit", {f"{folder}/limits.txt": "memory: 1\ncpu: 2\n"})
    told.commit("Unlimit", {f"{folder}/limits.txt": None})

    found = told.history("checkout")

    assert [(r.subject, r.merged) for r in found.releases[:2]] == [
        ("Unlimit", (LineChange(f"{folder}/limits.txt", 0, 2),)),
        ("Limit", (LineChange(f"{folder}/limits.txt", 2, 0),)),
    ]


def test_a_rollback_is_told_from_a_release(told):
    told.commit("Add", {APP: kustomization("1.0")})
    told.commit("Bump", {APP: kustomization("1.1")})
    told.commit('Revert "Bump"\n\nThis reverts commit abcdef1.', {APP: kustomization("1.0")})
    told.commit('Reapply "Bump"', {APP: kustomization("1.1")})
    told.commit("Roll back checkout\n\nRollback-Service: checkout\nRollback-To: 1.0\n", {APP: kustomization("1.0")})

    assert [release.rollback for release in told.history("checkout").releases] == [True, False, True, False, False]


def test_the_same_change_again_has_the_same_identity(told):
    told.commit("Add", {APP: kustomization("1.0")})
    told.commit("Bump", {APP: kustomization("1.1")})
    told.commit("Back", {APP: kustomization("1.0")})
    told.commit("Bump again", {APP: kustomization("1.1")})

    again, back, bump, _ = told.history("checkout").releases

    assert again.identity == bump.identity != back.identity


def test_a_shallow_clone_says_that_there_may_be_more_and_does_not_invent_a_release(told):
    told.commit("Cut here", {APP: kustomization("1.0")})
    told.commit("Bump", {APP: kustomization("1.1")})

    found = told.history("checkout", shallow=True)

    assert (subjects(found), found.complete) == (["Bump"], False)


def test_the_version_is_that_of_the_primary_pin_after_the_commit(told):
    def chart(image: str, sidecar: str) -> str:
        return deployment("checkout", image) + f"        - name: proxy\n          image: envoy:{sidecar}\n"

    path = "apps/checkout/prod/d.yaml"
    told.commit("Add", {path: chart("1.0", "7")})
    told.commit("Bump", {path: chart("1.1", "7")})
    told.commit("Bump the sidecar", {path: chart("1.1", "8")})
    told.commit("Bump both", {path: chart("1.2", "9")})

    found = told.history("checkout")

    assert [release.version for release in found.releases] == ["1.2", "1.1", "1.1", "1.0"]
    assert [len(release.changes) for release in found.releases] == [2, 1, 1, 2]


def test_a_shared_base_is_in_the_history_of_every_environment(told):
    files = {f"apps/checkout/overlays/{env}/kustomization.yaml": kustomization("1.0") for env in ("dev", "prod")}
    told.commit(
        "Add", {BASE: DEPLOYMENT.format(replicas=1), "apps/checkout/base/kustomization.yaml": "resources: [deployment.yaml]\n", **files}
    )
    told.commit("Scale", {BASE: DEPLOYMENT.format(replicas=2)})

    for environment in ("dev", "prod"):
        assert subjects(told.history("checkout", environment)) == ["Scale", "Add"]


def test_the_history_of_a_file(told):
    path = "prod/all.yaml"
    told.commit("Add", {path: deployment("cart", "1.0") + "---\n" + deployment("checkout", "1.0")})
    told.commit("Bump cart", {path: deployment("cart", "1.1") + "---\n" + deployment("checkout", "1.0")})

    assert subjects(told.path(path)) == ["Bump cart", "Add"]
    with pytest.raises(Refused, match="no file"):
        told.path("nowhere.yaml")


def test_an_unknown_service_is_refused(told):
    told.commit("Add", {APP: kustomization("1.0")})

    with pytest.raises(Refused, match="no service"):
        told.history("nobody")


def test_how_long_each_release_stood(told):
    told.commit("Add", {APP: kustomization("1.0")})
    told.commit("Bump", {APP: kustomization("1.1")}, after=100)
    config = told.commit("Tune", {APP: "# x\n" + kustomization("1.1")}, after=20)
    told.commit("Bump more", {APP: kustomization("1.2")}, after=5)
    found = told.history("checkout")

    spans = served(found, told.time + 7)

    assert [spans[release.commit] for release in found.releases] == [7, 5, 25, 100]
    assert found.releases[1].commit == config


def test_a_file_that_cannot_be_had_still_counts_as_changed(told):
    told.commit("Add", {APP: kustomization("1.0"), "apps/checkout/overlays/prod/big.bin": b"1"})
    told.commit("Grow", {"apps/checkout/overlays/prod/big.bin": b"22"})
    told.blobs.pop(told.log[0].files[0].after)

    assert told.history("checkout").releases[0].merged == (LineChange("apps/checkout/overlays/prod/big.bin", 0, 0),)


SIDECAR = """\
resources: [../../base]
images:
  - name: ghcr.io/shop/checkout
    newTag: "{tag}"
  - name: ghcr.io/shop/proxy
    newTag: "{proxy}"
"""


def test_a_release_of_a_file_is_named_by_what_moved_in_it(told):
    told.commit("Add", {APP: SIDECAR.format(tag="1.0", proxy="7.0")})
    told.commit("Bump the proxy", {APP: SIDECAR.format(tag="1.0", proxy="7.1")})
    told.commit("Bump checkout", {APP: SIDECAR.format(tag="1.1", proxy="7.1")})
    told.commit("Bump both", {APP: SIDECAR.format(tag="1.2", proxy="7.2")})

    assert [release.version for release in told.path(APP).releases] == ["1.2", "1.1", "7.1", "1.0"]


def test_a_file_of_several_services_has_one_history(told):
    path = "apps/all.yaml"
    told.commit("Add", {path: deployment("web", "1.0") + "---\n" + deployment("api", "5.0")})
    told.commit("Bump api", {path: deployment("web", "1.0") + "---\n" + deployment("api", "5.1")})

    found = told.path(path)

    assert found.releases[0].version == "5.1"
    assert moves(found)[0] == [("5.0", "5.1")]
