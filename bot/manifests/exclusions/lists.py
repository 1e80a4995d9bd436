"""A list in a YAML text → the same text with items of ours at its end, each marked as ours on its line; and without them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

import yaml

from bot.manifests.exclusions.exclusion import MADE, MARK, Unwritable

_LINE = re.compile(rf"^[ \t]*- [^\r\n]* # {MARK}[^\r\n]*(?:\r?\n|\Z)", re.MULTILINE)
_MADE = re.compile(rf"^[ \t]*[^\s#][^\r\n]* # {MADE}(?:\r?\n|\Z)", re.MULTILINE)
_INLINE = re.compile(rf" # {MARK}([^\r\n]*)(?=\r?$)", re.MULTILINE)
_MOST = 200
"""Documents of a file that are looked at."""


def documents(text: str) -> Iterator[yaml.MappingNode]:
    """Yield the mappings of a file's documents. Raises Unwritable where it is no YAML."""
    try:
        yield from (node for node in islice(yaml.compose_all(text, Loader=yaml.CSafeLoader), _MOST) if isinstance(node, yaml.MappingNode))
    except yaml.YAMLError as error:
        raise Unwritable(f"it is no YAML: {getattr(error, 'problem', None) or 'it cannot be read'}") from error


def at(node: yaml.Node | None, *keys: str) -> yaml.Node | None:
    """Return the node at a path of keys; the last of duplicate keys, as Kubernetes takes it."""
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for name, value in reversed(node.value) if name.value == key), None)
    return node


def said(node: yaml.Node | None, *keys: str) -> str:
    found = at(node, *keys)
    return str(found.value) if isinstance(found, yaml.ScalarNode) else ""


def items(node: yaml.Node | None, *keys: str) -> Sequence[yaml.Node]:
    found = at(node, *keys)
    return found.value if isinstance(found, yaml.SequenceNode) else ()


def bare(text: str) -> str:
    """Take our lines out, and our items out of lists on one line."""
    text = _MADE.sub("", _LINE.sub("", text)) if "# rollbot " in text else text
    while found := _INLINE.search(text):
        line = text.rfind("\n", 0, found.start()) + 1
        added = _joined(found[1])
        head, there, tail = text[line : found.start()].rpartition(added)
        if not there:
            raise Unwritable(f"somebody changed what Rollbot wrote: {added!r} is not before its mark any more")
        text = text[:line] + head + tail + text[found.end() :]
    return text


def _joined(mark: str) -> str:
    """What was added on the line, as the mark says it after the versions."""
    return mark.partition(" by ")[2]


def append(text: str, parent: yaml.MappingNode, key: str, wanted: Sequence[tuple[str, str]], after: str, first: Sequence[str] = ()) -> str:
    """Add (tag, item) pairs to the list `key` of a mapping; where it is not there, make it below the key `after`, beginning with `first`.

    Raises Unwritable for shapes that a line cannot be added to.
    """
    node = at(parent, key)
    if node is None:
        return _made(text, parent, key, wanted, after, first)
    if not isinstance(node, yaml.SequenceNode):
        raise Unwritable(f"{key} is no list")
    there = {item.value for item in node.value if isinstance(item, yaml.ScalarNode)}
    wanted = [(tag, item) for tag, item in wanted if item not in there]
    if not wanted:
        return text
    if node.flow_style:
        end = node.end_mark.index - 1
        before = ", " if node.value and not re.search(r",\s*$", text[node.start_mark.index : end]) else ""
        return inline(text, end, before + ", ".join(_quoted(item) for _, item in wanted), [tag for tag, _ in wanted])
    last = node.value[-1]
    start = text.rfind("\n", 0, last.start_mark.index) + 1
    dash = text[start : last.start_mark.index]
    if not isinstance(last, yaml.ScalarNode) or not re.fullmatch(r"[ \t]*- +", dash):
        raise Unwritable(f"{key} is written in a way that a line cannot be added to")
    return below(text, last.end_mark.index, [f"{dash}{_quoted(item)} # {MARK}{tag}" for tag, item in wanted])


def inline(text: str, place: int, added: str, tags: Sequence[str]) -> str:
    """Add a text inside a line, and a mark at the line's end that says so."""
    end = re.compile(r"\r?$", re.MULTILINE).search(text, place)
    assert end
    return f"{text[:place]}{added}{text[place : end.start()]} # {MARK}{' '.join(tags)} by {added}{text[end.start() :]}"


def _made(text: str, parent: yaml.MappingNode, key: str, wanted: Sequence[tuple[str, str]], after: str, first: Sequence[str]) -> str:
    found = next(((name, value) for name, value in parent.value if name.value == after), None)
    if parent.flow_style or found is None or not isinstance(found[1], yaml.ScalarNode):
        raise Unwritable(f"there is no place for {key}")
    name, value = found
    start = text.rfind("\n", 0, name.start_mark.index) + 1
    indent = " " * (name.start_mark.index - start)
    lines = [f"{indent}{key}: # {MADE}", *(f"{indent}  - {_quoted(item)} # {MADE}" for item in first)]
    return below(text, value.end_mark.index, [*lines, *(f"{indent}  - {_quoted(item)} # {MARK}{tag}" for tag, item in wanted)])


def below(text: str, place: int, lines: Sequence[str]) -> str:
    """Add lines below the one that holds `place`. Raises Unwritable at the end of a file that ends in no line break."""
    end = text.find("\n", place)
    if end < 0:
        raise Unwritable("the file's last line has no end")
    newline = "\r\n" if text[end - 1 : end] == "\r" else "\n"
    return text[: end + 1] + "".join(f"{line}{newline}" for line in lines) + text[end + 1 :]


def _quoted(item: str) -> str:
    return "'" + item.replace("'", "''") + "'"
