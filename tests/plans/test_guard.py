"""What counts as a release that comes back: one quarantine of `web` 1.4.0 in prod, two revisions, told as real Git."""

from dataclasses import replace

import pytest

from bot.plans.guard import judge, lifts
from bot.quarantine import Quarantine

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
PATH = "apps/web/prod/deployment.yaml"
PLACE = (PATH, "spec.template.spec.containers[name=web].image", "ghcr.io/x/web", "1.4.0")
KEPT = Quarantine("prod", "web", "1.4.0", "ab" * 32, "cd" * 20, (PLACE,), "errors", "ann", "i1", 1_700_000_000.0, 1_800_000_000.0)
NOW = KEPT.since + 60


def deployment(version, image="ghcr.io/x/web", name="web", container="web"):
    separator = "" if version.startswith("@") else ":"
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n"
        f"      containers:\n        - name: {container}\n          image: {image}{separator}{version}\n"
    )


def returned(tell, after, kept=KEPT, before=None, **options):
    start = tell(before or {PATH: deployment("1.3.0")})
    changed = tell(before or {PATH: deployment("1.3.0")}, after)
    return judge(start, changed, (kept,), lifted=(), now=NOW, **options).returns


@pytest.mark.parametrize(
    ("after", "comes"),
    [
        pytest.param({PATH: deployment("1.4.0")}, True, id="the version"),
        pytest.param({PATH: deployment(f"1.4.0@{DIGEST}")}, True, id="with a digest"),
        pytest.param({PATH: deployment("1.4.0", "mirror.example/cache/web")}, True, id="from a mirror"),
        pytest.param({PATH: deployment("1.4.0", container="main")}, True, id="in a container of another name"),
        pytest.param({PATH: deployment("1.4.0", name="web-next")}, True, id="in an object of another name"),
        pytest.param({PATH: "# new\n---\n" + deployment("1.4.0")}, True, id="in another document"),
        pytest.param({PATH: None, "apps/web/prod/app.yaml": deployment("1.4.0")}, True, id="in a renamed file"),
        pytest.param({PATH: None, "services/web/prod/deployment.yaml": deployment("1.4.0")}, True, id="in a moved file"),
        pytest.param({"apps/web/prod/canary.yaml": deployment("1.4.0", name="web-canary")}, False, id="in a service of its own"),
        pytest.param({"apps/web/staging/deployment.yaml": deployment("1.4.0")}, False, id="in another environment"),
        pytest.param({PATH: deployment("1.4.1")}, False, id="the next version"),
        pytest.param({PATH: deployment("1.4.0-rc1")}, False, id="a longer version"),
        pytest.param({PATH: deployment("1.4.0", "ghcr.io/x/api")}, False, id="of another image"),
        pytest.param({PATH: "# 1.4.0\n" + deployment("1.3.0")}, False, id="in a comment"),
    ],
)
def test_a_version(tell, after, comes):
    found = returned(tell, after)

    assert bool(found) is comes
    assert all(each.line == 10 + ("# new" in str(after)) * 2 for each in found)


@pytest.mark.parametrize(
    ("kept", "now", "comes"),
    [
        pytest.param(f"1.4.0@{DIGEST}", f"1.4.0@{DIGEST}", True, id="the same"),
        pytest.param(f"1.4.0@{DIGEST}", "1.4.0", True, id="the tag alone"),
        pytest.param(f"1.4.0@{DIGEST}", f"@{DIGEST}", True, id="the digest alone"),
        pytest.param(f"1.4.0@{DIGEST}", f"stable@{DIGEST}", True, id="the digest under another tag"),
        pytest.param(f"1.4.0@{DIGEST}", f"1.4.0@{OTHER}", False, id="the tag built anew"),
        pytest.param(DIGEST, f"@{DIGEST}", True, id="digests alone"),
        pytest.param(DIGEST, "1.4.0", False, id="a tag of which nothing is known"),
    ],
)
def test_digests_say_it_where_both_have_one(tell, kept, now, comes):
    quarantine = replace(KEPT, places=((*PLACE[:3], kept),))

    assert bool(returned(tell, {PATH: deployment(now)}, quarantine)) is comes


@pytest.mark.parametrize(
    "after",
    [
        pytest.param({PATH: "# touched\n" + deployment("1.4.0")}, id="in its file"),
        pytest.param({PATH: None, "apps/web/prod/app.yaml": deployment("1.4.0")}, id="in a moved file"),
    ],
)
def test_what_was_there_does_not_come_back(tell, after):
    assert returned(tell, after, before={PATH: deployment("1.4.0")}) == ()


def test_one_whose_commit_is_unknown_is_told(tell):
    start = tell({PATH: deployment("1.3.0")})

    verdict = judge(start, start, (replace(KEPT, places=()),), lifted=(), now=NOW)

    assert [each.version for each in verdict.untold] == ["1.4.0"]


@pytest.mark.parametrize(
    ("after", "lifted"),
    [
        pytest.param((), True, id="gone"),
        pytest.param((KEPT,), False, id="as it was"),
        pytest.param((replace(KEPT, expires=KEPT.expires + 1),), False, id="longer"),
        pytest.param((replace(KEPT, expires=KEPT.expires - 1),), True, id="shorter"),
        pytest.param((replace(KEPT, reason="another reason"),), False, id="in other words"),
        pytest.param((replace(KEPT, places=(PLACE, ("b", "c", "d", "e"))),), False, id="more places"),
        pytest.param((replace(KEPT, places=()),), True, id="no places"),
        pytest.param((replace(KEPT, service="api"),), True, id="of another service"),
    ],
)
def test_what_lifts_a_quarantine(after, lifted):
    assert lifts((KEPT,), after) == ((KEPT,) if lifted else ())
