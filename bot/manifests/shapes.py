"""One mapping of a values-like tree → the pins that its keys and values give away: images, tags, digests, versions, refs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from functools import lru_cache

from bot.manifests.documents import Map, Scalar
from bot.manifests.pin import Pin, PinKind, Style
from bot.manifests.templates import MASK
from bot.manifests.walk import Level, Place, image_pin, part_pin, ref_pin, whole_pin
from bot.refs import ImageRef

_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}(?:@sha256:[0-9a-f]{64})?")
_VERSION = re.compile(r"(?=.*\d)" + _TOKEN.pattern)
_ANY_TAG = re.compile(r"[^\s{}$]{1,255}")  # no registry takes `tag: web:1.2`, yet somebody wrote it, and it is that which must go back
_DOTTED = re.compile(r"[vV]?\d+(?:\.\d+)+(?:[-+._][A-Za-z0-9.+_-]+)?(?:@sha256:[0-9a-f]{64})?")
_IN_NAME = re.compile(r"(?:^|[^A-Za-z0-9.]|(?<![A-Za-z0-9.])v)(\d+(?:\.\d+)+(?:-(?:rc|alpha|beta|pre|dev)[.-]?\d*)?)")
_ODD_TAG = re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_FULL_IMAGE = re.compile(
    r"(?:docker://|oci://)?(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?|localhost(?::\d+)?|[a-z0-9-]+:\d+)/[a-z0-9._/-]+"
    r"(?::[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(?:@sha256:[0-9a-f]{64})?"
)
_IMAGE_KEY = re.compile(r"(?:.*[a-z0-9_.-])?(?:image|imagename|image_name|imageref|image_url|imageurl)", re.IGNORECASE)
_TAG_KEY = re.compile(r"(?:.*[a-z0-9][_.-]|[A-Z0-9_]+_)?(?:tag|TAG)|.*[a-z0-9]Tag")
_IMAGE_TAG_KEY = re.compile(r".*image.*(?:tag|version|ver)(?:[_.-].*|[A-Z].*)?|.*image[_.-]?version.*", re.IGNORECASE)
_VERSION_KEY = re.compile(r"(?:.*[a-z0-9][_.-]|[A-Z0-9_]+_)?(?:version|VERSION)(?:[_.-][A-Za-z0-9_.-]+)?|.*[a-z0-9]Version")
_DIGEST_KEY = re.compile(r"(?:.*[a-z0-9_.-])?(?:digest|sha|sha256)|.*(?:Digest|Sha|Sha256)", re.IGNORECASE)
_NOT_VERSIONS = frozenset(
    {
        "apiversion", "kubeversion", "schemaversion", "configversion", "resourceversion", "minversion", "maxversion", "tlsversion",
        "ip_version", "ipversion", "mintlsversion", "maxtlsversion", "min_version", "max_version", "tls_min_version", "tls_max_version",
        "http_version", "httpversion", "proto_version", "inputversion", "protocolversion",
        "controllerapiversion", "targetapiversion", "groupversion", "storageversion", "snmp_version", "ssl_version", "config_version",
    }
)  # fmt: skip
_NOTHING = frozenset({"null", "Null", "NULL", "~", "true", "false", "True", "False"})
_REPOSITORY_KEYS = ("repository", "repo", "image", "imageName", "imageRepository", "image_repository", "image_name")
_LABELS = ("app.kubernetes.io/version", "tags.datadoghq.com/version", "helm.sh/version")


def shape_pins(level: Level, format_name: str, *, versions: bool = True) -> Iterator[Pin]:
    """Yield the pins of one mapping's own scalars. `versions` says whether bare version keys count (values files) or not (objects)."""
    for key, under, scalar in level.leaves():
        text = scalar.value
        if text and not scalar.tag and len(text) < 1024 and MASK not in text:
            yield from _leaf(level, key, under, scalar, format_name, versions)


def sort(text: str) -> tuple[bool, ...]:
    """Return all that this module asks of a value by itself."""
    return (*tuple(bool(pattern.fullmatch(text)) for pattern in (_TOKEN, _ODD_TAG, _VERSION, _DOTTED, _DIGEST)), text in _NOTHING)


def _leaf(level: Level, key: str, under: str, scalar: Scalar, format_name: str, versions: bool) -> Iterator[Pin]:
    text = scalar.value.rstrip("\n")
    if scalar.style is Style.PLAIN and text in _NOTHING:
        return
    promise = _promise(key)
    found: Pin | None = None
    if ":" in text or "@" in text or "?" in text:
        if promise is _Promise.IMAGE or ("/" in text and _FULL_IMAGE.fullmatch(text)):
            found = image_pin(level.at(under, scalar), format_name)
        elif "/" in text:
            yield from url_pins(level.at(under, scalar), format_name)
            return
    if found is None and not under.endswith("]") and (kind := _own(level, key, promise, text, versions)):
        found = whole_pin(level.at(under, scalar), format_name, kind, artefact(level, key))
    if found is not None:
        yield found


class _Promise(Enum):
    """What a key alone says of its value."""

    NOTHING = auto()
    IMAGE = auto()
    DIGEST = auto()
    IMAGE_TAG = auto()
    TAG = auto()
    LABEL = auto()
    VERSION = auto()


@lru_cache(maxsize=8192)
def _promise(key: str) -> _Promise:
    for promise, pattern in _KEYS:
        if pattern.fullmatch(key):
            return promise
    if _VERSION_KEY.fullmatch(key) and key.lower() not in _NOT_VERSIONS:
        return _Promise.VERSION
    return _Promise.LABEL if key in _LABELS else _Promise.NOTHING


_KEYS = ((_Promise.IMAGE, _IMAGE_KEY), (_Promise.DIGEST, _DIGEST_KEY), (_Promise.IMAGE_TAG, _IMAGE_TAG_KEY), (_Promise.TAG, _TAG_KEY))


def _own(level: Level, key: str, promise: _Promise, text: str, versions: bool) -> PinKind | None:
    """Say what a scalar of its own fixes, by its key, its value and its neighbours."""
    match promise:
        case _Promise.NOTHING | _Promise.IMAGE:
            return None
        case _Promise.DIGEST:
            return PinKind.DIGEST if _DIGEST.fullmatch(text) else None
        case _Promise.IMAGE_TAG:
            return PinKind.TAG if _VERSION.fullmatch(text) or ("ag" in key and _TOKEN.fullmatch(text)) else None
        case _Promise.TAG:
            named = key == "tag" and _imageish(level) and (_TOKEN.fullmatch(text) or _ODD_TAG.fullmatch(text))
            return PinKind.TAG if named or _VERSION.fullmatch(text) else None
        case _Promise.LABEL:
            return PinKind.APP_VERSION if _VERSION.fullmatch(text) else None
        case _Promise.VERSION:
            return _version_kind(level, key, text, versions)


def _version_kind(level: Level, key: str, text: str, versions: bool) -> PinKind | None:
    if key == "version" and _imageish(level):
        return PinKind.TAG if _VERSION.fullmatch(text) else None
    if key == "version" or not versions:
        return PinKind.VARIABLE if _DOTTED.fullmatch(text) else None
    return PinKind.VARIABLE if _VERSION.fullmatch(text) else None


def _imageish(level: Level) -> bool:
    """Say whether a mapping describes an image: it says from where, or stands under a key that says so."""
    if "image" in level.key.lower() or _parent_is_images(level):
        return True
    return any(level.text(key) for key in ("repository", "registry", "image", "imageName", "pullPolicy", "repo"))


def _parent_is_images(level: Level) -> bool:
    return level.up is not None and level.up.key.lower() == "images"


def artefact(level: Level, key: str) -> str:
    """Name what a tag, digest or version beside other keys belongs to: registry and repository where they stand there."""
    stem = re.sub(r"(?:[_.-]?(?:tag|version|digest|sha256|sha))$", "", key, flags=re.IGNORECASE)
    for name in (*((stem, f"{stem}Repository", f"{stem}_repository", f"{stem}Name") if stem else ()), *_REPOSITORY_KEYS):
        node = level.map.get(name)
        text = level.text(name)
        if text and not isinstance(node, Map):
            image = ImageRef.parse(text)
            repository = image.name if image else text
            registry = level.text("registry")
            return f"{registry.rstrip('/')}/{repository}" if registry and not repository.startswith(registry) else repository
    return level.text("name") if _imageish(level) else ""


def url_pins(place: Place, format_name: str) -> Iterator[Pin]:
    """Yield the pin of a URL's Git ref and, where the file it names carries a version too, the pin there (as `…#2`)."""
    first = ref_pin(place, format_name)
    if first is None:
        return
    yield first
    text = place.scalar.value
    found = _IN_NAME.search(text, text.rfind("/") + 1) if "/releases/download/" in text else None
    if found is not None:
        again = Place(place.object, f"{place.yaml_path}#2", place.scalar)
        second = part_pin(again, format_name, PinKind.REF, first.artefact, found.start(1), found.end(1))
        if second is not None:
            yield second
