"""Docker Compose files → the images that their services run."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from bot.manifests.documents import Map, Scalar
from bot.manifests.fields import fixed_pin, under
from bot.manifests.pin import Pin, PinKind
from bot.manifests.walk import Level, image_pin, objects

FORMAT = "compose"
KIND = "ComposeService"
"""`object_kind` of a compose file's pins; `object_name` is the service."""

_NAMES = re.compile(r"(?:docker-)?compose(?:[._-][\w.-]+)?\.ya?ml(?:\.j2|\.tmpl|\.tpl|\.gotmpl)?|docker-stack[\w.-]*\.ya?ml")


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield the pin of every service's image (`${VARIABLE}` in it leaves that to an env file), and of the file's own format version."""
    if not _NAMES.fullmatch(path.rpartition("/")[2]):
        return
    for found in objects(file, path):
        top = Level(found, found.root)
        yield from fixed_pin(top, "version", FORMAT, PinKind.VARIABLE, "compose")
        services = under(top, "services")
        for key, node in services.map.items if services else ():
            image = node.get("image") if isinstance(node, Map) else None
            if isinstance(node, Map) and isinstance(image, Scalar):
                service = Level(replace(found, kind=KIND, name=key.value), node, services, key.value)
                pin = image_pin(service.place("image", image), FORMAT)
                if pin is not None:
                    yield pin
