"""Kargo: `ignoreTagsRegexes` of a Warehouse's image subscription (docs: "Working with Warehouses"; since 1.9, before that `ignoreTags`)."""

from __future__ import annotations

from collections.abc import Collection

import yaml

from bot.manifests.exclusions import lists
from bot.manifests.exclusions.exclusion import Exclusion, anchored, tags

name = "Kargo"
bare = lists.bare


def add(text: str, wanted: Collection[Exclusion]) -> str:
    if "Warehouse" not in text:
        return text
    for image in sorted({each.image for each in wanted}):
        found = [(tag, anchored(tag)) for tag in tags(wanted, image)]
        for number in range(len(_subscriptions(text, image)) if found else 0):
            text = lists.append(text, _subscriptions(text, image)[number], "ignoreTagsRegexes", found, after="repoURL")
    return text


def _subscriptions(text: str, image: str) -> list[yaml.MappingNode]:
    houses = [each for each in lists.documents(text) if lists.said(each, "kind") == "Warehouse"]
    found = [lists.at(item, "image") for house in houses for item in lists.items(house, "spec", "subscriptions")]
    return [each for each in found if isinstance(each, yaml.MappingNode) and lists.said(each, "repoURL") == image]
