"""Whatever a file holds: reading it ends soon, raises nothing, and a pin that is found is changed and nothing else."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.manifests.documents import MOST
from bot.manifests.pin import Pin
from bot.manifests.read import LARGEST, read
from bot.manifests.spans import edit
from bot.objections import Objection

ROOM = LARGEST - 200
SECONDS = 40
"""The slowest of these takes five on an idle machine."""


def of(text: bytes, before: bytes = b"", after: bytes = b"") -> bytes:
    return before + text * (ROOM // len(text)) + after


def bomb() -> bytes:
    lines = [b"a: &a [x, x, x, x, x, x, x, x, x]\n"]
    for letter in range(98, 118):
        name, last = bytes([letter]), bytes([letter - 1])
        lines.append(name + b": &" + name + b" [" + b", ".join([b"*" + last] * 9) + b"]\n")
    return b"".join(lines) + b"image: {repository: x, tag: 1.2.3}\n"


def merges() -> bytes:
    lines = [b"k0: &k0 {image: 'x:1'}\n"]
    lines += [b"k%d: &k%d {<<: [*k%d, *k%d], image: 'y:%d'}\n" % (n, n, n - 1, n - 1, n) for n in range(1, 2000)]
    return b"".join(lines)


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(bomb(), id="a bomb of aliases"),
        pytest.param(merges(), id="a bomb of merge keys"),
        pytest.param(of(b"image: shop/web:1.2.3\n"), id="images under one key"),
        pytest.param(of(b"- image: shop/web:1.2.3\n"), id="a list of images"),
        pytest.param(of(b"["), id="brackets"),
        pytest.param(of(b"{a: "), id="braces"),
        pytest.param(of(b"- "), id="dashes"),
        pytest.param(of(b"? "), id="keys of keys"),
        pytest.param(of(b"#", b'# {"$imagepolicy": "x:y"}\n'), id="comments"),
        pytest.param(of(b"# {", b'a: 1 # {"$imagepolicy": "x:y"}\n'), id="comments that could be setters"),
        pytest.param(of(b"&a b\n- ", b"- "), id="anchors"),
        pytest.param(b"? " + b"image" * 100_000 + b"\n: x:1\n", id="a long key"),
        pytest.param(of(b"a", b"image: "), id="a long value"),
        pytest.param(of(b"---\n"), id="empty documents"),
        pytest.param(of(b"---\na: [\n"), id="broken documents"),
        pytest.param(of(b"%a\n---\n"), id="directives"),
        pytest.param(of(b"a", b"# renovate: depName="), id="a long annotation"),
        pytest.param(of(b"{{"), id="templates that do not end"),
        pytest.param(of(b"{{ x }}\n"), id="templates"),
        pytest.param(of(b"%{"), id="directives of templates"),
        pytest.param(of(b"\t"), id="tabs"),
        pytest.param(of(b"a: b\r"), id="lone returns"),
        pytest.param(of(b"  image: x/y:1\n", b"a: |\n"), id="a long block"),
        pytest.param(b"".join(b"  " * n + b"image: |\n" for n in range(300)), id="blocks in blocks"),
        pytest.param(b"versions:\n" + b"".join(b"  a%d: 1.2.%d\n" % (n, n) for n in range(200_000)), id="many versions"),
        pytest.param(of(b"- name: TAG\n  value: v1\n", b"env:\n"), id="many parameters"),
        pytest.param(of(b"\xff"), id="no text"),
    ],
)
def test_reading_ends_soon(file: bytes) -> None:
    began = time.monotonic()

    found = read(file, "apps/web/values.yaml")

    assert time.monotonic() - began < SECONDS
    assert all(file[pin.start : pin.end].decode() == pin.value for pin in found.pins[:1000])


def test_so_many_values_are_an_objection() -> None:
    (objection,) = read(of(b"a,", b"[", b"]"), "x.yaml").objections

    assert f"{MOST:,}" in objection.why


HEAD = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("image: a/b:1.0\nimage: a/b:2.0\n", ["1.0", "2.0"], id="a key twice"),
        pytest.param("x: &x\n  image: a/b:1.0\ny:\n  <<: *x\n  name: z\n", ["1.0"], id="merge keys"),
        pytest.param("%YAML 1.2\n---\nimage: a/b:1.0\n...\n---\nimage: a/c:2.0\n...\n", ["1.0", "2.0"], id="directives and end marks"),
        pytest.param("image:\na:\n  image: ''\nb: {image: }\nc:\n  image: a/b:1.0\n", ["1.0"], id="empty scalars"),
        pytest.param("note: one\n  two\n\n  image: three\nimage: a/b:1.0\n", [], id="a plain scalar over lines that is none"),
        pytest.param("note: one\n  two\n\n  three\nimage: a/b:1.0\n", ["1.0"], id="a plain scalar over lines"),
        pytest.param("image: a/b:\n  1.0\n", [], id="an image over lines"),
        pytest.param("image: >-\n  a/b:1.0\n", ["1.0"], id="a folded image"),
        pytest.param("? image\n: a/b:1.0\n", ["1.0"], id="an explicit key"),
        pytest.param("? [a, b]\n: {image: 'a/b:1.0'}\n", ["1.0"], id="a list as key"),
        pytest.param("? |\n  image\n: a/b:1.0\nimage: a/c:2.0\n", ["2.0"], id="a block as key"),
        pytest.param('image: "a/b:\\x31.0"\n', [], id="escapes"),
        pytest.param("image:\ta/b:1.0\n", ["1.0"], id="a tab after the colon"),
        pytest.param("note: 'a\u2028b'\nmore: x\u0085\nimage: a/b:1.0\n", ["1.0"], id="line separators of Unicode"),
        pytest.param("image: !!str a/b:1.0\n", ["1.0"], id="a tag"),
        pytest.param("image: &i a/b:1.0\nother: *i\n", ["1.0"], id="an anchor"),
        pytest.param("a: &a\n  b: *a\n  image: a/b:1.0\n", ["1.0"], id="a tree that holds itself"),
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_rare_yaml(text: str, values: list[str], ending: str, bom: str) -> None:
    file = (bom + text).replace("\n", ending).encode()

    found = read(file, "web/values.yaml").pins

    assert [pin.value for pin in found] == values
    for pin in found:
        assert file[pin.start : pin.end].decode() == pin.value
        assert file.count(b"\n", 0, pin.start) + 1 == pin.line
        assert edit(file, {pin: "9.9.9"}) == file[: pin.start] + b"9.9.9" + file[pin.end :]


KEYS = st.sampled_from(["image", "tag", "version", "repository", "name", "values", "spec", "appVersion", "é", "a.b", "ref", "images"])
SCALARS = st.sampled_from(
    [
        "shop/web:1.2.3",
        "1.2.3",
        "v2",
        "latest",
        "0023",
        "1.10",
        "ghcr.io/a/b:1@sha256:" + "a" * 64,
        "",
        "yes",
        "a: b",
        "# c",
        "'q'",
        "é",
        " x",
    ]
) | st.text(max_size=6)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)
FORMS = st.fixed_dictionaries(
    {
        "default_flow_style": st.booleans(),
        "default_style": st.sampled_from([None, None, "'", '"', "|", ">"]),
        "width": st.sampled_from([10, 80, 10_000]),
        "explicit_start": st.booleans(),
        "explicit_end": st.booleans(),
        "allow_unicode": st.booleans(),
        "indent": st.sampled_from([2, 4]),
    }
)


def leaves(tree: object, way: tuple[object, ...] = ()) -> dict[tuple[object, ...], object]:
    if isinstance(tree, dict):
        return {place: leaf for key, value in tree.items() for place, leaf in leaves(value, (*way, key)).items()}
    if isinstance(tree, list):
        return {place: leaf for index, value in enumerate(tree) for place, leaf in leaves(value, (*way, index)).items()}
    return {way: tree}


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(KEYS, TREES, min_size=1, max_size=4), FORMS, st.sampled_from(["\n", "\r\n"]), st.sampled_from(["9.9", "latest", "1e3"])
)
def test_editing_a_pin_changes_that_scalar_only(tree: dict[str, object], form: dict[str, object], ending: str, value: str) -> None:
    text = yaml.dump(tree, Dumper=yaml.SafeDumper, sort_keys=False, **form)  # type: ignore[call-overload]
    file = text.replace("\n", ending).encode()
    before = leaves(yaml.load(file, Loader=yaml.BaseLoader))

    for pin in read(file, "web/values.yaml").pins:
        assert file[pin.start : pin.end].decode() == pin.value
        answer = edit(file, {pin: value})
        if isinstance(answer, Objection):
            continue
        after = leaves(yaml.load(answer, Loader=yaml.BaseLoader))
        moved = [place for place in before if before[place] != after.get(place)]
        assert before.keys() == after.keys()
        assert len(moved) == (pin.value != value)
        assert all(_holds(str(before[place]), str(after[place]), pin, value) for place in moved)


def _holds(before: str, after: str, pin: Pin, value: str) -> bool:
    """Say whether a scalar that held the pin's value now holds the new one there, and all else of it is as it was."""
    return any(
        before[:at] + value + before[at + len(pin.value) :] == after for at in range(len(before)) if before.startswith(pin.value, at)
    )
