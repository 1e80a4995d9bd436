from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.manifests.globs import matches


@pytest.mark.parametrize(
    ("pattern", "path", "texts"),
    [
        ("a/b.yaml", "a/b.yaml", ()),
        ("/a/b.yaml", "a/b.yaml", ()),
        ("./a/b.yaml", "a/b.yaml", ()),
        ("a/*.yaml", "a/b.yaml", ("b",)),
        ("a/*.yaml", "a/b/c.yaml", None),
        ("*.yaml", "a/b.yaml", None),
        ("**/*.yaml", "b.yaml", ("", "b")),
        ("**/*.yaml", "a/c/b.yaml", ("a/c", "b")),
        ("clusters/*/apps/**", "clusters/prod/apps/web/hr.yaml", ("prod", "web/hr.yaml")),
        ("clusters/*/", "clusters/prod/hr.yaml", ("prod", "hr.yaml")),
        ("**", "a/b", ("a/b",)),
        ("a/**/b/**/c", "a/b/b/c", ("", "b")),
        ("a/**/z/*.env", "a/z/z/prod.env", ("z", "prod")),
        ("v?.env", "v1.env", ()),
        ("v?.env", "v.env", None),
        ("?", "/", None),
        ("a*b*c", "a1b2b3c", ("1", "2b3")),
        ("values-**.yaml", "values-prod.yaml", ("prod",)),
        ("[ab].yaml", "a.yaml", None),
        ("[ab].yaml", "[ab].yaml", ()),
        ("*", "", ("",)),
        ("a", "a/b", None),
        ("a/b", "a", None),
    ],
)
def test_matches(pattern: str, path: str, texts: tuple[str, ...] | None) -> None:
    assert matches(pattern, path) == texts


def test_many_stars_take_no_exponential_time() -> None:
    assert matches("*a" * 60 + "b", "a" * 4000) is None
    assert matches("**/a/" * 60 + "b", "a/" * 2000 + "c") is None


@settings(max_examples=100, deadline=None)
@given(st.text("ab*?/", max_size=12).map(lambda text: text.replace("***", "*")), st.text("ab/", max_size=12))
def test_agrees_with_the_obvious_regular_expression(pattern: str, path: str) -> None:
    wanted = pattern.removeprefix("./").removeprefix("/")
    wanted = wanted + "**" if wanted.endswith("/") else wanted

    found = matches(pattern, path)

    assert (found is not None) == bool(re.fullmatch(_regex(wanted), path + "/"))


def _regex(pattern: str) -> str:
    parts = []
    for name in pattern.split("/"):
        if name == "**":
            parts.append("(?:[^/]*/)*?")
        else:
            parts.append("".join({"*": "[^/]*", "?": "[^/]"}.get(c, re.escape(c)) for c in name) + "/")
    return "".join(parts)
