"""Renovate: a rule of its own in `packageRules`, `allowedVersions` as a negated regular expression (docs: "Configuration options").

It must not stand in a rule with `matchUpdateTypes`: Renovate would then choose among all other updates of that type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection

import yaml

from bot.manifests.exclusions.exclusion import MADE, MARK, Exclusion, Unwritable, anchored, tags

name = "Renovate"
FILES = ("renovate.json", ".renovaterc", ".renovaterc.json", ".github/renovate.json", ".gitlab/renovate.json")
_REST = r'[^"\n]*"\], "matchPackageNames": \["[^"\n]*"\], "allowedVersions": "[^"\n]*"\}'
_RULE = rf'\{{"description": \["{MARK}{_REST}'
_FIRST = rf'\{{"description": \["{MADE}; {MARK}{_REST}'
_OURS = (
    re.compile(rf'\r?\n[ \t]*"packageRules": \[{_FIRST}(?:, {_FIRST})*\],'),
    re.compile(rf",\r?\n[ \t]*{_RULE}"),
    re.compile(rf"(?:{_RULE}|{_FIRST})(?:, *)?"),
)


def bare(text: str) -> str:
    for pattern in _OURS if MARK in text else ():
        text = pattern.sub("", text)
    return text


def add(text: str, wanted: Collection[Exclusion]) -> str:
    found = {image: tags(wanted, image) for image in sorted({each.image for each in wanted})}
    found = {image: listed for image, listed in found.items() if listed and not re.search(r'["\\\s]', image)}
    if not found:
        return text
    root = _root(text)
    rules = next((value for key, value in root.value if key.value == "packageRules"), None)
    if rules is None:
        return _made(text, root, found)
    if not isinstance(rules, yaml.SequenceNode):
        raise Unwritable("packageRules is no list")
    if not rules.value:
        place = rules.start_mark.index + 1
        return text[:place] + ", ".join(_rule(image, listed) for image, listed in found.items()) + text[place:]
    last = rules.value[-1]
    start = text.rfind("\n", 0, last.start_mark.index) + 1
    indent = re.match(r"[ \t]*", text[start:])
    newline = "\r\n" if text[start - 2 : start] == "\r\n" else "\n"
    added = "".join(f",{newline}{indent[0] if indent else ''}{_rule(image, listed)}" for image, listed in found.items())
    return text[: last.end_mark.index] + added + text[last.end_mark.index :]


def _made(text: str, root: yaml.MappingNode, found: dict[str, list[str]]) -> str:
    first = root.value[0][0].start_mark.index
    start = text.rfind("\n", 0, first) + 1
    if start <= root.start_mark.index or text[start:first].strip():
        raise Unwritable("it is written on one line")
    newline = "\r\n" if text[start - 2 : start] == "\r\n" else "\n"
    rules = ", ".join(_rule(image, listed, f"{MADE}; ") for image, listed in found.items())
    place = root.start_mark.index + 1
    return f'{text[:place]}{newline}{text[start:first]}"packageRules": [{rules}],{text[place:]}'


def _rule(image: str, listed: list[str], made: str = "") -> str:
    allowed = "|".join(anchored(tag)[1:-1] for tag in listed)
    rule = {"description": [f"{made}{MARK}{' '.join(listed)}"], "matchPackageNames": [image], "allowedVersions": f"!/^({allowed})$/"}
    return json.dumps(rule, ensure_ascii=False)


def _root(text: str) -> yaml.MappingNode:
    """Return the object with its places: what is JSON is YAML too. Raises Unwritable."""
    try:
        said = json.loads(text)
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise Unwritable("it is no plain JSON") from error
    if not isinstance(said, dict) or not said or not isinstance(root, yaml.MappingNode):
        raise Unwritable("it is no object with settings")
    return root
