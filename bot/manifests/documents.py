"""Bytes of a YAML file → its documents as light trees whose scalars know their byte spans.

Read from libyaml's event stream, never from constructed values: `1.10` stays `1.10`, duplicate keys and reused anchors survive.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import yaml

from bot.manifests.pin import Style

BOM = b"\xef\xbb\xbf"
_STYLES = {"": Style.PLAIN, None: Style.PLAIN, "'": Style.SINGLE, '"': Style.DOUBLE, "|": Style.BLOCK, ">": Style.BLOCK}
_PROPERTIES = re.compile(r"(?:(?:&[^\s,\[\]{}]+|![^\s,\[\]{}]*)\s+)*")


class Unparsable(Exception):
    """`line` is 1-based."""

    def __init__(self, why: str, line: int) -> None:
        super().__init__(why)
        self.why, self.line = why, line


@dataclass(slots=True)
class Scalar:
    """`start`, `end` are the byte span of the text between the quotes (block scalars: of the whole content after the header line)."""

    value: str
    start: int
    end: int
    style: Style
    line: int
    anchor: str | None = None
    tag: str | None = None


@dataclass(slots=True)
class Alias:
    """`*name`; `target` is the node it stands for (the latest anchor of that name before it)."""

    name: str
    target: Node | None
    line: int


@dataclass(slots=True)
class Seq:
    items: list[Node] = field(default_factory=list)
    line: int = 0
    anchor: str | None = None


@dataclass(slots=True)
class Map:
    """`items` in file order, duplicate keys kept; `get` answers the last one, as kubectl and libyaml do."""

    items: list[tuple[Scalar, Node]] = field(default_factory=list)
    line: int = 0
    anchor: str | None = None
    _named: dict[str, Node] | None = field(default=None, repr=False, compare=False)

    def get(self, key: str) -> Node | None:
        if self._named is None:
            self._named = {name.value: node for name, node in self.items}
        return self._named.get(key)

    def text(self, *keys: str) -> str:
        """Return the scalar text at a path of keys, "" where there is none (aliases followed)."""
        node = self.at(*keys)
        return node.value if isinstance(node, Scalar) else ""

    def at(self, *keys: str) -> Node | None:
        """Return the node at a path of keys, aliases followed."""
        node: Node | None = self
        for key in keys:
            node = node.get(key) if isinstance(node, Map) else None
            node = node.target if isinstance(node, Alias) else node
        return node


Node = Scalar | Map | Seq | Alias


@dataclass(slots=True)
class Document:
    index: int
    root: Node


class Offsets:
    """Character index in the decoded text → byte offset in the file."""

    def __init__(self, text: str, size: int, shift: int) -> None:
        self.shift = shift
        self.characters: list[int] = []
        self.extra: list[int] = []
        if len(text) != size:
            total = 0
            for match in re.finditer(r"[^\x00-\x7f]", text):
                total += len(match.group().encode()) - 1
                self.characters.append(match.start())
                self.extra.append(total)

    def __call__(self, index: int) -> int:
        at = bisect_right(self.characters, index - 1) if self.characters else 0
        return index + self.shift + (self.extra[at - 1] if at else 0)


@lru_cache(maxsize=4)
def parse(file: bytes) -> Sequence[Document]:
    """Return the file's documents (empty ones too, so that indexes match), shared: do not change them. Raises Unparsable."""
    return parse_anew(file)


def parse_anew(file: bytes) -> Sequence[Document]:
    """Return the file's documents, the caller's own. Raises Unparsable."""
    shift = len(BOM) if file.startswith(BOM) else 0
    try:
        text = file[shift:].decode()
    except UnicodeDecodeError as error:
        raise Unparsable("not UTF-8", file.count(b"\n", 0, error.start) + 1) from error
    offsets = Offsets(text, len(file) - shift, shift)
    try:
        return tuple(_documents(text, offsets))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        raise Unparsable(str(getattr(error, "problem", None) or error), mark.line + 1 if mark else 1) from error
    except RecursionError as error:
        raise Unparsable("nested too deeply", 1) from error


def events_of(text: str) -> Iterator[Any]:
    """Yield the text's YAML events. Raises yaml.YAMLError on the way."""
    loader: Any = yaml.CSafeLoader(text)
    return iter(loader.get_event, None)  # two calls an event fewer than yaml.parse


def _documents(text: str, offsets: Offsets) -> Iterator[Document]:
    events = events_of(text)
    index = 0
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            yield Document(index, _node(next(events), events, text, offsets, {}))
            index += 1


def _node(event: Any, events: Iterator[Any], text: str, offsets: Offsets, anchors: dict[str, Node]) -> Node:
    if isinstance(event, yaml.ScalarEvent):
        scalar = scalar_of(event, text, offsets)
        if event.anchor:
            anchors[event.anchor] = scalar
        return scalar
    line = event.start_mark.line + 1
    if isinstance(event, yaml.AliasEvent):
        return Alias(str(event.anchor), anchors.get(str(event.anchor)), line)
    if isinstance(event, yaml.MappingStartEvent):
        mapping = Map(line=line, anchor=event.anchor)
        if event.anchor:
            anchors[event.anchor] = mapping
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = _node(event, events, text, offsets, anchors)
            value = _node(next(events), events, text, offsets, anchors)
            mapping.items.append((_key(key), value))
        return mapping
    sequence = Seq(line=line, anchor=event.anchor)
    if event.anchor:
        anchors[event.anchor] = sequence
    while not isinstance(event := next(events), yaml.SequenceEndEvent):
        sequence.items.append(_node(event, events, text, offsets, anchors))
    return sequence


def _key(node: Node) -> Scalar:
    if isinstance(node, Scalar):
        return node
    if isinstance(node, Alias) and isinstance(node.target, Scalar):
        return node.target
    return Scalar("", 0, 0, Style.PLAIN, node.line)  # a collection as key: legal, never on the way to a pin


def scalar_of(event: Any, text: str, offsets: Offsets) -> Scalar:
    """Return the scalar of an event, its span without anchor, tag, quotes or block header."""
    start, end = event.start_mark.index, event.end_mark.index
    if event.anchor or event.tag:
        match = _PROPERTIES.match(text, start, end)
        start = match.end() if match else start
    line = event.start_mark.line + 1 if not (event.anchor or event.tag) else text.count("\n", 0, start) + 1
    style = _STYLES[event.style]
    if style in (Style.SINGLE, Style.DOUBLE):
        start, end = start + 1, end - 1
    elif style is Style.BLOCK:
        header = text.find("\n", start, end)
        start = end if header < 0 else header + 1
    return Scalar(event.value, offsets(start), offsets(end), style, line, event.anchor, event.tag)
