"""A YAML file × whole lines to add → the same file with them, every other byte as it was. Block style only: what cannot be done is None."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.manifests.documents import Document, Map, Scalar, Seq, Unparsable, parse
from bot.manifests.pin import Style

Splice = tuple[int, int, bytes]


def spliced(file: bytes, splices: Iterable[Splice]) -> bytes | None:
    """Do them all, from the end. None where two overlap, or where the file does not parse any more or has other documents."""
    text, last = file, len(file) + 1
    for start, end, new in sorted(splices, reverse=True):
        if end > last:
            return None
        text, last = text[:start] + new + text[end:], start
    try:
        return text if [_kind(each) for each in parse(text)] == [_kind(each) for each in parse(file)] else None
    except Unparsable:
        return None


def scalar(node: Scalar, value: str) -> Splice | None:
    """The same scalar with another value that needs no quoting, in the quotes that it has."""
    return None if node.style is Style.BLOCK or node.anchor else (node.start, node.end, value.encode())


def first_in(file: bytes, mapping: Map, lines: Sequence[str]) -> Splice | None:
    """Lines in front of the first key of a block mapping, indented like it."""
    if not mapping.items:
        return None
    key = mapping.items[0][0]
    start, indent = _indent(file, key)
    return None if indent.strip() else (start, start, b"".join(indent + line.encode() + _end(file) for line in lines))


def item_of(file: bytes, listed: Seq, text: str) -> Splice | None:
    """One more item in front of a block list's first one, its dash where that one's stands."""
    head = listed.items[0] if listed.items else None
    first = head if isinstance(head, Scalar) else head.items[0][0] if isinstance(head, Map) and head.items else None
    if first is None:
        return None
    start, indent = _indent(file, first)
    dash = indent.rstrip(b"\"'")
    return (start, start, dash + text.encode() + _end(file)) if dash.strip() == b"-" else None


def _indent(file: bytes, node: Scalar) -> tuple[int, bytes]:
    """Where the node's line begins, and what stands before it there."""
    start = file.rfind(b"\n", 0, node.start) + 1
    before = file[start : node.start]
    return start, before[:-1] if node.style in (Style.SINGLE, Style.DOUBLE) else before


def _end(file: bytes) -> bytes:
    return b"\r\n" if b"\r\n" in file else b"\n"


def _kind(document: Document) -> tuple[str, str]:
    root = document.root
    return (root.text("apiVersion"), root.text("kind")) if isinstance(root, Map) else ("", "")
