"""Environments of conda (`environment.yml`), of which notebook images are built → the versions of the packages in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.manifests.documents import Map, Node, Scalar, Seq
from bot.manifests.pin import Pin, PinKind
from bot.manifests.walk import Object, Place, objects, part_pin

FORMAT = "conda"

_NAME = re.compile(r"(?:.+[-_.])?environment(?:[-_.].+)?\.ya?ml")
_PACKAGE = re.compile(r"(?:[\w-]+::)?(?P<name>[\w.-]+)(?:\[[\w,.-]+\])?[ ]*={1,3}[ ]*(?P<version>v?\d[\w.+*!-]*)(?:=[\w.]+)?")
_COMMIT = re.compile(r"git\+(?P<name>[^@\s]+)@(?P<version>[^#\s]+)(?:#.*)?")


def pins(file: bytes, path: str, /) -> Iterable[Pin]:
    """Yield the pin of every `name=1.2`, `name==1.2` and `git+https://…@ref` among an environment's dependencies."""
    if _NAME.fullmatch(path.rpartition("/")[2]):
        for found in objects(file, path):
            if not found.kind:
                yield from _listed(found, found.root.get("dependencies"), "dependencies")


def _listed(found: Object, node: Node | None, above: str) -> Iterator[Pin]:
    for item in node.items if isinstance(node, Seq) else ():
        if isinstance(item, Map):
            yield from _listed(found, item.get("pip"), f"{above}.pip")
        elif isinstance(item, Scalar) and (match := _PACKAGE.fullmatch(item.value) or _COMMIT.fullmatch(item.value)):
            name, kind = match["name"], PinKind.REF if match.re is _COMMIT else PinKind.VARIABLE
            if pin := part_pin(Place(found, f"{above}[{name}]", item), FORMAT, kind, name, *match.span("version")):
                yield pin
