"""Lists of `name` and `value` (environment, Template and Tekton parameters, Helm's `--set`) → those that hold a version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.manifests.documents import Scalar
from bot.manifests.pin import Pin, PinKind
from bot.manifests.vocabulary import is_fixed, may_be_version, names_version
from bot.manifests.walk import Level, image_pin, levels, whole_pin

FORMAT = "parameters"

_KINDS = {"tag": PinKind.TAG, "digest": PinKind.DIGEST}


def pins(file: bytes, path: str) -> Iterable[Pin]:
    """Yield the pins of every such list in any object."""
    if b"value" not in file or b"name" not in file:
        return
    lists: dict[int, list[Level]] = {}
    for level in levels(file, path):
        if level.items and isinstance(level.map.get("value"), Scalar) and isinstance(level.map.get("name"), Scalar):
            lists.setdefault(id(level.items[-1][0]), []).append(level)
    for parameters in lists.values():
        yield from parameter_pins(parameters, FORMAT)


def parameter_pins(parameters: Sequence[Level], format_name: str) -> Iterator[Pin]:
    """Yield the pin of every parameter that names an image or promises a version (`image.tag`, `imageTag`, `web.image`)."""
    texts = {level.text("name"): level.text("value") for level in parameters}
    for level in parameters:
        node, name = level.map.get("value"), level.text("name")
        if not isinstance(node, Scalar) or not is_fixed(node.value) or not names_version(name):
            continue
        place = level.place("value", node)
        last = name.rpartition(".")[2]
        if last.lower().endswith("image"):
            pin = image_pin(place, format_name)
        elif may_be_version(node.value):
            pin = whole_pin(place, format_name, _kind(last), _image(name, texts))
        else:
            pin = None
        if pin is not None:
            yield pin


def _kind(last: str) -> PinKind:
    return next((kind for word, kind in _KINDS.items() if last.lower().endswith(word)), PinKind.VARIABLE)


def _image(name: str, texts: dict[str, str]) -> str:
    """Return the image that the neighbours name: of `web.image.tag` what `web.image.repository` holds."""
    above = name.rpartition(".")[0]
    dotted = f"{above}." if above else ""
    registry, repository = texts.get(f"{dotted}registry", ""), texts.get(f"{dotted}repository", "")
    return "/".join(part for part in (registry, repository) if part) if repository else texts.get(f"{dotted}name", "")
