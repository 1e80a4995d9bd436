"""A file's documents → its objects, their mappings with the way to each, and pins at their scalars: what every format is written with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.manifests.documents import Alias, Document, Map, Node, Scalar, Seq
from bot.manifests.items import item_part
from bot.manifests.pin import Pin, PinKind, Style
from bot.manifests.secrets import is_secret
from bot.manifests.templates import MASK, load
from bot.refs import ImageRef

_SIMPLE = re.compile(r"[^\s.\[\]\"']+")
_DEEPEST = 200


@dataclass(slots=True, eq=False)
class Object:
    """One Kubernetes object, or one document that is none (kind and name are then empty)."""

    file: bytes
    path: str
    document: int
    root: Map
    prefix: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    api_version: str = ""


@dataclass(slots=True, eq=False)
class Level:
    """One mapping of an object and the way to it: `up` is the mapping around it, `key` the key there, `item` where in a list."""

    object: Object
    map: Map
    up: Level | None = None
    key: str = ""
    items: tuple[tuple[Seq, int], ...] = ()

    @property
    def yaml_path(self) -> str:
        if self.up is None:
            return self.object.prefix
        return self.up.path(self.key) + "".join(item_part(sequence, index) for sequence, index in self.items)

    def path(self, key: str) -> str:
        """Return the yaml path of what stands under `key` here ("" only above a bare list)."""
        above = self.yaml_path
        if not key:
            return above
        return f"{above}.{key_part(key)}" if above else key_part(key)

    def place(self, key: str, scalar: Scalar) -> Place:
        return Place(self.object, self.path(key), scalar)

    def text(self, key: str) -> str:
        """Return the scalar text of a sibling, aliases and merge keys followed; "" where it is absent or a template."""
        node = sibling(self.map, key)
        return node.value if isinstance(node, Scalar) and MASK not in node.value else ""

    def leaves(self) -> Iterator[tuple[str, str, Scalar]]:
        """Yield key, yaml path below this mapping, and scalar, of every scalar here; those of plain lists with their index."""
        for key, node in self.map.items:
            if isinstance(node, Scalar):
                yield key.value, key_part(key.value), node
            elif isinstance(node, Seq):
                for index, item in enumerate(node.items):
                    if isinstance(item, Scalar):
                        yield key.value, f"{key_part(key.value)}[{index}]", item

    def at(self, below: str, scalar: Scalar) -> Place:
        """Return the place of a leaf as `leaves` names it."""
        above = self.yaml_path
        return Place(self.object, f"{above}.{below}" if above else below, scalar)


@dataclass(slots=True, eq=False)
class Place:
    """A scalar with its address: all that a pin needs beside what it means."""

    object: Object
    yaml_path: str
    scalar: Scalar


def key_part(key: str) -> str:
    if _SIMPLE.fullmatch(key):
        return key
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'


def sibling(mapping: Map, key: str) -> Node | None:
    """Return what stands under `key`, aliases followed and merge keys (`<<`) respected one level deep."""
    node = mapping.get(key)
    if node is None and mapping.get("<<") is not None:
        for name, merged in mapping.items:
            if name.value == "<<":
                sources = merged.items if isinstance(merged, Seq) else [merged]
                for source in sources:
                    target = source.target if isinstance(source, Alias) else source
                    node = node or (target.get(key) if isinstance(target, Map) else None)
    return node.target if isinstance(node, Alias) else node


@lru_cache(maxsize=4)
def objects(file: bytes, path: str) -> tuple[Object, ...]:
    """Return the objects of a file without its secrets, of those documents that parse. The items of a List are objects each."""
    documents = load(file, path).documents
    return tuple(found for document in documents for found in _objects(file, path, document.index, document.root, ""))


def objects_of(documents: Sequence[Document], file: bytes, path: str, like: Object, prefix: str) -> tuple[Object, ...]:
    """Return the objects of a nested text (see `nested`); documents that name no kind belong to the object `like`."""
    found = [o for document in documents for o in _objects(file, path, like.document, document.root, prefix)]
    for one in found:
        if not one.kind:
            one.kind, one.name, one.namespace, one.api_version = like.kind, like.name, like.namespace, like.api_version
    return tuple(found)


def _objects(file: bytes, path: str, document: int, root: Node, prefix: str) -> Iterator[Object]:
    if isinstance(root, Seq):  # a bare list (Ansible, rule files): its mappings stand at `[0]`, `[1]`, …
        root = Map([(Scalar("", 0, 0, Style.PLAIN, root.line), root)], root.line)
    if not isinstance(root, Map) or is_secret(root):
        return
    items = root.get("items")
    kind = root.text("kind")
    if kind.endswith("List") and isinstance(items, Seq):
        for index, item in enumerate(items.items):
            yield from _objects(file, path, document, item, f"{prefix}{'.' if prefix else ''}items{item_part(items, index)}")
        return
    meta = root.at("metadata")
    name, namespace = (meta.text("name"), meta.text("namespace")) if isinstance(meta, Map) else ("", "")
    yield Object(file, path, document, root, prefix, kind, name, namespace, root.text("apiVersion"))


@lru_cache(maxsize=4)
def levels(file: bytes, path: str) -> tuple[Level, ...]:
    """Return every mapping of every object of the file, in file order, aliases not followed."""
    return tuple(level for found in objects(file, path) for level in levels_of(found))


def levels_of(found: Object) -> list[Level]:
    """Return every mapping of one object."""
    out: list[Level] = []
    _descend(Level(found, found.root), out, 0)
    return out


def below(level: Level, *keys: str) -> list[Level]:
    """Return the mappings at and under a path of keys, none where there is no such mapping."""
    for key in keys:
        node = level.map.get(key)
        if not isinstance(node, Map):
            return []
        level = Level(level.object, node, level, key)
    out: list[Level] = []
    _descend(level, out, 0)
    return out


def entries(level: Level, key: str) -> list[Level]:
    """Return the mappings that are the items of the list under `key`."""
    node = level.map.get(key)
    if not isinstance(node, Seq):
        return []
    return [Level(level.object, item, level, key, ((node, index),)) for index, item in enumerate(node.items) if isinstance(item, Map)]


def _descend(level: Level, out: list[Level], depth: int) -> None:
    out.append(level)
    if depth > _DEEPEST:
        return
    found = level.object
    for key, node in level.map.items:
        if isinstance(node, Map):
            _descend(Level(found, node, level, key.value), out, depth + 1)
        elif isinstance(node, Seq):
            _items(level, key.value, node, (), out, depth)


def _items(level: Level, key: str, sequence: Seq, above: tuple[tuple[Seq, int], ...], out: list[Level], depth: int) -> None:
    for index, item in enumerate(sequence.items):
        if isinstance(item, Map):
            _descend(Level(level.object, item, level, key, (*above, (sequence, index))), out, depth + 1)
        elif isinstance(item, Seq) and len(above) < _DEEPEST:
            _items(level, key, item, (*above, (sequence, index)), out, depth)


def part_pin(place: Place, format_name: str, kind: PinKind, artefact: str, start: int, end: int) -> Pin | None:
    """Make a pin of the characters [start:end] of the scalar's text.

    None where that part is empty, or the text in the file is not letter by letter the value (escapes, folded lines, templates):
    such a scalar is never edited, so it is no pin.
    """
    scalar, found = place.scalar, place.object
    value = scalar.value[start:end]
    if not value or "\n" in value:
        return None
    first, line = _span(found.file, scalar)
    if first < 0:
        return None
    at = first + len(scalar.value[:start].encode())
    partial = (start, end) != (0, len(scalar.value.rstrip("\n")))
    return Pin(
        found.path, found.document, place.yaml_path, line, at, at + len(value.encode()), format_name, kind, found.kind, found.name,
        found.namespace, artefact, value, scalar.style, partial,
    )  # fmt: skip


def _span(file: bytes, scalar: Scalar) -> tuple[int, int]:
    """Return byte offset and line at which the scalar's value stands as it is, -1 where it is written differently."""
    raw, value = file[scalar.start : scalar.end], scalar.value.encode()
    if raw == value:
        return scalar.start, scalar.line
    if scalar.style is Style.BLOCK:
        text = value.rstrip(b"\n")
        if b"\n" not in text and raw.strip() == text:
            at = raw.index(text)
            return scalar.start + at, scalar.line + 1 + raw.count(b"\n", 0, at)
    return -1, 0


def whole_pin(place: Place, format_name: str, kind: PinKind, artefact: str = "") -> Pin | None:
    """Make a pin of a scalar that is a version and nothing else."""
    return part_pin(place, format_name, kind, artefact, 0, len(place.scalar.value.rstrip("\n")))


_VERSION = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}(?:@sha256:[0-9a-f]{64})?"
_VARIABLE_IMAGE = re.compile(
    r"(?:\$\{?(?P<variable>[A-Za-z_]\w*)\}?)?(?P<name>[a-z0-9._/-]*(?::\d+/[a-z0-9._/-]+)?)"
    rf"(?::(?:v?\$\{{[A-Za-z_]\w*:?[-=])(?P<default>{_VERSION})\}}|:(?P<fixed>{_VERSION}))"
)
"""An image of which Compose, Flux or a shell fills in a part: what is written out, or the default, is its version."""


def image_pin(place: Place, format_name: str, kind: PinKind = PinKind.IMAGE) -> Pin | None:
    """Make a pin of the `tag`, `tag@digest` or digest part of an image reference; None where it fixes none."""
    text = place.scalar.value.rstrip("\n")
    if "$" in text and (match := _VARIABLE_IMAGE.fullmatch(text)):
        part = "default" if match["default"] else "fixed"
        return part_pin(place, format_name, kind, match["name"].strip("/"), match.start(part), match.end(part))
    bare = text.removeprefix("docker://").removeprefix("oci://")
    image = ImageRef.parse(bare)
    if image is None or image.version is None or MASK in bare or "://" in bare:
        return None
    return part_pin(place, format_name, kind, image.name, len(text) - len(image.version), len(text))


_REFS = (
    re.compile(r"(?P<artefact>[^?\s]+)\?(?:[^\s#]*&)?(?:ref|version)=(?P<ref>[^&\s#]+)"),
    re.compile(r"(?P<artefact>https?://raw\.githubusercontent\.com/[^/\s]+/[^/\s]+)/(?:refs/(?:tags|heads)/)?(?P<ref>[^/\s]+)/\S+"),
    re.compile(r"(?P<artefact>https?://[^/\s]+/[^/\s]+/[^/\s]+)/releases/download/(?P<ref>[^/\s]+)/\S+"),
    re.compile(
        r"(?P<artefact>https?://[^/\s]+/[^/\s]+/[^/\s]+)/(?:-/)?(?:raw|blob|tree)/(?:refs/(?:tags|heads)/)?(?P<ref>[^/\s]+)(?:/\S*)?"
    ),
    re.compile(
        r"(?P<artefact>https?://[^/\s]+/[^/\s]+/[^/\s]+)/archive/(?:refs/(?:tags|heads)/)?(?P<ref>[^/\s]+?)(?:\.tar\.gz|\.tgz|\.zip)"
    ),
    re.compile(r"(?P<artefact>https?://[^/\s]+/[^/\s]+/[^/\s]+)/(?:tarball|zipball)/(?:refs/(?:tags|heads)/)?(?P<ref>[^/\s]+)"),
    re.compile(r"(?P<artefact>(?:https?|oci)://[^\s?#]+?)-(?P<ref>[vV]?\d+\.\d+[0-9A-Za-z.+_-]*?)(?:\.tar\.gz|\.tgz)"),
)


def ref_pin(place: Place, format_name: str) -> Pin | None:
    """Make a pin of the Git ref inside a URL: `?ref=`, raw, blob, tree, archive and release download addresses."""
    text = place.scalar.value
    if "/" not in text or MASK in text:
        return None
    for pattern in _REFS:
        if (match := pattern.match(text)) and "$" not in match["ref"]:
            return part_pin(place, format_name, PinKind.REF, match["artefact"], match.start("ref"), match.end("ref"))
    return None
