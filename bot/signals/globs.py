"""Texts of strangers against patterns of ours."""

from __future__ import annotations


def fits(pattern: str, text: str) -> bool:
    """`*` stands for any text; linear, whatever a stranger's text holds."""
    first, *rest = pattern.split("*")
    if not rest:
        return text == pattern
    if not text.startswith(first) or len(text) < len(first) + len(rest[-1]) or not text.endswith(rest[-1]):
        return False
    at, end = len(first), len(text) - len(rest[-1])
    for part in rest[:-1]:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
