"""A plan × the files as they are → the images that have to be there to be pulled when it is applied."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.manifests.pin import Pin, PinKind
from bot.manifests.read import read
from bot.plans.plan import Plan
from bot.refs import ImageRef
from bot.releases.release import DesiredState

_DIGEST = re.compile(r"\w+:[0-9a-fA-F]{32,}")


@dataclass(frozen=True, slots=True)
class Pulled:
    """An image that a plan goes back to, and the place that names it (line 1-based, in the file as it will be)."""

    path: str
    line: int
    image: ImageRef


def pulled(plan: Plan, state: DesiredState) -> tuple[Pulled, ...]:
    """Return each image once, in the order of the files; a version whose image nobody can tell is left out."""
    found: dict[ImageRef, Pulled] = {}
    for path, text in sorted(plan.files.items()):
        if text is None:
            continue
        before = {(pin.place, pin.value) for pin in read(state.file(path) or b"", path, state.rules).pins}
        for pin in read(text, path, state.rules).pins:
            image = None if (pin.place, pin.value) in before else _image(pin)
            if image is not None:
                found.setdefault(image, Pulled(path, pin.line, image))
    return tuple(found.values())


def _image(pin: Pin) -> ImageRef | None:
    if not pin.artefact:
        return None
    if pin.kind is PinKind.CHART and pin.artefact.startswith("oci://"):
        return ImageRef.parse(f"{pin.artefact.removeprefix('oci://')}:{pin.value.replace('+', '_')}")
    if pin.kind not in (PinKind.IMAGE, PinKind.TAG, PinKind.DIGEST):
        return None
    value = pin.value.removeprefix("@")
    return ImageRef.parse(f"{pin.artefact}@{value}" if _DIGEST.fullmatch(value) else f"{pin.artefact}:{value}")
