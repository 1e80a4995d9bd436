"""Argo CD Image Updater: `ignoreTags` (globs) of an image of an ImageUpdater, or the older annotation `<alias>.ignore-tags` (commas).

Docs: argocd-image-updater "Configuration", pages Images and Applications. A tag holds nothing that a glob would take for a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import yaml

from bot.manifests.exclusions import lists
from bot.manifests.exclusions.exclusion import MADE, MARK, Exclusion, Unwritable, tags

name = "Argo CD Image Updater"
PREFIX = "argocd-image-updater.argoproj.io/"
bare = lists.bare
_PARAMETER = re.compile(r"\bhelm\.parameters\[name=([^\[\]]+)\]\.value$")


def add(text: str, wanted: Collection[Exclusion]) -> str:
    if "argocd-image-updater" not in text:
        return text
    for image in sorted({each.image for each in wanted}):
        if found := tags(wanted, image):
            text = _annotated(_resources(text, image, found), image, found)
    return text


def image_behind(text: str, yaml_path: str) -> str:
    """Return the image whose tag a Helm parameter sets, by the annotations `<alias>.helm.image-tag: <parameter>` and `image-list`.

    "" where the place is no parameter, or the file does not say (docs: argocd-image-updater, Images, "Specifying Helm parameter names").
    """
    parameter = _PARAMETER.search(yaml_path)
    if parameter is None or PREFIX not in text:
        return ""
    for document in lists.documents(text):
        notes = lists.at(document, "metadata", "annotations")
        for entry in lists.said(notes, f"{PREFIX}image-list").split(","):
            alias, _, image = entry.strip().rpartition("=")
            if alias and lists.said(notes, f"{PREFIX}{alias}.helm.image-tag") == parameter[1]:
                return _bare(image)
    return ""


def _resources(text: str, image: str, found: list[str]) -> str:
    for number in range(len(_images(text, image))):
        node = _images(text, image)[number]
        settings = lists.at(node, "commonUpdateSettings")
        pairs = [(tag, tag) for tag in found]
        if isinstance(settings, yaml.MappingNode):
            first = settings.value[0][0].value if settings.value else ""
            text = lists.append(text, settings, "ignoreTags", pairs, after=first)
        else:
            text = _settings(text, node, found)
    return text


def _images(text: str, image: str) -> list[yaml.MappingNode]:
    updaters = [each for each in lists.documents(text) if lists.said(each, "kind") == "ImageUpdater"]
    applications = [each for updater in updaters for each in lists.items(updater, "spec", "applicationRefs")]
    found = [each for application in applications for each in lists.items(application, "images")]
    return [each for each in found if isinstance(each, yaml.MappingNode) and _bare(lists.said(each, "imageName")) == image]


def _settings(text: str, node: yaml.MappingNode, found: list[str]) -> str:
    """Make the settings of an image that has none."""
    name, value = next(pair for pair in node.value if pair[0].value == "imageName")
    if node.flow_style:
        raise Unwritable("there is no place for commonUpdateSettings")
    indent = " " * (name.start_mark.index - text.rfind("\n", 0, name.start_mark.index) - 1)
    lines = [f"{indent}commonUpdateSettings: # {MADE}", f"{indent}  ignoreTags: # {MADE}"]
    return lists.below(text, value.end_mark.index, [*lines, *(f"{indent}    - '{tag}' # {MARK}{tag}" for tag in found)])


def _annotated(text: str, image: str, found: list[str]) -> str:
    for number in range(len(list(lists.documents(text)))):
        notes = lists.at(list(lists.documents(text))[number], "metadata", "annotations")
        for alias in _aliases(lists.said(notes, f"{PREFIX}image-list"), image):
            notes = lists.at(list(lists.documents(text))[number], "metadata", "annotations")
            assert isinstance(notes, yaml.MappingNode)
            text = _noted(text, notes, f"{PREFIX}{alias}.ignore-tags", found)
    return text


def _noted(text: str, notes: yaml.MappingNode, key: str, found: list[str]) -> str:
    node = lists.at(notes, key)
    if node is None:
        return _note(text, notes, key, found)
    if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">"):
        raise Unwritable(f"{key} is written in a way that nothing can be added to")
    there = [tag.strip() for tag in node.value.split(",")]
    missing = [tag for tag in found if tag not in there]
    if not missing:
        return text
    end = node.end_mark.index - (1 if node.style else 0)
    return lists.inline(text, end, ("," if node.value.strip() else "") + ",".join(missing), missing)


def _note(text: str, notes: yaml.MappingNode, key: str, found: list[str]) -> str:
    name, value = next(pair for pair in notes.value if pair[0].value == f"{PREFIX}image-list")
    if notes.flow_style:
        raise Unwritable(f"there is no place for {key}")
    indent = " " * (name.start_mark.index - text.rfind("\n", 0, name.start_mark.index) - 1)
    place = value.end_mark.index - (1 if value.style in ("|", ">") else 0)
    return lists.below(text, place, [f"{indent}{key}: '{','.join(found)}' # {MADE}"])


def _aliases(listed: str, image: str) -> list[str]:
    """Return by which aliases an image list (`alias=registry/name:constraint, …`) names an image."""
    pairs = (entry.strip().rpartition("=") for entry in listed.split(","))
    return [alias for alias, _, name in pairs if alias and _bare(name) == image]


def _bare(name: str) -> str:
    """An image's name without its tag or constraint: a colon after the last slash."""
    folder, slash, last = name.rpartition("/")
    return folder + slash + last.partition(":")[0]
