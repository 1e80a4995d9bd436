"""Strangers' text → words that can be compared: identifiers taken apart, short and common ones left out."""

from __future__ import annotations

import re

MOST = 20_000
"""Characters that are read of any one text."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SAY_NOTHING = """
about after again also await been before const context could does error errors exceeded failed false float from func have import into
level main message none null over request response return returned returning returns self should string test than that them then there
they this true type types upstream value void when where while with without would
"""
_COMMON = frozenset(_SAY_NOTHING.split())


def words(text: str) -> frozenset[str]:
    """Return the words of four letters and more, lower case, plurals cut."""
    found = (word.lower() for word in _WORD.findall(text[:MOST]))
    return frozenset(word.removesuffix("s") for word in found if len(word) > 3 and word not in _COMMON)
