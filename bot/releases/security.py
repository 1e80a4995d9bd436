"""A commit's message → the words by which it says that it mends a hole in security."""

from __future__ import annotations

import re

_MARKS = re.compile(
    r"\bCVE-\d{4}-\d{4,19}\b"  # https://www.cve.org/ResourcesSupport/AllResources/CNARules, 19 digits at most
    r"|\bGHSA(?:-[23456789cfghjmpqrvwx]{4}){3}\b"  # https://github.com/github/advisory-database
    r"|\[security\]"  # how Renovate ends the title of a vulnerability alert's pull request
    r"|\bsecurity[- ](?:fix|patch|update|release|hotfix)(?:es)?\b|\bvulnerabilit(?:y|ies)\b",
    re.IGNORECASE,
)


def marks(message: str) -> tuple[str, ...]:
    """Return the marks in the order in which they stand, each once; none where it says nothing of security."""
    return tuple(dict.fromkeys(found[0] for found in _MARKS.finditer(message)))
