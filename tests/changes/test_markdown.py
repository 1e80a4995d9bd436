"""Whatever strangers wrote: rendered as a forge does, it is text. No link, no HTML, no mention; every fence and fold closed."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.attribution.onset import Onset
from bot.changes.body import body, undo_body
from bot.changes.brief import Accused, Brief, DataVerdict, Merging
from bot.changes.markdown import LONGEST, code, fenced, folded, joined, listed, prose
from bot.changes.mermaid import chart, label, timeline
from bot.incidents.incident import Symptom
from bot.plans.plan import Edit, MergedLines, Plan, QuarantineEdit, Target
from bot.refs import ServiceRef, Sha
from tests.changes.rendering import EVIL, GITHUB, TEXT, harmless, tokens


@settings(max_examples=300, deadline=None)
@given(TEXT)
def test_prose_is_one_paragraph_of_text(text: str) -> None:
    shown = f"{prose(text)}\n"
    harmless(shown)
    harmless(f"- {prose(text)}\n")
    types = {token.type for token in GITHUB.parse(shown)}
    assert types <= {"paragraph_open", "inline", "paragraph_close"}
    inline = {token.type for token in tokens(shown)} - types
    assert inline <= {"text", "text_special"}


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_code_is_one_span(text: str) -> None:
    [inline] = [token for token in GITHUB.parse(f"a {code(text)} b") if token.type == "inline"]

    assert [token.type for token in inline.children or ()] in (["text", "code_inline", "text"],)


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXT, max_size=4))
def test_a_fence_holds_its_lines_and_nothing_after_it(lines: list[str]) -> None:
    found = GITHUB.parse(f"{fenced(lines, 'diff')}\n\nafter\n")

    assert [token.type for token in found] == ["fence", "paragraph_open", "inline", "paragraph_close"]


def a_plan(text: str, many: int = 1) -> Plan:
    service = ServiceRef("r", text, text)
    target = Target(text, Sha("d" * 40), 9000.0, text)
    return Plan(
        repository="r",
        base=Sha("a" * 40),
        services=(service,) * many,
        undone=Sha("b" * 40),
        undone_version=text,
        release="c" * 64,
        target=target,
        alternatives=(target, replace(target, version="other")) * many,
        edits=(Edit("a.yaml", text, text, 7, text, text),) * many,
        merged=(MergedLines("a.yaml", 1, 2),) * many,
        files={"a.yaml": f"{text}\nnew\n".encode("utf-8", "replace") * many},
        quarantine=(QuarantineEdit("q.yaml", text.encode("utf-8", "replace"), text, text, 5.0),),
    )


def a_brief(text: str, many: int = 1) -> Brief:
    symptom = Symptom("k", "s", text, {}, 100.0, text, text, text)
    accused = Accused(text, text, text, 90.0, 0.7, True)
    return Brief(
        reason=text,
        before={"a.yaml": f"{text}\nold\n".encode("utf-8", "replace") * many, "q.yaml": None},
        alerts=(symptom,) * many,
        onset=Onset(90.0, 100.0, text),
        suspects=(accused,) * many,
        cleared=(accused,) * many,
        none=0.3,
        released=50.0,
        decided=200.0,
        expires=9999.0,
        metric=text,
        samples=tuple((float(at), at / 7) for at in range(0, 200, 10)),
        merging=Merging(False, text),
        data=DataVerdict(None, text),
        against=(text,) * many,
        culprit=226,
    )


@settings(max_examples=150, deadline=None)
@given(TEXT)
def test_nobodys_text_breaks_out_of_a_body(text: str) -> None:
    plan, brief = a_plan(text), a_brief(text)

    harmless(body(plan, brief, "<!-- rollbot:1 -->", text))
    harmless(body(plan, replace(brief, asked_by=text, alerts=(), suspects=()), "<!-- rollbot:1 -->", text))
    harmless(undo_body(plan, brief, "<!-- rollbot:1 -->", text))


def test_a_body_has_the_fences_it_should() -> None:
    harmless(body(a_plan("x"), a_brief("x"), "<!-- rollbot:1 -->", "x"), fences=5)


@pytest.mark.parametrize("text", ["x" * 5000, "`" * 3000 + "\n", "@a " * 2000, "\u202e" * 5000, EVIL[3] * 200])
def test_a_body_fits_and_keeps_both_ends(text: str) -> None:
    found = body(a_plan(text, 300), a_brief(text, 300), "<!-- rollbot:1 -->", "the decision")

    assert len(found) < 65_536
    assert found.startswith("<!-- rollbot:1 -->\n\n**the decision**")
    harmless(found)


def test_what_is_too_long_loses_its_middle() -> None:
    found = joined(["first", fenced(["x" * LONGEST]), folded("Much", "y" * LONGEST), "short", "last"])

    assert found.startswith("first\n") and found.endswith("short\n\nlast\n")
    assert len(found) < LONGEST and found.count("Left out here") == 2


def test_a_long_list_says_how_much_is_missing() -> None:
    assert listed(["a"] * 25, 3) == "- a\n- a\n- a\n- and 22 more"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a <b>bold</b> move", "a &lt;b&gt;bold&lt;/b&gt; move", id="html"),
        pytest.param("[x](http://evil)", "\\[x\\]\\(http:\u200b//evil\\)", id="links"),
        pytest.param("ping @octocat", "ping @\u200boctocat", id="mentions"),
        pytest.param("see owner/repo#12", "see owner/repo\\#\u200b12", id="references"),
        pytest.param("# a\n\n- b", "\\# a - b", id="blocks become a line"),
        pytest.param("1. a", "1\\. a", id="no list"),
        pytest.param("2.8.0 went", "2.8.0 went", id="a version stays"),
        pytest.param("--- a", "\\--- a", id="no rule"),
    ],
)
def test_prose_does_nothing(text: str, shown: str) -> None:
    assert prose(text) == shown


@pytest.mark.parametrize(("text", "shown"), [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("", "` `"), ("a\nb", "`a b`")])
def test_code_holds_any_text(text: str, shown: str) -> None:
    assert code(text) == shown


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_labels_in_diagrams_hold_letters_and_little_else(text: str) -> None:
    assert re.fullmatch(r"[\w ._/+()-]+", label(text)) and label(text) == label(text).strip()


def test_an_old_release_does_not_squeeze_the_picture() -> None:
    drawn = timeline(replace(a_brief("x"), released=50.0, onset=Onset(90_000.0, 90_060.0, ""), decided=90_100.0), "web", "1")

    assert "released 1 (since 1970-01-01) :active, 1970-01-02 00:00:00" in drawn


@pytest.mark.parametrize(
    ("samples", "line"),
    [
        pytest.param((), "", id="none"),
        pytest.param(((1.0, 1.0), (2.0, 2.0)), "", id="too few"),
        pytest.param(
            ((0.0, float("nan")), (60.0, 1.0), (120.0, 2e-7), (180.0, 3e9)), "line [1, 0.0000002, 3000000000]", id="plain numbers"
        ),
    ],
)
def test_charts(samples: tuple[tuple[float, float], ...], line: str) -> None:
    drawn = chart(replace(a_brief("x"), samples=samples))

    assert line in drawn and bool(drawn) is bool(line)
