"""Two pins of a file → whether they fix the manifests and the image that are built from one source repository."""

from __future__ import annotations

import re

from bot.manifests.pin import Pin, PinKind

_SCHEME = re.compile(r"^(?:git::)?(?:[a-z+]+://)?(?:[^/@]+@)?")
_IMAGES = (PinKind.IMAGE, PinKind.TAG, PinKind.DIGEST)


def one_source(one: Pin, other: Pin) -> bool:
    """`https://github.com/acme/pump/config?ref=…` beside `quay.io/acme/pump`: two halves of one version, which move together."""
    if one.path != other.path:
        return False
    for ref, image in ((one, other), (other, one)):
        if ref.kind is PinKind.REF and image.kind in _IMAGES:
            name = repository(ref.artefact)
            return name is not None and name == image.artefact.rpartition("/")[2]
    return False


def repository(url: str) -> str | None:
    """Return the name of a Git URL's repository: what ends in `.git`, stands before `//`, or follows host and owner."""
    rest = _SCHEME.sub("", url).split("?", 1)[0]
    root, below, _ = rest.partition("//")
    parts = [part for part in root.replace(":", "/").split("/") if part]
    marked = [part for part in parts if part.endswith(".git")]
    if marked:
        return marked[0].removesuffix(".git")
    if below:
        return parts[-1] if len(parts) > 2 else None
    return parts[2] if len(parts) > 2 else None
