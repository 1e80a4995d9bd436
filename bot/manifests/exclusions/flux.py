"""Flux image automation: `ImageRepository.spec.exclusionList`, regular expressions that are not anchored by themselves.

At most 25; the default (signatures) is lost once the list is set (image-reflector-controller, api/v1 `ImageRepositorySpec`).
"""

from __future__ import annotations

from collections.abc import Collection

import yaml

from bot.manifests.exclusions import lists
from bot.manifests.exclusions.exclusion import Exclusion, Unwritable, anchored, tags

name = "Flux image automation"
MOST = 25
DEFAULT = r"^.*\.sig$"
bare = lists.bare


def add(text: str, wanted: Collection[Exclusion]) -> str:
    if "ImageRepository" not in text:
        return text
    for number in range(len(list(lists.documents(text)))):
        document = list(lists.documents(text))[number]  # each addition moves what comes after it
        spec = lists.at(document, "spec")
        if lists.said(document, "kind") != "ImageRepository" or not lists.said(document, "apiVersion").startswith(
            "image.toolkit.fluxcd.io/"
        ):
            continue
        found = [(tag, anchored(tag)) for tag in tags(wanted, lists.said(spec, "image"))]
        if found and isinstance(spec, yaml.MappingNode):
            if len(lists.items(spec, "exclusionList")) + len(found) > MOST:
                raise Unwritable(f"an exclusionList holds at most {MOST}")
            text = lists.append(text, spec, "exclusionList", found, after="image", first=(DEFAULT,))
    return text
