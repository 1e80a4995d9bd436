"""Markdown as a forge renders it, and what must not come out of it alive."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

GITHUB = MarkdownIt("commonmark").enable(["table", "strikethrough"])
LIVE = re.compile(r"(?<![\w])@\w|#\d|\bgh-\d|://|\bwww\.[\w-]", re.IGNORECASE)
"""What a forge would make a mention, a reference or a link of, in rendered text outside code."""
OURS = re.compile(r"<!-- rollbot:[0-9a-z:]+ -->|<details><summary>[A-Z][A-Za-z ,']+</summary>|</details>")
EVIL = [
    "@everyone",
    "owner/repo#1 GH-12 #3",
    "https://evil.example www.evil.example a@b.example",
    "<img src=x onerror=alert(1)> <!-- --> </details> <b>",
    "[x](http://evil) ![x](y) [a]: http://b",
    "```\n```mermaid\nclick a href",
    "````` ~~~",
    "# title\n\n- list\n> quote\n\n---\n===\n1. one\n    code\n| a | b |\n| - | - |",
    '"; click A "http://x"; %%{init: {}}%%\nsection end : crit, done',
    "$\\alpha$ &lt;b&gt; &#64;octocat \\@octocat \\\\@octocat",
    "\u202e\x00\x1b[31m \ud800",
    "*a* _b_ ~~c~~ `d",
]
TEXT = st.one_of(
    st.sampled_from(EVIL),
    st.text(max_size=40),
    st.lists(st.sampled_from(list("@#`<>[]()!*_~\n -|:;\"'%${}\\&1aw.")), max_size=40).map("".join),
)


def tokens(text: str) -> Iterator[Token]:
    for token in GITHUB.parse(text):
        yield token
        yield from token.children or ()


def harmless(text: str, fences: int | None = None) -> None:
    seen = list(tokens(text))
    assert not [t for t in seen if t.type in ("link_open", "image", "table_open", "s_open", "html_inline")]
    assert all(OURS.fullmatch(t.content.strip()) for t in seen if t.type == "html_block"), text
    assert not [t.content for t in seen if t.type == "text" and LIVE.search(t.content.replace("Pull request #226", ""))]
    folds = [t.content for t in seen if t.type == "html_block"]
    assert sum("<details>" in each for each in folds) == sum("</details>" in each for each in folds)
    if fences is not None:
        assert sum(t.type == "fence" for t in seen) == fences
