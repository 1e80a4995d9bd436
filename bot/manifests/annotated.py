"""Bytes of a manifest → what its authors declare to Rollbot: every `rollbot.dev/…` key with its text and its line.

They stand wherever Kubernetes lets annotations stand (an object's or a template's metadata, `commonAnnotations`), in values that a chart
makes annotations of, and in patches written inline.
"""

from __future__ import annotations

from collections.abc import Iterator

from bot.manifests.declared import Annotation
from bot.manifests.documents import Alias, Map, Node, Scalar, Seq, parse_each
from bot.manifests.pin import Style
from bot.manifests.templates import load

PREFIX = "rollbot.dev/"
_MARK = PREFIX.encode()
_DEEPEST = 50
_MOST = 100


def annotated(file: bytes, path: str) -> tuple[Annotation, ...]:
    """Return what a file declares, in file order, each said once. Never raises for a stranger's file; at most a hundred."""
    if _MARK not in file:
        return ()
    found: dict[tuple[str, str, int], Annotation] = {}
    for document in load(file, path).documents:
        for key, value, line in _walk(document.root, 0, _DEEPEST):
            root = document.root if isinstance(document.root, Map) else Map()
            told = Annotation(key, value, line, document.index, root.text("kind"), root.text("metadata", "name"))
            found.setdefault((key, value, document.index), told)
            if len(found) >= _MOST:
                return tuple(found.values())
    return tuple(found.values())


def _walk(node: Node | None, above: int, left: int) -> Iterator[tuple[str, str, int]]:
    """Yield key, text and line. An alias is not followed: what it stands for was seen at its anchor."""
    match node:
        case Map(items=items) if left:
            for key, value in items:
                plain = value.target if isinstance(value, Alias) else value
                if key.value.startswith(PREFIX) and isinstance(plain, Scalar):
                    yield key.value.removeprefix(PREFIX), plain.value, above + key.line
                else:
                    yield from _walk(value, above, left - 1)
        case Seq(items=items) if left:
            for item in items:
                yield from _walk(item, above, left - 1)
        case Scalar(value=text, style=Style.BLOCK, line=line) if left and PREFIX in text:
            for document in parse_each(text.encode()).documents:
                yield from _walk(document.root, above + line, left - 1)
        case _:
            return
