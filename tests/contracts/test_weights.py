"""Every row of WEIGHTS, held to its fixtures: exactly the weights listed beside them change, all of it comes back, nothing raises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.manifests.weights.draining import Drained, drain, restore, routed
from bot.manifests.weights.table import WEIGHTS, splits
from bot.objections import Objection

FIXTURES = Path(__file__).parents[2] / "fixtures" / "weights"
FILES = [pytest.param(name, file, id=f"{name}/{file.stem}") for name in WEIGHTS for file in sorted((FIXTURES / name).glob("*.yaml"))]
WORDS = [
    *(f"{head}\n" for name in WEIGHTS for file in (FIXTURES / name).glob("*.yaml") for head in file.read_text().splitlines()),
    "&a ", "*a", "<<: ", "{{ .Values.weight }}",
    "weight: -1\n", "weight: 1e2\n", "weight: [1]\n", "weight:\n", "'", '"', "---\n", "- ", "  ", "\r\n", "é",
]  # fmt: skip


def expected(file: Path) -> tuple[list[str], dict[str, str]]:
    told = json.loads(file.with_suffix(".expected.json").read_text())
    return told["bad"], told["drained"]


def test_every_row_has_a_fixture() -> None:
    assert {name for name in WEIGHTS if not list((FIXTURES / name).glob("*.expected.json"))} == set()


@pytest.mark.parametrize(("name", "file"), FILES)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
def test_drains_exactly_what_is_listed_and_gives_it_back(name: str, file: Path, ending: str, bom: bytes) -> None:
    text = bom + file.read_bytes().replace(b"\n", ending.encode()).rstrip(b"\r\n")
    bad, wanted = expected(file)

    drained = drain(text, file.name, bad)

    assert isinstance(drained, Drained), drained
    assert {shift.yaml_path: shift.after for shift in drained.shifts} == wanted
    assert all(text.splitlines()[shift.line - 1] != drained.text.splitlines()[shift.line - 1] for shift in drained.shifts)
    changed = {index for index, pair in enumerate(zip(text.split(b"\n"), drained.text.split(b"\n"), strict=True)) if len(set(pair)) > 1}
    assert changed == {shift.line - 1 for shift in drained.shifts}
    assert restore(drained.text, file.name, drained.shifts) == text


@pytest.mark.parametrize(("name", "file"), FILES)
def test_what_is_drained_already_is_not_drained_again(name: str, file: Path) -> None:
    bad, _ = expected(file)
    once = drain(file.read_bytes(), file.name, bad)
    assert isinstance(once, Drained)

    again = drain(once.text, file.name, bad)

    assert isinstance(again, Objection)
    assert again.code == "already-drained"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=25).map("".join), st.sampled_from(["checkout-canary", "reviews/v3", "ledger-v3"]))
def test_no_text_makes_it_raise(text: str, bad: str) -> None:
    file = text.encode()

    answer = drain(file, "route.yaml", [bad])

    assert isinstance(answer, Objection) or restore(answer.text, "route.yaml", answer.shifts) == file
    assert all(split in splits(file, "route.yaml") for split in routed(file, "route.yaml", [bad]))
