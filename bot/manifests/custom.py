"""Files that no format knows → the pins that rules of `.rollbot.yaml` name in them: by yaml path, or by regular expression."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from bot.errors import BadConfig
from bot.manifests.documents import BOM, Alias, Map, Node, Scalar, Seq
from bot.manifests.globs import matches
from bot.manifests.items import item_part
from bot.manifests.pin import Pin, PinKind, Style
from bot.manifests.rules import ManifestRules, PinRule
from bot.manifests.vocabulary import is_fixed
from bot.manifests.walk import Object, Place, image_pin, key_part, objects, whole_pin

FORMAT = "custom"
LARGEST = 1024 * 1024
"""Bytes of a file that regular expressions are run on; they are the user's own, and may be slow ones."""

_PART = re.compile(r"""\.?(?:"((?:[^"\\]|\\.)*)"|\[([^\]=]*)(?:=([^\]]*))?\]|([^.\[\]"]+))""")


def pins(file: bytes, path: str, rules: ManifestRules) -> Iterable[Pin]:
    """Yield the pins of every rule whose glob the path matches. Raises BadConfig for a rule that cannot be understood."""
    for rule in rules.pins:
        if matches(rule.files, path) is None:
            continue
        if rule.yaml_path is not None:
            yield from _by_path(file, path, rule, rule.yaml_path)
        if rule.regex is not None and len(file) <= LARGEST:
            yield from _by_regex(file, path, rule, expression(rule.name, rule.regex))


def check(rule: PinRule) -> None:
    """Raise BadConfig where the rule cannot be understood, or says neither or both of yaml path and regex."""
    if (rule.yaml_path is None) == (rule.regex is None):
        raise BadConfig(f"pins rule {rule.name!r} needs a yaml path or a regex, and not both")
    if rule.yaml_path is not None:
        parts(rule.name, rule.yaml_path)
    if rule.regex is not None:
        expression(rule.name, rule.regex)


@lru_cache(maxsize=256)
def expression(name: str, regex: str) -> re.Pattern[str]:
    """Compile a rule's regular expression; it must have the group that says where the version stands."""
    try:
        compiled = re.compile(regex, re.MULTILINE)
    except re.error as error:
        raise BadConfig(f"pins rule {name!r}: the regex is not valid: {error}") from error
    if "version" not in compiled.groupindex:
        raise BadConfig(f"pins rule {name!r}: the regex has no group named version", hint="write (?P<version>…) around it")
    return compiled


@lru_cache(maxsize=256)
def parts(name: str, yaml_path: str) -> tuple[tuple[str, ...], ...]:
    """Split a yaml path: `(key,)`, `("", index or "*")`, `(key, value)` for a list item with that key; `*` is any key."""
    found: list[tuple[str, ...]] = []
    at = 0
    text = yaml_path.strip().removeprefix("$")
    while at < len(text):
        match = _PART.match(text, at)
        if match is None:
            raise BadConfig(
                f"pins rule {name!r}: {yaml_path!r} is no yaml path", hint='write it as spec.images[name=web].newTag or data."a.b"'
            )
        quoted, item, value, key = match.groups()
        if item is None:
            found.append((re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else key,))
        else:
            found.append(("", item) if value is None else (item, value))
        at = match.end()
    if not found:
        raise BadConfig(f"pins rule {name!r}: the yaml path is empty")
    return tuple(found)


def _by_path(file: bytes, path: str, rule: PinRule, yaml_path: str) -> Iterator[Pin]:
    wanted = parts(rule.name, yaml_path)
    for found in objects(file, path):
        root: Node = found.root
        if len(wanted[0]) == 2 and isinstance(bare := found.root.get(""), Seq):
            root = bare
        for place in _places(found, root, found.prefix, wanted):
            pin = _pin(place, rule)
            if pin is not None:
                yield pin


def _places(found: Object, node: Node, above: str, wanted: tuple[tuple[str, ...], ...]) -> Iterator[Place]:
    if not wanted:
        if isinstance(node, Scalar):
            yield Place(found, above, node)
        return
    part, rest = wanted[0], wanted[1:]
    if len(part) == 1 and isinstance(node, Map):
        for key, value in node.items:
            if part[0] in ("*", key.value):
                yield from _places(found, value, f"{above}.{key_part(key.value)}" if above else key_part(key.value), rest)
    elif len(part) == 2 and isinstance(node, Seq):
        for index, item in enumerate(node.items):
            if _is_item(item, index, part) or item_part(node, index) == _written(part):
                yield from _places(found, item, above + item_part(node, index), rest)


def _is_item(item: Node, index: int, part: tuple[str, ...]) -> bool:
    if part[0] == "":
        return part[1] in ("*", "", str(index))
    named = item.target if isinstance(item, Alias) else item
    return isinstance(named, Map) and named.text(part[0]) == part[1]


def _written(part: tuple[str, ...]) -> str:
    """Return the part as a yaml path has it: `[git]`, `[cluster=eu,env=prod]`."""
    return f"[{part[1]}]" if part[0] == "" else f"[{part[0]}={part[1]}]"


def _pin(place: Place, rule: PinRule) -> Pin | None:
    text = place.scalar.value
    if not is_fixed(text.rstrip("\n")):
        return None
    image = image_pin(place, FORMAT) if "/" in text else None
    if image is not None:
        return image
    return whole_pin(place, FORMAT, PinKind.VARIABLE, rule.artefact)


def _by_regex(file: bytes, path: str, rule: PinRule, pattern: re.Pattern[str]) -> Iterator[Pin]:
    shift = len(BOM) if file.startswith(BOM) else 0
    try:
        text = file[shift:].decode()
    except UnicodeDecodeError:
        return
    seen: dict[str, int] = {}
    at, offset, line = 0, shift, 1
    for match in pattern.finditer(text):
        start, value = match.start("version"), (match["version"] or "").removesuffix("\r")
        if start < at or not value or "\n" in value:
            continue
        offset, line, at = offset + len(text[at:start].encode()), line + text.count("\n", at, start), start
        artefact = (match["artefact"] if "artefact" in pattern.groupindex else None) or rule.artefact
        seen[artefact] = nth = seen.get(artefact, 0) + 1
        yield Pin(
            path=path,
            document=0,
            yaml_path=rule.name if nth == 1 else f"{rule.name}#{nth}",
            line=line,
            start=offset,
            end=offset + len(value.encode()),
            format=FORMAT,
            kind=PinKind.VARIABLE,
            object_kind="",
            object_name="",
            namespace="",
            artefact=artefact,
            value=value,
            style=Style.RAW,
        )
