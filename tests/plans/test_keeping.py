"""What would a bot choose that is let go: a quarantine never ends while that is the bad version."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.plans.keeping import extended, newer
from bot.plans.quarantine import lift
from bot.quarantine import Quarantine, parse
from bot.releases.release import DesiredState
from tests.plans.conftest import DAY, Telling

START = 1_700_000_000.0
PROD, STAGING = "envs/prod/app.yaml", "envs/staging/app.yaml"
APP = "ghcr.io/acme/app"
SETTER = '{"$imagepolicy": "flux-system:app"}'


def app(tag: str, comment: str = SETTER) -> str:
    image = f"      - image: {APP}:{tag} # {comment}\n        name: app\n"
    return f"kind: Deployment\nmetadata: {{name: app}}\nspec:\n  template:\n    spec:\n      containers:\n{image}"


def kept(state: DesiredState, version: str = "1.1.0", after: int = 3) -> Quarantine:
    """1.1.0 of prod, kept out since just after that many commits."""
    [pin] = [pin for service in state.estate.services if service.ref.environment == "prod" for pin in service.pins]
    places = ((PROD, pin.yaml_path, pin.artefact, version),)
    since = START + after * DAY + 60
    return Quarantine("prod", "app", version, "0123456789", "c", places, "errors", "ada", "i", since, since + DAY)


FIRST = {PROD: app("1.0.0"), STAGING: app("1.0.0")}


@pytest.mark.parametrize(
    ("later", "version"),
    [
        pytest.param([], None, id="nothing since"),
        pytest.param([{STAGING: app("1.2.0")}], "1.2.0", id="a newer one elsewhere"),
        pytest.param([{PROD: app("1.2.0")}], "1.2.0", id="a newer one here"),
        pytest.param([{STAGING: app("1.0.1")}], None, id="an older one"),
        pytest.param([{STAGING: app("1.2.0")}, {STAGING: app("1.0.0")}], None, id="a newer one that went again"),
        pytest.param([{STAGING: app("sha-77")}], "sha-77", id="one that has no order"),
    ],
)
def test_the_newest_known_version(tell: Telling, later: list[dict[str, str]], version: str | None) -> None:
    state = tell(FIRST, {PROD: app("1.1.0"), STAGING: app("1.1.0")}, {PROD: app("1.0.0", "muted")}, *later)

    found = newer(kept(state), (), state)

    assert (found and found.version) == version


def test_a_newer_version_that_is_kept_out_too_frees_nothing(tell: Telling) -> None:
    state = tell(FIRST, {PROD: app("1.1.0")}, {PROD: app("1.0.0", "muted")}, {STAGING: app("1.2.0")})

    assert newer(kept(state), [kept(state, "1.2.0")], state) is None


def test_a_longer_quarantine_still_lifts_to_the_same_bytes(tell: Telling) -> None:
    held = app("1.0.0", f"rollbot held until 2023-12-08: {SETTER}")
    state = tell(FIRST, {PROD: app("1.1.0")}, {PROD: held})
    quarantine = kept(state)

    files = extended(state, quarantine, START + 40 * DAY)

    longer = parse(quarantine.path, files[quarantine.path])
    assert longer == replace(quarantine, expires=START + 40 * DAY)
    assert files[PROD] == app("1.0.0", f"rollbot held until 2023-12-24: {SETTER}").encode()
    tree, blobs = {**state.tree, PROD: "new", longer.path: "q"}, {"new": files[PROD], "q": files[longer.path]}
    assert lift(replace(state, tree=tree, blobs=blobs), longer)[PROD] == app("1.0.0").encode()
