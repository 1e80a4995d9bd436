"""Bytes of a manifest → whether, and on which lines, it holds secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from bot.manifests.documents import BOM, Map, Node, Scalar, Seq
from bot.manifests.templates import load

_HINT = re.compile(rb"\bSecret\b|\bsops\b|ENC\[|secretGenerator")
_BREAK = re.compile(rb"^---(?=[ \t\r\n]|$)", re.MULTILINE)
_ENCRYPTED = re.compile(rb"ENC\[[A-Z0-9_]+,")
_KIND = re.compile(rb"""^["']?kind["']?[ \t]*:[ \t]*["']?Secret["']?[ \t\r]*(?:#.*)?$""", re.MULTILINE)
_SOPS = re.compile(rb"""^(?:["']?sops["']?[ \t]*:|sops_[a-z_]+=|[ \t]*"sops"[ \t]*:)""", re.MULTILINE)


def is_secret(root: Node) -> bool:
    """Say whether a document's tree is a Secret or was encrypted by SOPS."""
    if not isinstance(root, Map):
        return False
    return root.text("kind") == "Secret" or isinstance(root.get("sops"), Map)


def secret(file: bytes, path: str) -> bool:
    """Say whether any document in the file holds secrets."""
    return bool(secret_lines(file, path))


def secret_lines(file: bytes, path: str = "") -> frozenset[int]:
    """Return the 1-based lines that a diff must mask and a merge must not touch.

    Works on text too that does not parse: there the whole document between two `---` counts.
    """
    if not _HINT.search(file):
        return frozenset()
    lines: set[int] = set()
    starts = [0, *(match.start() for match in _BREAK.finditer(file) if match.start()), len(file)]
    for start, end in pairwise(starts):
        text = file[start:end].removeprefix(BOM)
        if _KIND.search(text) or _SOPS.search(text) or _ENCRYPTED.search(text):
            first = file.count(b"\n", 0, start) + 1
            lines.update(range(first, first + len(text.splitlines())))
    return frozenset(lines | _generated(file, path))


def _generated(file: bytes, path: str) -> set[int]:
    """Return the lines of `secretGenerator` literals, and of Secrets that are written in flow style."""
    lines: set[int] = set()
    for document in load(file, path).documents:
        root = document.root
        if isinstance(root, Map):
            items = root.get("items") if root.text("kind").endswith("List") else None
            for part in (root, *(items.items if isinstance(items, Seq) else ())):
                if is_secret(part):
                    lines.update(_lines(part, file))
            generators = root.get("secretGenerator")
            if generators is not None:
                lines.update(_lines(generators, file))
    return lines


def _lines(node: Node, file: bytes) -> Iterator[int]:
    if isinstance(node, Scalar):
        yield from range(node.line, node.line + 1 + file.count(b"\n", node.start, max(node.start, node.end)))
    elif isinstance(node, Map):
        for key, value in node.items:
            yield key.line
            yield from _lines(value, file)
    elif isinstance(node, Seq):
        for item in node.items:
            yield from _lines(item, file)
