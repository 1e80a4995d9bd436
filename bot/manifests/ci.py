"""What pipelines are made of → its pins: actions, orbs, included templates, hooks, Ansible collections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.manifests.documents import Scalar
from bot.manifests.fields import fixed_pin, under
from bot.manifests.pin import Pin, PinKind
from bot.manifests.vocabulary import is_fixed
from bot.manifests.walk import Level, Place, entries, image_pin, levels, objects, part_pin

FORMAT = "ci"

_ACTIONS = re.compile(r"(?:.*/)?\.(?:github|gitea|forgejo)/.+\.ya?ml|(?:.*/)?action\.ya?ml")
_USED = re.compile(r"(?P<artefact>[\w.-]+(?:/[\w./-]+)?)@(?P<ref>[^\s@]+)")
_HOOKS = frozenset({".pre-commit-config.yaml", ".pre-commit-config.yml"})
_GALAXY = frozenset({"requirements.yml", "requirements.yaml"})
_INCLUDE_KEYS = ("project", "component", "remote", "template", "local")


def pins(file: bytes, path: str, /) -> Iterable[Pin]:
    """Yield the pins of a pipeline's own parts; the images that it runs are found by their shapes."""
    name = path.rpartition("/")[2]
    if _ACTIONS.fullmatch(path):
        for level in levels(file, path):
            yield from _at(level, "uses")
        return
    galaxy = name in _GALAXY
    if not galaxy and name not in _HOOKS and b"include" not in file and b"orbs" not in file:
        return
    for found in objects(file, path):
        top = Level(found, found.root)
        if name in _HOOKS:
            for hook in entries(top, "repos"):
                yield from fixed_pin(hook, "rev", FORMAT, PinKind.REF, hook.text("repo"))
        elif galaxy:
            yield from _galaxy(top)
        elif not found.kind:
            yield from _pipeline(top)


def _pipeline(top: Level) -> Iterator[Pin]:
    orbs = under(top, "orbs")
    for key, _, _ in orbs.leaves() if orbs is not None else ():
        yield from _at(orbs, key) if orbs is not None else ()
    for include in entries(top, "include"):
        if any(include.text(key) for key in _INCLUDE_KEYS):
            yield from fixed_pin(include, "ref", FORMAT, PinKind.REF, include.text("project"))
            yield from _at(include, "component")


def _galaxy(top: Level) -> Iterator[Pin]:
    """Yield the versions of Ansible's collections and roles; the older form is a bare list of roles."""
    for key in ("collections", "roles", ""):
        for wanted in entries(top, key):
            yield from fixed_pin(wanted, "version", FORMAT, PinKind.REF, wanted.text("name") or wanted.text("src") or wanted.text("source"))


def _at(level: Level, key: str) -> Iterator[Pin]:
    """Yield the pin of `owner/name@ref` or `docker://image:tag` under a key."""
    node = level.map.get(key)
    if not isinstance(node, Scalar) or not is_fixed(node.value):
        return
    place: Place = level.place(key, node)
    match = _USED.fullmatch(node.value)
    if node.value.startswith("docker://"):
        pin = image_pin(place, FORMAT)
    elif match is not None:
        pin = part_pin(place, FORMAT, PinKind.REF, match["artefact"], match.start("ref"), match.end("ref"))
    else:
        pin = None
    if pin is not None:
        yield pin
