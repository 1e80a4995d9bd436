"""Which of two versions is newer, and what a declaration admits."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.releases.ordering import Order, compare
from bot.releases.requires import Unreadable, admits, bounds, names, requires, wave

NOTHING = Order()


@pytest.mark.parametrize(
    "rising",
    [
        pytest.param(
            "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0", id="semver.org, item 11"
        ),
        pytest.param("v1.9.0 1.10 v1.10.1 2 2.0.1 2.0.1.1", id="more numbers and fewer, with v and without"),
        pytest.param("2026.1.9 2026.01.10 2026-02-01 2026.2.1-1 2026.2.1-2 2027.1", id="calendar versions"),
        pytest.param("20261123 20261124", id="dates"),
        pytest.param("9@sha256:00 10@sha256:11", id="with digests"),
    ],
)
def test_versions_rise(rising: str):
    for older, newer in pairwise(rising.split()):
        assert (compare(older, newer, NOTHING), compare(newer, older, NOTHING)) == (-1, 1)


@pytest.mark.parametrize(("one", "other"), [("1.2", "v1.2.0"), ("1.2.0+build.7", "1.2.0"), ("2026.03.04", "2026.3.4")])
def test_versions_that_are_the_same(one: str, other: str):
    assert compare(one, other, NOTHING) == 0


def test_where_numbers_do_not_decide_the_order_of_releases_does():
    order = Order(("main-cccccccc", "codename", "bbbbbbb2b0", "1.0.0"))

    assert compare("codename", "bbbbbbb", order) == 1
    assert compare("1.0.0", "main-cccccccc", order) == -1
    assert compare("codename", "never-released", order) is None


@given(st.lists(st.sampled_from(["1", "1.0", "1.0.0-a", "1.2-3", "2026.1.1", "2026-01-01-2", "v3", "3.0.0-rc.1"]), min_size=3, max_size=3))
def test_the_order_of_numbers_is_transitive(three: list[str]):
    one, two, three_ = three
    first, second = compare(one, two, NOTHING), compare(two, three_, NOTHING)
    if first is not None and second is not None and first <= 0 and second <= 0:
        assert (compare(one, three_, NOTHING) or 0) <= 0


@pytest.mark.parametrize(
    ("wanted", "version", "answer"),
    [
        (">=2.3 <3", "2.3.0", True),
        (">=2.3 <3", "2.2.9", False),
        (">=2.3, <3", "3.0.0", False),
        ("<3", "3.0.0-rc.1", False),
        ("<3.0.0-rc.2", "3.0.0-rc.1", True),
        ("!=2.4.1", "2.4.1", False),
        ("!=2.4.1", "a-branch", True),
        ("2.4", "2.4.0", True),
        ("> 2.4 <=2.6", "2.6", True),
        (">=2.3", "a-branch", None),
        (">=2.3 <1", "a-branch", None),
    ],
)
def test_what_bounds_admit(wanted: str, version: str, answer: bool | None):
    assert admits(bounds(wanted), version, NOTHING) is answer


def test_a_declaration_names_services_and_their_bounds():
    assert [str(clause) for clause in requires("payments >=2.3 <3;\n catalog>=1.9 ; staging/web =v7")] == [
        "payments >=2.3 <3",
        "catalog >=1.9",
        "staging/web =v7",
    ]
    assert names("web, api;worker") == ("web", "api", "worker")
    assert wave(" 2 ") == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected services with versions"),
        (" ; ", "expected services with versions"),
        ("payments", "expected a version after payments"),
        ("payments ^2.3", "expected `>=`"),
        ("payments >=", "expected `>=`"),
        ("payments >=2.3; catalog", "expected a version after catalog"),
        ("payments >=2.3 and <3", "before `and`"),
        (">=2.3", "expected a service and its versions"),
        ("pay ments! >=2", "expected `>=`"),
        ("payments and catalog >=2", "before `and`"),
        ("{{ .Values.requires }}", "expected a service and its versions"),
    ],
)
def test_what_does_not_parse_says_what_was_expected(text: str, says: str):
    with pytest.raises(Unreadable, match=says):
        requires(text)


@pytest.mark.parametrize("text", ["", "-1", "first", "1000", "2.5"])
def test_a_wave_is_a_whole_number(text: str):
    with pytest.raises(Unreadable, match="whole number"):
        wave(text)


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str):
    for parse in (requires, names, wave, bounds):
        try:
            parse(text)
        except Unreadable as error:
            assert str(error)
