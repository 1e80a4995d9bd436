"""Bytes of a YAML file → its documents as light trees whose scalars know their byte spans.

Read from libyaml's event stream, never from constructed values: `1.10` stays `1.10`, duplicate keys and reused anchors survive.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice, pairwise
from typing import Any

import yaml

from bot.manifests.pin import Style

BOM = b"\xef\xbb\xbf"
_STYLES = {"": Style.PLAIN, None: Style.PLAIN, "'": Style.SINGLE, '"': Style.DOUBLE, "|": Style.BLOCK, ">": Style.BLOCK}
_MARKER = re.compile(rb"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
MOST = 1_000_000
"""YAML events of a text; the largest real manifests have half as many, and a tree of more would take many seconds."""
_ODD_BREAK = re.compile("\r(?!\n)|[\x85\u2028\u2029]")
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
    """`parts`: what its items go by in yaml paths, once that has been worked out (see items.py)."""

    items: list[Node] = field(default_factory=list)
    line: int = 0
    anchor: str | None = None
    parts: list[str] | None = field(default=None, repr=False, compare=False)


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
    """Character index in the decoded text → byte offset and line in the file.

    Lines are those of editors and Git: libyaml takes NEL, LS, PS and a lone CR for line ends too.
    """

    def __init__(self, text: str, size: int, shift: int, above: int = 0) -> None:
        self.text, self.shift, self.above = text, shift, above
        self.characters: list[int] = []
        self.extra: list[int] = []
        if len(text) != size:
            total = 0
            for match in re.finditer(r"[^\x00-\x7f]", text):
                total += len(match.group().encode()) - 1
                self.characters.append(match.start())
                self.extra.append(total)
        self.breaks = self._breaks() if _ODD_BREAK.search(text) else None

    def __call__(self, index: int) -> int:
        at = bisect_right(self.characters, index - 1) if self.characters else 0
        return index + self.shift + (self.extra[at - 1] if at else 0)

    def _breaks(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self.text)]

    def line(self, mark: Any) -> int:
        """Return the line of a place that libyaml marks."""
        if self.breaks is None:
            return self.above + int(mark.line) + 1
        return self.above + bisect_left(self.breaks, mark.index) + 1


@dataclass(frozen=True, slots=True)
class Text:
    """`documents`: those that parse (empty ones too, so that indexes match); `faults`: why the others do not, in file order."""

    documents: tuple[Document, ...]
    faults: tuple[Unparsable, ...] = ()


def parse(file: bytes) -> Sequence[Document]:
    """Return the file's documents, shared: do not change them. Raises Unparsable where any of them is broken."""
    text = parse_each(file)
    if text.faults:
        raise text.faults[0]
    return text.documents


@lru_cache(maxsize=4)
def parse_each(file: bytes) -> Text:
    """Return all that can be read of a file, shared: do not change it. A broken document takes none of the others with it."""
    try:
        return Text(parse_anew(file))
    except Unparsable as error:
        spans = document_spans(file)
        return _apart(file, spans) if len(spans) > 1 else Text((), (error,))


def parse_anew(file: bytes) -> tuple[Document, ...]:
    """Return the file's documents, the caller's own. Raises Unparsable."""
    return _parsed(file, 0, len(file))


def document_spans(file: bytes) -> list[tuple[int, int]]:
    """Cut a file before every `---` (and the directives above it): together the pieces are the file.

    No scalar can hold such a line, however broken the document around it is, so each piece is parsed by itself.
    """
    starts = [0]
    for match in _MARKER.finditer(file):
        cut = above = match.start()
        while above and file.startswith(b"%", before := file.rfind(b"\n", 0, above - 1) + 1):
            above = before
        if above == 0 or file.startswith(b"...", file.rfind(b"\n", 0, above - 1) + 1):
            cut = above  # directives stand after an end mark; elsewhere a line that begins with % is text
        if cut > starts[-1]:
            starts.append(cut)
    return list(pairwise([*starts, len(file)]))


def _apart(file: bytes, spans: Sequence[tuple[int, int]]) -> Text:
    documents: list[Document] = []
    faults: list[Unparsable] = []
    index = 0
    for start, end in spans:
        try:
            found = _parsed(file, start, end)
        except Unparsable as error:
            faults.append(error)
            index += 1
            continue
        documents += [Document(index + number, document.root) for number, document in enumerate(found)]
        index += len(found)
    return Text(tuple(documents), tuple(faults))


def _parsed(file: bytes, start: int, end: int) -> tuple[Document, ...]:
    """Return the documents in a piece of a file; all places are those in the file."""
    start += len(BOM) if start == 0 and file.startswith(BOM) else 0
    above = file.count(b"\n", 0, start)
    try:
        text = file[start:end].decode()
    except UnicodeDecodeError as error:
        raise Unparsable("not UTF-8", above + file.count(b"\n", start, start + error.start) + 1) from error
    offsets = Offsets(text, end - start, start, above)
    try:
        return tuple(_documents(text, offsets))
    except yaml.reader.ReaderError as error:
        raise Unparsable("holds a character that YAML forbids", above + file.count(b"\n", start, start + error.position) + 1) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        raise Unparsable(str(getattr(error, "problem", None) or error), offsets.line(mark) if mark else above + 1) from error
    except RecursionError as error:
        raise Unparsable("nested too deeply", above + 1) from error


def events_of(text: str) -> Iterator[Any]:
    """Yield the text's YAML events. Raises yaml.YAMLError on the way."""
    loader: Any = yaml.CSafeLoader(text)
    events = iter(loader.get_event, None)  # two calls an event fewer than yaml.parse
    return chain(islice(events, MOST), _no_more(events))


def _no_more(events: Iterator[Any]) -> Iterator[Any]:
    for _ in events:
        raise yaml.YAMLError(f"more than {MOST:,} values")
    yield from ()


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
    line = offsets.line(event.start_mark)
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
    line = offsets.line(event.start_mark) + text.count("\n", event.start_mark.index, start)
    style = _STYLES[event.style]
    if style in (Style.SINGLE, Style.DOUBLE):
        start, end = start + 1, end - 1
    elif style is Style.BLOCK:
        header = text.find("\n", start, end)
        start = end if header < 0 else header + 1
    return Scalar(event.value, offsets(start), offsets(end), style, line, event.anchor, event.tag)
