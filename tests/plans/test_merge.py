"""The merge against Git's own, and by its own laws."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.plans.merge import apply, diff, lines_of, merge

LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"  c: 1\n", b"  c: 2\n", b"\n", b"d\r\n", b"e\n", b"f\n"]), max_size=14)
TEXTS = st.lists(st.integers(0, 400).map(lambda n: b"%d\n" % n), max_size=30, unique=True)


def git_merge(folder: Path, base: bytes, ours: bytes, theirs: bytes) -> tuple[bool, bytes]:
    for name, text in (("base", base), ("ours", ours), ("theirs", theirs)):
        (folder / name).write_bytes(text)
    command = ["git", "merge-file", "-p", "-q", "--", *(str(folder / name) for name in ("ours", "base", "theirs"))]
    answer = subprocess.run(command, capture_output=True, check=False)
    assert answer.returncode >= 0
    return answer.returncode == 0, answer.stdout


@settings(max_examples=100, deadline=None)
@given(LINES, LINES)
def test_a_diff_applied_gives_the_other_text(before, after):
    assert apply(before, diff(before, after)) == after


@settings(max_examples=100, deadline=None)
@given(LINES, LINES)
def test_merging_with_an_untouched_side_gives_the_other(base, other):
    text, changed = b"".join(base), b"".join(other)

    assert merge(text, text, changed).text == changed
    assert merge(text, changed, text).text == changed


@st.composite
def edited(draw, base):
    lines = list(draw(base))
    sides = []
    for side in (b"x", b"y"):
        copy = list(lines)
        for number in range(draw(st.integers(0, 3))):
            at = draw(st.integers(0, len(copy)))
            new = draw(st.sampled_from([b"same\n", side + b"%d\n" % number]))
            match draw(st.sampled_from(["insert", "replace", "delete"])):
                case "insert":
                    copy.insert(at, new)
                case "replace" if at < len(copy):
                    copy[at] = new
                case "delete" if at < len(copy):
                    del copy[at]
        sides.append(b"".join(copy))
    return b"".join(lines), *sides


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edited(TEXTS))
def test_it_merges_as_git_does_wherever_both_are_clean(tmp_path, texts):
    clean, expected = git_merge(tmp_path, *texts)

    merged = merge(*texts)

    assert not clean or merged.conflicts or merged.text == expected
    assert clean or merged.conflicts


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "text", "conflicts"),
    [
        pytest.param(b"a\nb\nc\nd\n", b"A\nb\nc\nd\n", b"a\nb\nc\nD\n", b"A\nb\nc\nD\n", 0, id="apart"),
        pytest.param(b"a\nb\n", b"A\nb\n", b"a\nB\n", b"A\nb\n", 1, id="touching conflicts, as in git"),
        pytest.param(b"a\nb\n", b"x\nb\n", b"x\nb\n", b"x\nb\n", 0, id="both the same"),
        pytest.param(
            b"a\nb\nc\nd\n", b"x\nb\nc\nd\n", b"y\nb\nc\nz\n", b"x\nb\nc\nz\n", 1, id="the clean part goes in, the other stays ours"
        ),
        pytest.param(b"a\r\nb\r\n", b"a\r\nb\r\n", b"a\r\nc\r\n", b"a\r\nc\r\n", 0, id="carriage returns stay"),
        pytest.param(b"a\nb", b"a\nb", b"a\nc", b"a\nc", 0, id="no final newline"),
        pytest.param(b"", b"", b"a\n", b"a\n", 0, id="from nothing"),
        pytest.param(b"a\n\n\n", b"a\n\n\n", b"a\n", b"a\n", 0, id="blank lines go"),
    ],
)
def test_merge(base, ours, theirs, text, conflicts):
    merged = merge(base, ours, theirs)

    assert (merged.text, len(merged.conflicts)) == (text, conflicts)


def test_lines_keep_every_byte():
    text = b"a\rb\r\n\n\xffc"

    assert b"".join(lines_of(text)) == text
    assert lines_of(text) == [b"a\rb\r\n", b"\n", b"\xffc"]


def test_a_long_script_still_merges():
    base = b"".join(b"%d\n" % n for n in range(4000))
    theirs = b"".join(b"x%d\n" % n for n in range(2000)) + b"".join(b"%d\n" % n for n in range(2000, 4000))
    ours = base[:-5] + b"last\n"

    assert merge(base, ours, theirs).text == theirs[:-5] + b"last\n"
