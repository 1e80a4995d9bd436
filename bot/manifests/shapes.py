"""One mapping of a values-like tree → the pins that its keys and values give away: images, tags, digests, versions, refs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.manifests.documents import Map, Scalar
from bot.manifests.pin import Pin, PinKind, Style
from bot.manifests.promises import Promise, promise
from bot.manifests.templates import MASK
from bot.manifests.vocabulary import is_fixed, looks_like_version
from bot.manifests.walk import Level, Place, image_pin, part_pin, ref_pin, whole_pin
from bot.refs import ImageRef

_TOKEN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}(?:@sha256:[0-9a-f]{64})?")
_VERSION = re.compile(r"(?=.*\d)" + _TOKEN.pattern)
_DOTTED = re.compile(r"[vV]?\d+(?:\.\d+)+(?:[-+._][A-Za-z0-9.+_-]+)?(?:@sha256:[0-9a-f]{64})?")
_STAMP = re.compile(r"[vV]?\d{8,14}(?:-[A-Za-z0-9]+)+|\d{4}-\d\d-\d\d-\d[A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
_COMMIT = re.compile(r"(?=[a-f]*\d)[0-9a-f]{7,40}")
_REVISION = re.compile(r"\d+-\d+(?:-\d+)?")
_IN_NAME = re.compile(r"(?:^|[^A-Za-z0-9.]|(?<![A-Za-z0-9.])v)(\d+(?:\.\d+)+(?:-(?:rc|alpha|beta|pre|dev)[.-]?\d*)?)")
_ODD_TAG = re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_TAG_PART = r":[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
_FULL_IMAGE = re.compile(
    r"(?:docker://|oci://)?(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::\d+)?|localhost(?::\d+)?|[a-z0-9-]+:\d+)/[a-z0-9._/-]+"
    rf"(?:{_TAG_PART})?(?:@sha256:[0-9a-f]{{64}})?"
)
_SHORT_IMAGE = re.compile(rf"[a-z0-9][a-z0-9._/-]*{_TAG_PART}(?:@sha256:[0-9a-f]{{64}})?")
_OPTION = re.compile(r"--?[A-Za-z][\w.-]*=")
_WORD_DIGITS = re.compile(r"k8s|s3|ipv[46]|http2|h2c?|oauth2|ec2|sha256", re.IGNORECASE)
_NOTHING = frozenset({"null", "Null", "NULL", "~", "true", "false", "True", "False"})
_REPOSITORY_KEYS = ("repository", "repo", "image", "imageName", "imageRepository", "image_repository", "image_name")
_ADDRESSES = ("http://", "https://", "oci://", "file://", "git@", "@", "alias:")
_GROUPS = re.compile(r"(?:.*[a-z0-9_.-])?(?:versions|tags)|.*(?:Versions|Tags)", re.IGNORECASE)
_NO_RELEASE = frozenset({"ignition", "sops", "tls"})
"""Mappings whose `version` is that of their own format."""
_IMAGE_OBJECTS = frozenset({"DockerImage", "ImageStreamTag", "ImageStreamImage"})
_STRING = "tag:yaml.org,2002:str"


def shape_pins(level: Level, format_name: str, *, versions: bool = True) -> Iterator[Pin]:
    """Yield the pins of one mapping's own scalars. `versions` says whether bare version keys count (values files) or not (objects)."""
    for key, under, scalar in level.leaves():
        text = scalar.value
        if text and scalar.tag in (None, _STRING) and len(text) < 1024 and MASK not in text:
            yield from _leaf(level, key, under, scalar, format_name, versions)


def sort(text: str) -> tuple[bool, ...]:
    """Return all that this module asks of a value by itself."""
    patterns = (_TOKEN, _ODD_TAG, _VERSION, _DOTTED, _DIGEST, _STAMP, _COMMIT, _REVISION)
    return (*(bool(pattern.fullmatch(text)) for pattern in patterns), text in _NOTHING, _has_number(text))


def _has_number(text: str) -> bool:
    """Say whether a word has a digit of its own: `k8s_events` and `IPV6` have none."""
    return any(character.isdigit() for character in _WORD_DIGITS.sub("", text))


def _leaf(level: Level, key: str, under: str, scalar: Scalar, format_name: str, versions: bool) -> Iterator[Pin]:
    text = scalar.value.rstrip("\n")
    if scalar.style is Style.PLAIN and text in _NOTHING:
        return
    found: Pin | None = None
    promised = promise(key)
    place = level.at(under, scalar)
    if ":" in text or "@" in text or "?" in text or "=" in text:
        if _is_image(level, key, under, promised, text):
            found = image_pin(place, format_name)
        elif "/" in text and (option := _OPTION.match(text)) and _FULL_IMAGE.fullmatch(text, option.end()):
            found = _option(place, format_name, option.end())
        elif "/" in text:
            yield from url_pins(place, format_name)
            return
    if found is None and not under.endswith("]") and (kind := _own(level, key, promised, text, versions)):
        found = whole_pin(place, format_name, kind, artefact(level, key))
    if found is not None:
        yield found


def _is_image(level: Level, key: str, under: str, promised: Promise, text: str) -> bool:
    """Say whether a text that may be an image reference is one: by its key, its registry, or what stands around it."""
    if promised is Promise.IMAGE or ("/" in text and _FULL_IMAGE.fullmatch(text)):
        return True
    if key == "name" and level.text("kind") in _IMAGE_OBJECTS:
        return True
    if not _SHORT_IMAGE.fullmatch(text):
        return False
    if under.endswith("]"):
        return "/" in text and looks_like_version(text.rpartition(":")[2])
    return promised is Promise.NOTHING and _has_number(text.rpartition(":")[2]) and _under_images(level)


def _under_images(level: Level) -> bool:
    at: Level | None = level
    while at is not None:
        if at.key.lower().endswith("images"):
            return True
        at = at.up
    return False


def _option(place: Place, format_name: str, start: int) -> Pin | None:
    """Make a pin of the version in `--reloader=registry/name:1.2`."""
    text = place.scalar.value
    image = ImageRef.parse(text[start:])
    if image is None or image.version is None:
        return None
    return part_pin(place, format_name, PinKind.IMAGE, image.name, len(text) - len(image.version), len(text))


def _own(level: Level, key: str, promised: Promise, text: str, versions: bool) -> PinKind | None:
    """Say what a scalar of its own fixes, by its key, its value and its neighbours."""
    match promised:
        case Promise.IMAGE:
            return None
        case Promise.NOTHING:
            return _grouped(level, text)
        case Promise.DIGEST:
            return PinKind.DIGEST if _DIGEST.fullmatch(text) else PinKind.VARIABLE if _COMMIT.fullmatch(text) else None
        case Promise.IMAGE_TAG:
            return PinKind.TAG if _VERSION.fullmatch(text) or ("ag" in key and _TOKEN.fullmatch(text)) else None
        case Promise.TAG:
            named = key == "tag" and _imageish(level) and (_TOKEN.fullmatch(text) or _ODD_TAG.fullmatch(text))
            return PinKind.TAG if named or (_VERSION.fullmatch(text) and _has_number(text)) else None
        case Promise.LABEL:
            return PinKind.APP_VERSION if _VERSION.fullmatch(text) else None
        case Promise.MESH:
            return PinKind.VARIABLE if _REVISION.fullmatch(text) or _DOTTED.fullmatch(text) else None
        case Promise.REF:
            target = "target" in key and level.text("repoURL") and is_fixed(text)
            return PinKind.REF if target or looks_like_version(text) else None
        case Promise.COMMIT:
            return PinKind.VARIABLE if _COMMIT.fullmatch(text) or _DOTTED.fullmatch(text) else None
        case Promise.SHORT:
            return PinKind.VARIABLE if _DOTTED.fullmatch(text) and not level.object.kind else None
        case Promise.VERSION:
            return _version_kind(level, key, text, versions)


def _grouped(level: Level, text: str) -> PinKind | None:
    """A value under `versions` or `imageTags` is one where it looks so, whatever its own key."""
    if not _GROUPS.fullmatch(level.key[:200]) or level.items:
        return None
    of_images = "image" in level.key.lower() and _VERSION.fullmatch(text) and _has_number(text)
    if not (of_images or _DOTTED.fullmatch(text) or looks_like_version(text)):
        return None
    return PinKind.TAG if level.key.lower().endswith("tags") else PinKind.VARIABLE


def _version_kind(level: Level, key: str, text: str, versions: bool) -> PinKind | None:
    if key == "version":
        if _of_chart(level):
            return PinKind.CHART if is_fixed(text) and any(character.isdigit() or character in "*x" for character in text) else None
        if _imageish(level):
            return PinKind.TAG if _VERSION.fullmatch(text) or _DIGEST.fullmatch(text) else None
        if level.key in _NO_RELEASE and not level.items:
            return None
    elif versions:
        return PinKind.VARIABLE if _VERSION.fullmatch(text) and _has_number(text) else None
    return PinKind.VARIABLE if _DOTTED.fullmatch(text) or _STAMP.fullmatch(text) or _built(text) else None


def _built(text: str) -> bool:
    """`master-f9a1b60b-1665404899`: a name, but with a commit in it."""
    return "-" in text and looks_like_version(text)


def _of_chart(level: Level) -> bool:
    """Say whether a mapping describes a chart: it names it, or the repository that it comes from is no registry's."""
    if level.text("chart") or (level.key == "chart" and not level.items):
        return True
    return level.text("repository").startswith(_ADDRESSES) or bool(level.text("repoURL"))


def _imageish(level: Level) -> bool:
    """Say whether a mapping describes an image: it says from where, or stands under a key that says so."""
    if "image" in level.key.lower() or _parent_is_images(level):
        return True
    return any(level.text(key) for key in ("repository", "registry", "image", "imageName", "pullPolicy", "repo"))


def _parent_is_images(level: Level) -> bool:
    return level.up is not None and level.up.key.lower() == "images"


def artefact(level: Level, key: str) -> str:
    """Name what a tag, digest or version beside other keys belongs to: registry and repository where they stand there."""
    if key == "version" and _of_chart(level):
        return (level.text("chart") or level.text("name") or level.text("alias")).rstrip("/").rpartition("/")[2]
    if promise(key) is Promise.NOTHING:
        return key
    if promise(key) is Promise.REF:
        return next((text for name in ("repoURL", "repository", "url", "repo", "git") if (text := level.text(name))), "")
    stem = re.sub(r"(?:[_.-]?(?:tag|version|ver|digest|sha256|sha|commit))$", "", key, flags=re.IGNORECASE)
    stem = "" if stem == key else stem
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
