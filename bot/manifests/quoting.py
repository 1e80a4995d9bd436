"""A text and how it was written before → how it is written in YAML so that every reader takes it for that text."""

from __future__ import annotations

import re

from bot.manifests.pin import Style

# What a plain scalar is under YAML 1.1 (kubectl, Helm, PyYAML), 1.2, or either; in both it must be a string to stay plain.
_KINDS = {
    "null": re.compile(r"~|null|Null|NULL|"),
    "bool": re.compile(r"y|n|yes|no|on|off|true|false|Y|N|Yes|No|On|Off|True|False|YES|NO|ON|OFF|TRUE|FALSE"),
    "int": re.compile(r"[-+]?(?:0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*|[1-9][0-9_]*(?::[0-5]?[0-9])+)"),
    "float": re.compile(
        r"[-+]?(?:(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|\.(?:inf|Inf|INF))"
        r"|\.(?:nan|NaN|NAN)"
    ),
    "timestamp": re.compile(r"\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::?\d\d)?))?)?"),
    "merge": re.compile(r"<<|="),
}
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`")


def kind(text: str) -> str:
    """Say what a plain scalar is taken for; `str` only where every YAML version agrees."""
    return next((name for name, pattern in _KINDS.items() if pattern.fullmatch(text)), "str")


def stays_plain(new: str, old: str) -> bool:
    """Say whether `new` may stand where `old` stood without quotes."""
    if kind(new) not in ("str", kind(old)):
        return False
    if new[:1] in _INDICATORS and new[:1] != old[:1]:
        return False
    if any(character in new and character not in old for character in ",[]{}?"):
        return False
    return new == new.strip() and ": " not in new and " #" not in new and not new.endswith(":") and not new.startswith(("---", "..."))


def escaped(text: str, style: Style) -> str:
    """Return the text as it stands between the quotes of a style (all but quoted styles: as it is)."""
    if style is Style.SINGLE:
        return text.replace("'", "''")
    if style is Style.DOUBLE:
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return text


def quoted(text: str) -> str:
    return f'"{escaped(text, Style.DOUBLE)}"'
