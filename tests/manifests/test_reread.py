"""Rereading: always what reading says, or no answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.manifests.formats import FORMATS
from bot.manifests.read import read
from bot.manifests.reread import reread
from bot.manifests.rules import ManifestRules, PinRule

FIXTURES = Path(__file__).parents[2] / "fixtures" / "manifests"
FILES = [
    file for name in FORMATS for file in sorted((FIXTURES / name).rglob("*")) if file.is_file() and not file.name.endswith(".expected.json")
]
VALUES = [
    "1.4.1", "v2", "1.10", "0777", "latest", "main", "null", "true", "~", "refs", "Secret", "sops", "a b", "x: y", "2026-11-23", "7",
    "sha256:" + "c" * 64, "d" * 40, "1.2.3@sha256:" + "e" * 64, "", "'", "{{ x }}", "${TAG}", "main-0123abcd-1700000000", "10.0.0.1",
    ">=1.2", "*", "repo:tag", "1.4.0-rc.1", "web", "shop/web", "IMAGE", "name", "kustomization", "v1.2.3+k3s1",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_says_what_reading_says_whatever_is_written_into_the_pins(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(FILES))
    before = file.read_bytes()
    reading = read(before, file.name)
    chosen = data.draw(st.lists(st.sampled_from(reading.pins), max_size=4, unique=True)) if reading.pins else []
    after = before
    for pin in sorted(chosen, key=lambda pin: -pin.start):
        value = data.draw(st.sampled_from(VALUES) | st.from_regex(r"[A-Za-z0-9._+-]{1,12}", fullmatch=True))
        after = after[: pin.start] + value.encode() + after[pin.end :]

    answer = reread(before, reading, after)

    assert answer is None or answer == read(after, file.name)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(FILES), st.integers(0, 4000), st.integers(0, 12), st.binary(max_size=8))
def test_says_what_reading_says_whatever_else_changes(file: Path, at: int, gone: int, new: bytes) -> None:
    before = file.read_bytes()
    start = at % (len(before) + 1)
    after = before[:start] + new + before[start + gone :]
    reading = read(before, file.name)

    answer = reread(before, reading, after)

    assert answer is None or answer == read(after, file.name)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(FIXTURES)))
def test_a_usual_bump_needs_no_parsing(file: Path) -> None:
    before = file.read_bytes()
    reading = read(before, file.name)
    whole = [pin for pin in reading.pins if before[pin.end : pin.end + 1] != b"."]  # in a file name the suffix looks like more version
    usual = [pin for pin in whole if pin.value[-1] in "0123" and pin.value.replace(".", "").isdigit() and "." in pin.value]
    for pin in usual:
        others = [one for one in reading.pins if pin.value in one.artefact or pin.value in one.yaml_path or pin.value == one.object_name]
        after = before[: pin.end - 1] + b"19" + before[pin.end :]
        answer = reread(before, reading, after)
        assert others or answer == read(after, file.name)


def test_the_same_text_has_the_same_reading() -> None:
    reading = read(b"a: [", "x.yaml")
    assert reread(b"a: [", reading, b"a: [") is reading
    assert reread(b"a: [", reading, b"a: []") is None


def test_files_that_a_rule_reads_are_always_parsed() -> None:
    rules = ManifestRules(pins=(PinRule("r", "*.yaml", regex="tag: (?P<version>1.*)"),))
    before = b"tag: 1.2.3\n"
    assert reread(before, read(before, "x.yaml", rules), b"tag: 2.2.3\n", rules) is None
