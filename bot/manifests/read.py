"""Bytes of one manifest → its reading: every pin once, in file order, and why the file could not be read where that is so."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from bot.manifests import custom, envfile
from bot.manifests.annotated import annotated
from bot.manifests.formats import FORMATS, ONLY_TEXTS, TEXTS
from bot.manifests.globs import matches
from bot.manifests.helm import is_chart
from bot.manifests.pin import Pin, Reading
from bot.manifests.rules import ManifestRules
from bot.manifests.secrets import secret_lines
from bot.manifests.templates import load
from bot.manifests.texts import is_json, is_text
from bot.objections import Objection, Weight

PARSER_VERSION = "5"
"""Goes up with every change in what `read` answers, so that cached readings of older versions are not used."""

LARGEST = 8 * 1024 * 1024

_SUFFIXES = (".yaml", ".yml", ".yaml.gotmpl", ".yml.gotmpl", ".gotmpl", ".yaml.tmpl", ".yml.tmpl", ".yaml.j2", ".yml.j2", ".yaml.tpl")
_BARE = re.compile(r"[a-z0-9][a-z0-9_-]*")
_NEVER = frozenset({"makefile", "dockerfile", "license", "readme", "owners", "codeowners", "justfile", "procfile", "gradlew", "configure"})
_EVERYTHING = ManifestRules()
OURS = ".rollbot"
"""Our own folder (`.rollbot/`) and configuration (`.rollbot.yaml`): they say what may be deployed, and deploy nothing."""
_FEW = 20
"""Broken documents of one file that are told; a file with more of them is no manifest."""


def is_manifest(path: str, rules: ManifestRules = _EVERYTHING) -> bool:
    """Say by its name alone whether a file is read at all. What a rule for pins names always is, unless it is ignored or ours."""
    if is_ours(path) or any(matches(pattern, path) is not None for pattern in rules.ignore):
        return False
    name = PurePosixPath(path).name
    if name.endswith(_SUFFIXES) or is_chart(path) or name in ("Kustomization", "flake.lock") or envfile.is_envfile(path):
        return True
    if is_bare(path) or is_text(path) or is_json(path):
        return True
    return any(matches(rule.files, path) is not None for rule in rules.pins)


def is_ours(path: str) -> bool:
    """Say whether a file is Rollbot's own: no service's, whatever it holds."""
    return path.startswith((f"{OURS}/", f"{OURS}.yaml"))


def is_bare(path: str) -> bool:
    """Say whether a name without extension may hold YAML (some repositories keep values so); it is no error where it does not."""
    name = PurePosixPath(path).name
    return _BARE.fullmatch(name) is not None and name not in _NEVER


def read(file: bytes, path: str, rules: ManifestRules = _EVERYTHING) -> Reading:
    """Return what the file says. Never raises for a stranger's file, never answers anything of a Secret."""
    if len(file) > LARGEST:
        return Reading((), (Objection("too-big", f"larger than {LARGEST // 1024 // 1024} MiB, so it is not read", Weight.NOTE, path),))
    pins = [] if b"\0" in file else _distinct(_claimed(file, path, rules))
    if pins:
        hidden = secret_lines(file, path)
        pins = [pin for pin in pins if pin.line not in hidden] if hidden else pins
    return Reading(tuple(pins), _unreadable(file, path), annotated(file, path))


def _claimed(file: bytes, path: str, rules: ManifestRules) -> Iterator[Pin]:
    """Yield every claim, the most specific first: the user's own rules, then the table."""
    yield from custom.pins(file, path, rules)
    text = is_text(path)
    for name, claim in FORMATS.items():
        if (name in TEXTS) if text else name not in ONLY_TEXTS:
            yield from claim(file, path)


def _unreadable(file: bytes, path: str) -> tuple[Objection, ...]:
    if not PurePosixPath(path).name.endswith(_SUFFIXES) and not is_chart(path):
        return ()
    text = load(file, path)
    what = "a document of this file is not read" if text.documents else "not read"
    return tuple(Objection("unparsable", f"{what}: {fault.why}", Weight.NOTE, path, fault.line) for fault in text.faults[:_FEW])


def _distinct(pins: Iterable[Pin]) -> list[Pin]:
    """Keep the first claim on every span, in file order."""
    starts: list[int] = []
    kept: list[Pin] = []
    for pin in pins:
        at = bisect_left(starts, pin.start)
        if at < len(kept) and kept[at].start < pin.end:
            continue
        if at and kept[at - 1].end > pin.start:
            continue
        starts.insert(at, pin.start)
        kept.insert(at, pin)
    return kept
