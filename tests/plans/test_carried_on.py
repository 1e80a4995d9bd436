"""What directly carried a commit on, or was made for what it brought in, goes back with it; nothing else does."""

from __future__ import annotations

import pytest

from bot.objections import Weight
from bot.plans.make import make
from bot.plans.plan import ByCommit
from bot.refs import Sha
from tests.plans.test_make import codes, planned

FILE, OTHER = "shop/values.yaml", "shop/other.yaml"
MINUTES, DAY = 600, 86_400
NAME = "Switch to the official chart"


def values(tag: str = "1.0.0", log: str = "info", probe: str = "/") -> str:
    return f"image:\n  repository: ghcr.io/x/shop\n  tag: {tag}\nresources: {{}}\nlog: {log}\nreplicas: 2\nport: 80\nprobe: {probe}\n"


def undone(state, subject: str):
    return make(ByCommit(next(commit.sha for commit in reversed(state.log) if commit.subject == subject)), state)


@pytest.mark.parametrize(
    ("first", "second", "goes"),
    [
        pytest.param(NAME, NAME, True, id="the same subject"),
        pytest.param(NAME, "Log more", False, id="another subject"),
        pytest.param("Fix shop", "Fix shop", False, id="a subject that says nothing"),
        pytest.param("Update values.yaml", "Update values.yaml", False, id="a web editor's subject"),
        pytest.param("Bump shop", "Log more because of a bug in 1.1.0", True, id="made for the version"),
        pytest.param("Bump shop", "Log more because of a bug in v1.1.0.", True, id="made for the version, as people write it"),
        pytest.param("Bump shop", "Log more because of a bug in 1.1.0.2", False, id="made for another version"),
        pytest.param("Bump shop", "Log more because of a bug in 11.1.0", False, id="made for yet another version"),
    ],
)
def test_what_carried_it_on_goes_too(tell, first, second, goes):
    state = tell({FILE: values()}, (first, {FILE: values("1.1.0")}), (second, {FILE: values("1.1.0", log="debug")}), step=MINUTES)

    plan = planned(undone(state, first))

    assert plan.files == {FILE: (values() if goes else values(log="debug")).encode()}
    assert [o.weight for o in plan.objections if o.code == "part"] == ([Weight.PERSON] if goes else [])


def test_what_came_afterwards_stays(tell):
    state = tell(
        {FILE: values()},
        (NAME, {FILE: values("1.1.0")}),
        (NAME, {FILE: values("1.1.0", log="debug")}),
        ("Probe shop", {FILE: values("1.1.0", log="debug", probe="/ready")}),
        step=MINUTES,
    )

    assert planned(undone(state, NAME)).files == {FILE: values(probe="/ready").encode()}


def test_a_file_made_in_two_commits_goes(tell):
    state = tell({OTHER: "a: 1\n"}, (NAME, {FILE: values()}), (NAME, {FILE: values("1.1.0")}), step=MINUTES)

    assert planned(undone(state, NAME)).files == {FILE: None}


@pytest.mark.parametrize(
    ("later", "step"),
    [
        pytest.param([(NAME, {FILE: values("1.1.0", log="debug")})], DAY, id="a day later"),
        pytest.param(
            [("Probe", {FILE: values("1.1.0", probe="/x")}), (NAME, {FILE: values("1.1.0", "debug", "/x")})], MINUTES, id="not directly"
        ),
        pytest.param([(NAME, {FILE: values("1.1.0", log="debug"), OTHER: "a: 2\n"})], MINUTES, id="with other files"),
        pytest.param([("Bump for 1.1.0", {FILE: values("1.1.1", log="debug")})], MINUTES, id="a release of its own"),
    ],
)
def test_it_is_a_change_of_its_own(tell, later, step):
    state = tell({FILE: values(), OTHER: "a: 1\n"}, (NAME, {FILE: values("1.1.0")}), *later, step=step)

    assert "part" not in codes(undone(state, NAME))


def test_a_part_that_was_taken_back_already_is_none(tell):
    both = [(NAME, {FILE: values("1.1.0")}), (NAME, {FILE: values("1.1.0", log="debug")})]
    state = tell({FILE: values()}, *both, (f'Revert "{NAME}"', {FILE: values("1.1.0")}), step=MINUTES)

    plan = planned(make(ByCommit(Sha(state.log[2].sha)), state))

    assert plan.files == {FILE: values().encode()}
    assert "part" not in codes(plan)
