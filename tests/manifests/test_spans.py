"""Edits: the bytes of the span change as YAML and every reader of it need, and no other byte; or nothing changes and it is said why."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.manifests.pin import Pin, PinKind, Style
from bot.manifests.quoting import kind, stays_plain
from bot.manifests.read import read
from bot.manifests.rules import ManifestRules, PinRule
from bot.manifests.spans import edit
from bot.objections import Objection, Weight


def only(file: bytes, path: str = "values.yaml") -> Pin:
    pins = read(file, path).pins
    assert len(pins) == 1, pins
    return pins[0]


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        pytest.param("tag: 1.4.0", "1.3.9", "tag: 1.3.9", id="plain"),
        pytest.param("tag: 1.4.0 # why", "1.3.9", "tag: 1.3.9 # why", id="comment stays"),
        pytest.param("tag: 'v1'", "1.10", "tag: '1.10'", id="single quotes stay"),
        pytest.param('tag: "v1"', "1.10", 'tag: "1.10"', id="double quotes stay"),
        pytest.param("tag: 1.4.0", "1.10", 'tag: "1.10"', id="a number is quoted where there was none"),
        pytest.param("tag: 1.9", "1.10", "tag: 1.10", id="number after number stays plain"),
        pytest.param("tag: 7", "1.10", 'tag: "1.10"', id="whole number and fraction are two kinds"),
        pytest.param("tag: v1", "0777", 'tag: "0777"', id="octal"),
        pytest.param("tag: v1", "1e3", 'tag: "1e3"', id="exponent, a number in YAML 1.2 only"),
        pytest.param("tag: abc123f", "1234e56", 'tag: "1234e56"', id="a commit that reads as a number"),
        pytest.param("tag: v1", "0x1f", 'tag: "0x1f"', id="hexadecimal"),
        pytest.param("tag: v1", "0o17", 'tag: "0o17"', id="octal of YAML 1.2"),
        pytest.param("tag: v1", "12:30", 'tag: "12:30"', id="sexagesimal"),
        pytest.param("tag: v1", "1_000", 'tag: "1_000"', id="underscores"),
        pytest.param("tag: v1", "2026-11-23", 'tag: "2026-11-23"', id="date"),
        pytest.param("tag: v1", "no", 'tag: "no"', id="Norway"),
        pytest.param("tag: v1", "y", 'tag: "y"', id="y"),
        pytest.param("tag: v1", "null", 'tag: "null"', id="null"),
        pytest.param("tag: v1", "~", 'tag: "~"', id="tilde"),
        pytest.param("tag: v1", "*x", 'tag: "*x"', id="would be an alias"),
        pytest.param("tag: v1", "a: b", 'tag: "a: b"', id="would be a mapping"),
        pytest.param("tag: v1", "a #b", 'tag: "a #b"', id="would be a comment"),
        pytest.param("tag: v1", 'a"b\\: ', 'tag: "a\\"b\\\\: "', id="escaped in double quotes"),
        pytest.param("tag: 'v1'", "it's", "tag: 'it''s'", id="escaped in single quotes"),
        pytest.param("{tag: v1, a: b}", "x,y", '{tag: "x,y", a: b}', id="flow"),
        pytest.param("tag: &t v1\nother: *t", "v2", "tag: &t v2\nother: *t", id="anchor stays"),
        pytest.param("tag: &t v1", "1.10", 'tag: &t "1.10"', id="anchor stays before quotes"),
        pytest.param("tag: >-\n    v1\nx: 1", "v2", "tag: >-\n    v2\nx: 1", id="folded block"),
        pytest.param("tag:\tv1", "v2", "tag:\tv2", id="tab after the colon"),
        pytest.param("tag: v1\r\nx: y\r\n", "v2", "tag: v2\r\nx: y\r\n", id="line ends of Windows"),
        pytest.param("\ufefftag: v1", "v2", "\ufefftag: v2", id="byte order mark"),
        pytest.param("é: ü # ☃\ntag: v1", "v2", "é: ü # ☃\ntag: v2", id="wide characters before"),
    ],
)
def test_writes_the_value_as_it_must_be_written(before: str, value: str, after: str) -> None:
    file = before.encode()

    answer = edit(file, {only(file): value})

    assert isinstance(answer, bytes), answer
    assert answer.decode() == after


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        pytest.param("image: r.io:5000/web:1.4", "1.10", "image: r.io:5000/web:1.10", id="tag: never a number there"),
        pytest.param(
            "image: web:1.4@sha256:" + "a" * 64, "1.3@sha256:" + "b" * 64, "image: web:1.3@sha256:" + "b" * 64, id="tag and digest"
        ),
        pytest.param("image: 'web:1.4'", "1.10", "image: 'web:1.10'", id="quoted"),
        pytest.param("image: web:1.4", "a #b", 'image: "web:a #b"', id="the whole scalar is quoted"),
    ],
)
def test_a_part_of_a_scalar(before: str, value: str, after: str) -> None:
    file = before.encode()

    answer = edit(file, {only(file): value})

    assert isinstance(answer, bytes), answer
    assert answer.decode() == after


def test_several_pins_at_once_and_none_moves_another() -> None:
    file = b"a:\n  image: {repository: x, tag: v10}\nb:\n  image: y:2.0.0\nc:\n  - https://x.y/o/r/releases/download/v1.0/f-1.0.zip\n"
    pins = read(file, "values.yaml").pins

    answer = edit(file, dict(zip(pins, ["1.10", "3", "v1.1.1", "1.1.1"], strict=True)))

    assert answer == (
        b'a:\n  image: {repository: x, tag: "1.10"}\nb:\n  image: y:3\nc:\n  - https://x.y/o/r/releases/download/v1.1.1/f-1.1.1.zip\n'
    )


def test_the_same_value_is_no_change() -> None:
    file = b"tag: v1"
    assert edit(file, {only(file): "v1"}) is file


@pytest.mark.parametrize("value", ["", "v2\nx: y", "v2\r", "v\x00", "v\x1b[0m", "v\u2028", "\ufeffv", "v" * 2000, "\ud800"])
def test_refuses_what_no_version_holds(value: str) -> None:
    file = b"tag: v1"

    answer = edit(file, {only(file): value})

    assert isinstance(answer, Objection)
    assert (answer.weight, answer.path, answer.line) == (Weight.FORBIDS, "values.yaml", 1)


def test_refuses_where_the_file_is_not_the_one_that_was_read() -> None:
    assert isinstance(edit(b"# moved\ntag: v1", {only(b"tag: v1"): "v2"}), Objection)


def test_refuses_a_value_that_a_template_engine_would_read() -> None:
    file = b"{{ if .x }}\ntag: v1\n{{ end }}"
    assert isinstance(edit(file, {only(file, "a.yaml.gotmpl"): "{{ .x }}"}), Objection)


def test_refuses_a_pin_that_stands_in_no_scalar() -> None:
    file = b"a: b # v1"
    pin = Pin("x.yaml", 0, "a", 1, 7, 9, "helm", PinKind.TAG, "", "", "", "", "v1")
    assert isinstance(edit(file, {pin: "v2"}), Objection)


def test_refuses_what_is_written_with_escapes() -> None:
    file = b'a: "\\x76 v1"'
    pin = Pin("x.yaml", 0, "a", 1, 9, 11, "helm", PinKind.TAG, "", "", "", "", "v1", Style.DOUBLE, True)
    assert isinstance(edit(file, {pin: "v2"}), Objection)


RULES = ManifestRules(pins=(PinRule("r", "**", regex=r"app_version *= *\"?(?P<version>[^\"\n]+)"),))


def test_text_that_is_no_yaml_changes_at_the_span_only() -> None:
    file = b'locals { # }}\napp_version = "1.4.0"\r\n}'
    (pin,) = read(file, "main.tf", RULES).pins

    assert edit(file, {pin: "1.10"}) == file.replace(b"1.4.0", b"1.10")
    assert isinstance(edit(file, {pin: '1"; drop'}), Objection)


def test_a_rule_that_reaches_into_yaml_cannot_break_it() -> None:
    file = b"args:\n  - app_version=1.4.0\n"
    (pin,) = read(file, "x.yaml", RULES).pins

    assert edit(file, {pin: "1.3.0"}) == b"args:\n  - app_version=1.3.0\n"
    assert isinstance(edit(file, {pin: "a: b"}), bytes | Objection)
    assert yaml.safe_load(as_bytes(edit(file, {pin: "1.3.0"})))["args"] == ["app_version=1.3.0"]


def as_bytes(answer: bytes | Objection) -> bytes:
    assert isinstance(answer, bytes), answer
    return answer


NESTED = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web}
spec:
  source:
    helm:
      values: |%s
        image:
          repository: shop/web
          tag: v1.4  # ☃

        other: x
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("header", ["", "-", "+"])
def test_yaml_inside_a_block_scalar(ending: str, header: str) -> None:
    text = (NESTED % header).replace("\n", ending)
    (pin,) = (pin for pin in read(text.encode(), "app.yaml").pins if pin.value == "v1.4")

    assert as_bytes(edit(text.encode(), {pin: "v1.3"})).decode() == text.replace("v1.4", "v1.3")
    assert as_bytes(edit(text.encode(), {pin: "1.10"})).decode() == text.replace("v1.4", '"1.10"')


VALUES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12) | st.sampled_from(
    ["1.10", "0?", "yes", "a: b", "- x", "'", '"', "#", "%", "@", "!x"]
)
TEMPLATES = [
    "x: 1\ntag: %s\ny: 2\n",
    "x: {tag: %s, y: 2}\n",
    "x:\n  - name: a\n    tag: '%s' # c\n",
    'tag: "%s"\r\nb: c',
    "a: &a\n  tag: %s\nb: *a\n",
    "a:\n  tag: |-\n    %s\nb: c\n",
]


@settings(max_examples=100, deadline=None)
@given(template=st.sampled_from(TEMPLATES), value=VALUES)
def test_whatever_the_value_the_answer_holds_it_and_nothing_else_changed(template: str, value: str) -> None:
    """Judged by PyYAML's own loading, which takes no part in the edit."""
    file = (template % "v1.0.0").encode()

    answer = edit(file, {only(file): value})

    if isinstance(answer, bytes):
        was, now = yaml.load(file, Loader=yaml.BaseLoader), yaml.load(answer, Loader=yaml.BaseLoader)
        assert now == with_tag(was, value)
        head, _, tail = template.encode().partition(b"%s")
        assert answer.startswith(head.rstrip(b"'\"")) and answer.endswith(tail)
        loaded = yaml.safe_load(answer)
        assert loaded == with_tag(loaded, value)  # a string to YAML 1.1 too


def with_tag(tree: object, value: str) -> object:
    if isinstance(tree, dict):
        return {key: value if key == "tag" else with_tag(child, value) for key, child in tree.items()}
    return [with_tag(child, value) for child in tree] if isinstance(tree, list) else tree


@settings(max_examples=100, deadline=None)
@given(st.text(st.sampled_from("0123456789.eE+-_:xobTZ ~ynNulrf"), max_size=10))
def test_what_pyyaml_takes_for_no_string_never_stays_plain(text: str) -> None:
    try:
        loaded = yaml.safe_load(f"[x, {text}]") if text and text == text.strip() else ["x", ""]
    except (yaml.YAMLError, ValueError):
        return
    if len(loaded) == 2 and not isinstance(loaded[1], str | dict):
        assert kind(text) != "str"
        assert not stays_plain(text, "v1")


def test_an_edit_of_a_large_file_is_quick() -> None:
    file = b"".join(b"svc%d:\n  replicas: 3\n  image:\n    repository: shop/svc%d\n    tag: v%d # keep\n" % (n, n, n) for n in range(1400))
    pins = read(file, "values.yaml").pins
    best = 9.0
    for pin in pins[:5]:
        started = time.perf_counter()
        assert isinstance(edit(file, {pin: "v0"}), bytes)
        best = min(best, time.perf_counter() - started)

    assert len(file) > 100_000
    assert best < 0.3  # 0.03 s on a quiet machine
