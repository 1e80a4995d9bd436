"""A list item → the name that it goes by in yaml paths, so that a list may grow or be reordered and every pin keeps its place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from bot.manifests.documents import Map, Node, Seq
from bot.manifests.templates import MASK
from bot.manifests.vocabulary import looks_like_version
from bot.refs import ImageRef

_NAMES = ("name", "alias", "repository", "repoURL", "chart")
_WHERE = (
    *("cluster", "clusterName", "cluster_name", "environment", "env", "stage", "region", "location", "zone", "namespace"),
    *("tenant", "team", "customer", "project", "app", "appName", "application", "service", "serviceName", "component"),
)
_ELSE = ("url", "repo", "server", "path", "id", "key", "host", "label", "title", "image", "source", "package", "bundle")
_TOGETHER = {"": _WHERE, "repoURL": ("chart", "path")}
"""By its first naming key, what names an item along with it from the start: the elements of generators are soon many of one
cluster, and sources many of one repository."""
_MOVES = re.compile(
    r"(?<![\d.])\d+\.\d+(?:\.\d+)?(?![\d.])|\b[0-9a-f]{40}\b|\?|raw\.githubusercontent"
    r"|/(?:raw|blob|tree|releases|archive|tarball|zipball)/"
)
"""Addresses that hold a version or a branch: what names an item must not move with it."""
NAMING_KEYS = (*_NAMES, *_WHERE, *_ELSE)
STEADY_KEYS = frozenset(NAMING_KEYS) - {"image"}
"""Of these all of the value may name an item; of an image it is never the version."""
_LONGEST = 160
_UNFIT = re.compile(r"[\[\],\n]|\{\{")
_PART = re.compile(r"\[([^\[\]=]+)=([^\[\]]*)\]")


def item_part(sequence: Seq, index: int) -> str:
    """Name a list item as `[key=value]` (`[key=value,key=value]`), by its only key as `[key]`, else by its index as `[0]`."""
    if sequence.parts is None:
        sequence.parts = _parts(sequence)
    return sequence.parts[index]


def names_of(yaml_path: str) -> Iterator[tuple[str, str]]:
    """Yield the keys and values that the items on the way of a yaml path are named by."""
    for first, rest in _PART.findall(yaml_path):
        for part in f"{first}={rest}".split(","):
            key, equals, value = part.partition("=")
            if equals:
                yield key, value


def akin(one: str, other: str) -> bool:
    """Say whether two yaml paths may be of one place, one of them naming its items by more keys than the other."""
    if _PART.sub("[]", one) != _PART.sub("[]", other):
        return False
    pairs = zip(_PART.findall(one), _PART.findall(other), strict=True)
    return all(_narrower(mine, theirs) or _narrower(theirs, mine) for mine, theirs in pairs)


def _narrower(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return set("=".join(one).split(",")) <= set("=".join(other).split(","))


def _parts(sequence: Seq) -> list[str]:
    """Name every item of a list: by the first rule that tells it from all the others."""
    alone = len(sequence.items) == 1
    told = [list(_candidates(item, alone)) for item in sequence.items]
    seen = Counter(candidate for candidates in told for candidate in candidates)
    return [next((one for one in candidates if seen[one] == 1), f"[{index}]") for index, candidates in enumerate(told)]


def _candidates(item: Node, alone: bool) -> Iterator[str]:
    """Yield the names that an item could go by, each longer by one key than the one before."""
    if not isinstance(item, Map):
        return
    texts = {key: text for key in NAMING_KEYS if (text := _text(item, key, alone))}
    first = next((key for key in _NAMES if key in texts), "")
    if first == "name" and (kind := item.text("kind") or item.text("target", "kind")):
        texts["kind"] = kind
    start = [key for key in (first, *_TOGETHER.get(first, ())) if key in texts]
    chain = [*start, *(key for key in ("kind", *NAMING_KEYS) if key in texts and key not in start)]
    for end in range(max(len(start), 1), len(chain) + 1):
        yield "[" + ",".join(f"{key}={texts[key]}" for key in chain[:end]) + "]"
    if not first and (sole := _sole(item)):
        yield f"[{sole}]"


def _text(item: Map, key: str, alone: bool) -> str:
    """Return what an item may be named by under a key: no version, for that is what moves, nor a template."""
    text = item.text(key) or (item.text("metadata", "name") or item.text("target", "name") if key == "name" else "")
    if not 0 < len(text) <= _LONGEST or MASK in text or _UNFIT.search(text):
        return ""
    if ("/" in text or key == "image") and (image := ImageRef.parse(text)) is not None and image.version is not None:
        return image.name
    moves = _MOVES.search(text) if key in _ELSE else alone and looks_like_version(text)
    return "" if moves else text


def _sole(item: Map) -> str:
    """Return the one key that says what sort of thing an item is, as in `- git: {…}`; "" where it has several."""
    keys = [key.value for key, value in item.items if isinstance(value, Map | Seq) and key.value != "selector"]
    return keys[0] if len(keys) == 1 and len(item.items) <= 2 and keys[0].isidentifier() else ""
