"""What keeps a bad release out: setters muted in the rollback's own commit, and every byte restored when that is lifted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.manifests.setters import mute, setters, unmute
from bot.plans.make import make
from bot.plans.plan import ByPath, Plan
from bot.plans.quarantine import keep_out, lift
from bot.quarantine import read
from bot.releases.release import DesiredState
from tests.plans.conftest import Telling

START, EXPIRES = 1_700_900_000.0, 1_702_000_000.0
SETTER = '{"$imagepolicy": "flux-system:app"}'


def release(tag: str, comment: str = f"# {SETTER}", tail: str = "") -> str:
    image = f"      - image: ghcr.io/acme/app:{tag} {comment}\n        name: app\n"
    return f"kind: Deployment\nmetadata: {{name: app}}\nspec:\n  template:\n    spec:\n      containers:\n{image}{tail}"


def rolled_back(state: DesiredState, path: str = "app.yaml") -> Plan:
    plan = make(ByPath(path), state)
    assert isinstance(plan, Plan)
    return keep_out(plan, "i1", "errors", since=START, expires=EXPIRES)


def after(plan: Plan, state: DesiredState) -> DesiredState:
    """The desired state once the plan is merged, as far as `lift` looks at it."""
    files = {path: text for path, text in plan.written().items() if text is not None}
    tree = {**state.tree, **{path: f"new:{path}" for path in files}}
    return replace(
        state, tree=tree, blobs={**{b: state.blobs[b] for b in state.tree.values()}, **{f"new:{p}": t for p, t in files.items()}}
    )


@pytest.mark.parametrize(
    ("comment", "muted"),
    [
        (f"# {SETTER}", f"# rollbot held until 2023-12-08: {SETTER}"),
        (f"#{SETTER}", f"#rollbot held until 2023-12-08: {SETTER}"),
        ('#  {"$imagepolicy":"flux-system:app"} ', '#  rollbot held until 2023-12-08: {"$imagepolicy":"flux-system:app"} '),
    ],
)
def test_the_pin_goes_back_and_its_setter_is_muted_in_one_commit(tell: Telling, comment: str, muted: str) -> None:
    state = tell({"app.yaml": release("1.0.0", comment)}, {"app.yaml": release("1.1.0", comment)})

    plan = rolled_back(state)

    assert plan.files == {"app.yaml": release("1.0.0", comment).encode()}
    assert plan.written()["app.yaml"] == release("1.0.0", muted).encode()


@pytest.mark.parametrize("end", ["", "# the end, without a newline"])
def test_lifting_restores_every_byte_and_brings_no_version_back(tell: Telling, end: str) -> None:
    first, second = release("1.0.0", tail=end).replace("\n", "\r\n"), release("1.1.0", tail=end).replace("\n", "\r\n")
    state = tell({"app.yaml": first}, {"app.yaml": second})
    merged = after(rolled_back(state), state)
    [held] = read(merged)

    assert lift(merged, held, read(merged)) == {held.path: None, "app.yaml": first.encode()}


def test_what_another_quarantine_holds_stays_muted(tell: Telling) -> None:
    state = tell({"app.yaml": release("1.0.0")}, {"app.yaml": release("1.1.0")})
    merged = after(rolled_back(state), state)
    [held] = read(merged)

    assert lift(merged, held, (held, replace(held, version="1.2.0"))) == {held.path: None}


def test_a_setter_of_another_line_and_one_that_a_person_muted_stay_as_they_are(tell: Telling) -> None:
    side = '      - image: ghcr.io/acme/side:5.0 # {"$imagepolicy": "flux-system:side"}\n        name: side\n'
    state = tell(
        {"app.yaml": release("1.0.0", f"# pinned by ann {SETTER}", side)}, {"app.yaml": release("1.1.0", f"# pinned by ann {SETTER}", side)}
    )

    plan = make(ByPath("app.yaml", "ghcr.io/acme/app"), state)

    assert isinstance(plan, Plan)
    assert keep_out(plan, "i1", "errors", since=START, expires=EXPIRES).written()["app.yaml"] == plan.files["app.yaml"]


LINES = st.lists(
    st.sampled_from(
        [
            b"tag: 1.0.0 # " + SETTER.encode(),
            b"# " + SETTER.encode(),
            b"tag: '1' #" + SETTER.encode() + b"\r",
            b"a: b",
            b"",
            b"# rollbot held until soon",
            b"tag: 2 # rollbot held until 2024-01-01: " + SETTER.encode(),
        ]
    ),
    max_size=8,
)


@settings(deadline=None)
@given(LINES, st.sets(st.integers(0, 9)))
def test_muting_and_unmuting_is_the_same_text(lines: list[bytes], numbers: set[int]) -> None:
    file = unmute(b"\n".join(lines), range(12))

    muted = mute(file, numbers, "2026-12-08")

    assert unmute(muted, numbers) == file
    live = [line for line, setter in setters(muted).items() if not setter.muted]
    assert not set(live) & numbers
