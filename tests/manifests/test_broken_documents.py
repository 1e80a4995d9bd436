"""A file of which one document is broken: the others are read, their places are right, and an edit is proven or refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.manifests.documents import Unparsable, document_spans, parse, parse_each
from bot.manifests.pin import Pin, PinKind
from bot.manifests.read import read
from bot.manifests.spans import edit
from bot.objections import Objection

WEB = "kind: Deployment\nmetadata: {name: web}\nspec:\n  image: &web shop/web:1.2.3 # é\n  again: *web\n"
JOB = "kind: Job\nmetadata: {name: job}\nspec: {image: 'shop/job:2.0.0'}\n"
BROKEN = [
    pytest.param("a: [1\n", id="not closed"),
    pytest.param('a: "b\n', id="a quote not closed"),
    pytest.param("a: b\n  c: d\n", id="indented wrongly"),
    pytest.param("a: *nowhere\nb: {\n", id="two faults"),
    pytest.param("a:\n\t- b\n", id="tabs"),
    pytest.param("\x01: b\n", id="a control character"),
    pytest.param("%YAML 9.9\n%YAML 1.1\n--- a\n", id="directives"),
]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize("broken", BROKEN)
def test_the_other_documents_are_read(broken: str, bom: str, ending: str) -> None:
    file = (bom + f"{WEB}---\n{broken}---\n{JOB}").replace("\n", ending).encode()

    reading = read(file, "apps/all.yaml")

    assert [(pin.object_name, pin.value) for pin in reading.pins] == [("web", "1.2.3"), ("job", "2.0.0")]
    assert all(file[pin.start : pin.end].decode() == pin.value for pin in reading.pins)
    assert all(file.count(b"\n", 0, pin.start) + 1 == pin.line for pin in reading.pins)
    (objection,) = reading.objections
    assert (objection.code, objection.path) == ("unparsable", "apps/all.yaml")
    assert objection.line is not None
    assert 7 <= objection.line <= 10
    assert objection.why


def test_documents_keep_their_numbers() -> None:
    file = f"# first\n---\n{JOB}---\na: [\n---\n{WEB}...\n---\nb: {{\n---\n{JOB}".encode()

    assert [(pin.document, pin.value) for pin in read(file, "x.yaml").pins] == [(0, "2.0.0"), (2, "1.2.3"), (4, "2.0.0")]


def test_bytes_that_are_no_text_spoil_their_own_document_only() -> None:
    file = f"{WEB}---\na: ".encode() + b"\xff\xfe\n---\n" + JOB.encode()

    reading = read(file, "x.yaml")

    assert [pin.value for pin in reading.pins] == ["1.2.3", "2.0.0"]
    assert [(o.line, o.why) for o in reading.objections] == [(7, "a document of this file is not read: not UTF-8")]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_whole_document_is_edited_and_no_other_byte(broken: str) -> None:
    file = f"{WEB}---\n{broken}---\n{JOB}".encode()
    web, job = read(file, "x.yaml").pins

    answer = edit(file, {web: "1.2.4", job: "2.0.1"})

    assert answer == file.replace(b"1.2.3", b"1.2.4").replace(b"2.0.0", b"2.0.1")


def test_an_edit_inside_the_broken_document_is_refused() -> None:
    file = f"{WEB}---\na: [\nimage: shop/x:3\n".encode()
    at = file.index(b"x:3") + 2
    pin = Pin("x.yaml", 1, "image", 8, at, at + 1, "helm", PinKind.IMAGE, "", "", "", "shop/x", "3")

    answer = edit(file, {pin: "4"})

    assert isinstance(answer, Objection)
    assert answer.code == "inexact-edit"


def test_a_broken_secret_between_them_is_not_told() -> None:
    file = f"{WEB}---\nkind: Secret\nstringData: {{image: 'shop/hidden:1'\n---\n{JOB}".encode()

    assert [pin.value for pin in read(file, "x.yaml").pins] == ["1.2.3", "2.0.0"]


def test_who_asks_for_all_of_a_file_is_told_that_it_is_broken() -> None:
    with pytest.raises(Unparsable) as raised:
        parse(b"a: 1\n---\nb: [\n")

    assert raised.value.line == 4


LINES = ["a: b", "- c", "---", "--- d", "---e", "...", "%YAML 1.2", "%x", " ---", "e: [", "f: |", '"', "", "# ---", "\ufeff---", "é: ---"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=14), st.sampled_from(["\n", "\r\n"]))
def test_the_pieces_of_any_text_are_the_text(lines: list[str], ending: str) -> None:
    file = ending.join(lines).encode()

    spans = document_spans(file)

    assert b"".join(file[start:end] for start, end in spans) == file


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*(line for line in LINES if line[:1] != "%"), "...\n%YAML 1.2", WEB, JOB]), max_size=10))
def test_where_all_is_whole_the_pieces_say_the_same(lines: list[str]) -> None:
    file = "\n".join(lines).encode()
    try:
        whole = parse(file)
    except Unparsable:
        return

    apart = [document for start, end in document_spans(file) for document in parse_each(file[start:end]).documents]

    assert len(apart) == len(whole)
