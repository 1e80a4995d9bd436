"""A file's bytes and new values for pins → the same bytes with those values, proven to change nothing else; or why not."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import yaml

from bot.manifests.documents import BOM, Offsets, Scalar, document_spans, events_of, scalar_of
from bot.manifests.nested import Lines
from bot.manifests.pin import Pin, Style
from bot.manifests.quoting import escaped, quoted, stays_plain
from bot.manifests.templates import mask, readable
from bot.objections import Objection, Weight

LONGEST = 1024
"""Characters of a new value; no version is near it."""

_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
_UNFIT_RAW = re.compile(r"""["'`$\\;#{}]""")


@dataclass(frozen=True, slots=True)
class _Edit:
    """The text between `start` and `end` becomes `new`; `style` is how it is written now."""

    start: int
    end: int
    new: str
    style: Style


Splice = tuple[int, int, bytes]


class _Inexact(Exception):
    """Why the edit would not be exact."""


def edit(file: bytes, values: Mapping[Pin, str]) -> bytes | Objection:
    """Return the file with every pin's text replaced, all other bytes as they were.

    The pins are those of a reading of this very file. The answer is parsed again: it differs in exactly these scalars and
    their aliases. Where that cannot be had, the answer is an objection and nothing is changed.
    """
    changes = sorted(((pin, value) for pin, value in values.items() if pin.value != value), key=lambda change: change[0].start)
    try:
        _check(file, changes)
        return _edited(file, changes) if changes else file
    except _Inexact as reason:
        first = changes[0][0]
        return Objection("inexact-edit", f"not edited: {reason}", Weight.FORBIDS, first.path, first.line)


def _check(file: bytes, changes: Sequence[tuple[Pin, str]]) -> None:
    end = 0
    for pin, value in changes:
        if file[pin.start : pin.end] != pin.value.encode():
            raise _Inexact(f"{pin.yaml_path} does not stand where it was read")
        if pin.start < end:
            raise _Inexact(f"{pin.yaml_path} overlaps another change")
        if not value or len(value) > LONGEST or _UNFIT.search(value):
            raise _Inexact(f"the new value of {pin.yaml_path} is empty, too long or holds line breaks or control characters")
        if pin.style is Style.RAW and _UNFIT_RAW.search(value):
            raise _Inexact(f"the new value of {pin.yaml_path} holds characters that mean something there")
        end = pin.end


def _edited(file: bytes, changes: Sequence[tuple[Pin, str]]) -> bytes:
    edits = [_Edit(pin.start, pin.end, value, pin.style) for pin, value in changes]
    raw = all(edit.style is Style.RAW for edit in edits)
    view = readable(file, changes[0][0].path)
    if raw and not _parses(view):
        return _spliced(file, [(edit.start, edit.end, edit.new.encode()) for edit in edits])
    splices = _splices(view, edits, lambda text: text) if _parses(view) else _splices_apart(view, edits)
    result = _spliced(file, splices)
    if view is not file and mask(result) != _spliced(view, splices):
        raise _Inexact("a new value would be taken for a template")
    return result


def _splices_apart(view: bytes, edits: Sequence[_Edit]) -> list[Splice]:
    """Return the splices of a file of which some documents are broken: each document that is edited is proven by itself.

    The others are not touched, and no edit adds or takes away a mark between documents.
    """
    splices: list[Splice] = []
    spans = document_spans(view)
    for start, end in spans:
        own = [replace(edit, start=edit.start - start, end=edit.end - start) for edit in edits if start <= edit.start < end]
        if own:
            splices += [(first + start, last + start, new) for first, last, new in _splices(view[start:end], own, lambda text: text)]
    if len(document_spans(_spliced(view, splices))) != len(spans):
        raise _Inexact("more than the scalar would change")
    return splices


def _splices(view: bytes, edits: Sequence[_Edit], seen: Callable[[bytes], bytes]) -> list[Splice]:
    """Return the splices that write the edits into a YAML text, after proving them on it. `seen` masks what is to be parsed."""
    before = _events(seen(view))
    splices: list[Splice] = []
    expected: dict[int, str] = {}
    for index, group in _grouped(before, edits):
        if index is None:
            splices += [(edit.start, edit.end, edit.new.encode()) for edit in group]
            continue
        written, expected[index] = _write(before.scalar(index), group)
        splices += written
    splices.sort()
    _compare(before.events, _events(seen(_spliced(view, splices))).events, expected)
    return splices


def _grouped(before: _Events, edits: Sequence[_Edit]) -> list[tuple[int | None, list[_Edit]]]:
    """Gather the edits by the scalar they stand in (None: in none, as in a comment)."""
    groups: list[tuple[int | None, list[_Edit]]] = []
    for edit in edits:
        index = before.around(edit)
        if index is None and edit.style is not Style.RAW:
            raise _Inexact("no scalar stands where one was read")
        if groups and groups[-1][0] == index and index is not None:
            groups[-1][1].append(edit)
        else:
            groups.append((index, [edit]))
    return groups


def _write(scalar: Scalar, group: Sequence[_Edit]) -> tuple[list[Splice], str]:
    """Return how a scalar's edits are written, and the value that the scalar then has."""
    if scalar.style is Style.BLOCK:
        return _write_block(scalar, group)
    value = scalar.value.encode()
    if scalar.end - scalar.start != len(value):
        raise _Inexact("the scalar is written with escapes or over several lines")
    new = _spliced(value, [(edit.start - scalar.start, edit.end - scalar.start, edit.new.encode()) for edit in group]).decode()
    if scalar.style is Style.PLAIN and not stays_plain(new, scalar.value):
        return [(scalar.start, scalar.end, quoted(new).encode())], new
    return [(edit.start, edit.end, escaped(edit.new, scalar.style).encode()) for edit in group], new


def _write_block(scalar: Scalar, group: Sequence[_Edit]) -> tuple[list[Splice], str]:
    """Edit inside a block scalar: as its text where the pin is its text, as YAML where the pin was read from YAML in it."""
    if not isinstance(scalar, _Block) or (lines := Lines.of(scalar.file, scalar)) is None:
        raise _Inexact("the block scalar is folded")
    inner = scalar.value.encode()
    moved = [_Edit(lines.inside(edit.start), lines.inside(edit.end), edit.new, edit.style) for edit in group]
    if all(edit.style in (Style.BLOCK, Style.RAW) for edit in moved):
        splices = [(edit.start, edit.end, edit.new.encode()) for edit in moved]
    else:
        splices = _splices(inner, moved, mask)
    outer = [(lines.place(start), lines.place(end), new) for start, end, new in splices]
    return outer, _spliced(inner, splices).decode()


def _spliced(text: bytes, splices: Sequence[Splice]) -> bytes:
    for start, end, new in reversed(splices):
        text = text[:start] + new + text[end:]
    return text


@dataclass(slots=True)
class _Block(Scalar):
    """A block scalar that knows the text around it."""

    file: bytes = b""


class _Events:
    """A text's YAML events; byte positions are asked for, character positions are what libyaml counts."""

    def __init__(self, file: bytes) -> None:
        shift = len(BOM) if file.startswith(BOM) else 0
        self.file, self.text = file, file[shift:].decode()
        self.shift, self.ascii = shift, len(self.text) == len(file) - shift
        self.offsets = Offsets(self.text, len(file) - shift, shift)
        self.events: list[Any] = list(events_of(self.text))
        self.indexes = [index for index, event in enumerate(self.events) if isinstance(event, yaml.ScalarEvent)]
        self.starts = [self.events[index].start_mark.index for index in self.indexes]

    def around(self, edit: _Edit) -> int | None:
        """Return the index of the event whose scalar holds the edit's span."""
        at = edit.start - self.shift if self.ascii else len(self.file[self.shift : edit.start].decode())
        found = bisect_right(self.starts, at) - 1
        if found < 0:
            return None
        scalar = self.scalar(self.indexes[found])
        return self.indexes[found] if scalar.start <= edit.start and edit.end <= scalar.end else None

    def scalar(self, index: int) -> Scalar:
        scalar = scalar_of(self.events[index], self.text, self.offsets)
        if scalar.style is not Style.BLOCK:
            return scalar
        return _Block(scalar.value, scalar.start, scalar.end, scalar.style, scalar.line, scalar.anchor, scalar.tag, self.file)


@lru_cache(maxsize=2)
def _events(file: bytes) -> _Events:
    try:
        return _Events(file)
    except UnicodeDecodeError as error:
        raise _Inexact("the file is not UTF-8") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise _Inexact("the text is no YAML, or would be none with the new value") from error


def _parses(view: bytes) -> bool:
    try:
        return bool(_events(view).events)
    except _Inexact:
        return False


def _compare(before: Sequence[Any], after: Sequence[Any], expected: Mapping[int, str]) -> None:
    """Raise unless the events are the same but for the scalars at `expected`, which have those values."""
    if len(before) != len(after):
        raise _Inexact("more than the scalar would change")
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        same = _same_scalar(old, new, expected[index]) if index in expected else _same(old, new)
        if not same:
            raise _Inexact("more than the scalar would change")


def _same_scalar(old: Any, new: Any, value: str) -> bool:
    if type(old) is not type(new) or new.value != value or old.anchor != new.anchor or old.tag != new.tag:
        return False
    return bool(old.style == new.style or (not old.style and new.style == '"'))


def _same(old: Any, new: Any) -> bool:
    if type(old) is not type(new):
        return False
    if isinstance(old, yaml.ScalarEvent):
        return bool(
            old.value == new.value
            and old.anchor == new.anchor
            and old.tag == new.tag
            and old.implicit == new.implicit
            and old.style == new.style
        )
    if isinstance(old, yaml.NodeEvent):
        mine = (old.anchor, getattr(old, "tag", None), getattr(old, "implicit", None), getattr(old, "flow_style", None))
        return mine == (new.anchor, getattr(new, "tag", None), getattr(new, "implicit", None), getattr(new, "flow_style", None))
    if isinstance(old, yaml.DocumentStartEvent):
        return bool(old.explicit == new.explicit and old.version == new.version and old.tags == new.tags)
    return not isinstance(old, yaml.DocumentEndEvent) or bool(old.explicit == new.explicit)
