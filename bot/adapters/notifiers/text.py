"""Text of strangers → the same to the eye, and a mention of nobody."""

from __future__ import annotations

import re

_AT = re.compile(r"@(?=[\w&!#<])|<(?=[!@#])")
JOINT = "\u2060"
"""A word joiner: no width, no break, and no chat reads a name behind it."""


def unmentioned(text: str) -> str:
    """Take the power out of `@here`, `@name`, `<!channel>`, `<@U0123>`, `<#C0123>`."""
    return _AT.sub(lambda found: f"{found[0]}{JOINT}", text)
