"""A literal block scalar whose text is YAML → the documents in it, their spans counted in the file around it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from bot.manifests.documents import Alias, Document, Map, Node, Scalar, Seq, Unparsable, parse_anew
from bot.manifests.pin import Style
from bot.manifests.templates import mask

_HEADER = re.compile(rb"\|[-+0-9]*[ \t]*(?:#[^\n]*)?\r?\n[ ]*\Z")


def nested(file: bytes, scalar: Scalar) -> Sequence[Document] | None:
    """Return the documents in the block scalar; None where it is no literal block, or its text is not YAML.

    Starts, ends and lines are those of `file`. Go templates inside are masked (see templates.py).
    """
    if scalar.style is not Style.BLOCK or not _is_literal(file, scalar):
        return None
    places = Lines.of(file, scalar)
    if places is None:
        return None
    try:
        documents = parse_anew(mask(scalar.value.encode()))
    except Unparsable:
        return None
    seen: set[int] = set()
    for document in documents:
        places.move(document.root, seen)
    return documents


def _is_literal(file: bytes, scalar: Scalar) -> bool:
    first = file.rfind(b"\n", 0, scalar.start) + 1  # inside another block scalar the content begins after that one's indent
    start = file.rfind(b"\n", 0, max(first - 1, 0)) + 1
    return _HEADER.search(file[start : scalar.start]) is not None


class Lines:
    """Where each line of the inner text starts, inside and outside."""

    def __init__(self, inner: list[int], outer: list[int], first: int) -> None:
        self.inner, self.outer, self.first = inner, outer, first

    @classmethod
    def of(cls, file: bytes, scalar: Scalar) -> Lines | None:
        texts = scalar.value.encode().split(b"\n")
        first = file.rfind(b"\n", 0, scalar.start) + 1
        first = scalar.start if file[first : scalar.start].strip(b" ") else first
        raws = file[first : scalar.end].split(b"\n")
        indent = next((len(raw.rstrip(b"\r")) - len(text) for raw, text in zip(raws, texts, strict=False) if text), 0)
        inner, outer, at, there = [], [], 0, first
        for raw, text in zip(raws, texts, strict=False):
            if text and raw.rstrip(b"\r") != b" " * indent + text:
                return None
            inner.append(at)
            outer.append(there + (indent if text else 0))
            at, there = at + len(text) + 1, there + len(raw) + 1
        return cls(inner, outer, scalar.line + 1)

    def place(self, offset: int) -> int:
        """Return where a byte of the inner text stands in the file."""
        line = bisect_right(self.inner, offset) - 1
        return self.outer[line] + offset - self.inner[line]

    def inside(self, offset: int) -> int:
        """Return where a byte of the file stands in the inner text."""
        line = bisect_right(self.outer, offset) - 1
        return offset - self.outer[line] + self.inner[line]

    def move(self, node: Node, seen: set[int]) -> None:
        """Shift a tree's spans and lines, each node once (an alias's target stands elsewhere in the tree)."""
        if id(node) in seen:
            return
        seen.add(id(node))
        node.line += self.first - 1
        if isinstance(node, Scalar):
            node.start, node.end = self.place(node.start), self.place(node.end)
        elif isinstance(node, Map):
            for key, value in node.items:
                self.move(key, seen)
                self.move(value, seen)
        elif isinstance(node, Seq):
            for item in node.items:
                self.move(item, seen)
        elif isinstance(node, Alias) and node.target is not None:
            self.move(node.target, seen)
