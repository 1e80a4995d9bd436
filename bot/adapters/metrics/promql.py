"""An alert's expression → the windows it looks back over, and the expression without its threshold. It only ever cuts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#[^\n]*)
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    |(?P<range>\[[^\[\]]*\])
    |(?P<word>[A-Za-z_:][\w:]*)
    |(?P<number>0[xX][0-9a-fA-F]+|(?:\d+(?:ms|[smhdwy]))+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<matcher>=~|!~)
    |(?P<compare>==|!=|>=|<=|>|<)
    |(?P<open>[({])|(?P<close>[)}])
    |(?P<sign>[-+*/%^])
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_SPAN = re.compile(r"(\d+)(ms|[smhdwy])")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_CONSTANTS = ("inf", "nan")


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    start: int
    end: int
    depth: int


def tokens(query: str) -> tuple[Token, ...]:
    """Split an expression, leaving blanks and comments out; `depth` counts the brackets around a token."""
    found, depth = [], 0
    for match in _TOKEN.finditer(query):
        kind = match.lastgroup or "other"
        depth -= kind == "close"
        if kind != "blank":
            found.append(Token(kind, match.group(), match.start(), match.end(), depth))
        depth += kind == "open"
    return tuple(found)


def span(text: str) -> float | None:
    """`1h30m` (or plain seconds) → seconds; None where it is neither."""
    text = text.strip()
    parts = _SPAN.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
    return float(text) if re.fullmatch(r"\d+(?:\.\d+)?", text) else None


def window(query: str, recorded: Mapping[str, str], seen: frozenset[str] = frozenset()) -> float:
    """The longest stretch of the past that an expression looks at: ranges, subqueries around them, and those of recorded series."""
    levels, last = [0.0], 0.0
    for token in tokens(query):
        if token.kind == "open":
            levels.append(0.0)
        elif token.kind == "close" and len(levels) > 1:
            last = levels.pop()
            levels[-1] = max(levels[-1], last)
        elif token.kind == "range":
            length, colon, _ = token.text[1:-1].partition(":")
            last = (span(length) or 0.0) + (last if colon else 0.0)
            levels[-1] = max(levels[-1], last)
        elif token.kind == "word" and token.text in recorded and token.text not in seen:
            last = window(recorded[token.text], recorded, seen | {token.text})
            levels[-1] = max(levels[-1], last)
    return max(levels)


def plain(query: str) -> bool:
    """Whether it is a selector of stored series and nothing else: `name` or `name{…}`."""
    name, *matchers = tokens(query) or (Token("other", "", 0, 0, 0),)
    braced = not matchers or (matchers[0].text == "{" and matchers[-1].text == "}" and all(token.depth for token in matchers[1:-1]))
    return name.kind == "word" and braced


def measured(query: str, recorded: Mapping[str, str]) -> str:
    """The expression that the alert compares with its threshold; the query itself where it does not end in one.

    Of several joined by `and` or `or` it is the first, or, where the same is asked over several windows (burn rates), the one
    over the shortest: it shows recovery first.
    """
    found = [bare for leaf in _leaves(query) if (bare := _without_threshold(leaf)) is not None]
    if not found:
        return query
    alike = [leaf for leaf in found if _SPAN.sub("", leaf) == _SPAN.sub("", found[0])]
    return min(alike, key=lambda leaf: window(leaf, recorded))


def _leaves(query: str) -> list[str]:
    """The operands of `or` and `and`, in order; what stands right of `unless` is no measure of the trouble."""
    query = _unwrapped(query)
    for words in (("or",), ("and", "unless")):
        parts = _split(query, words)
        if len(parts) > 1:
            kept = [text for operator, text in parts if operator != "unless"]
            return [leaf for text in kept for leaf in _leaves(text)]
    return [query]


def _split(query: str, words: Sequence[str]) -> list[tuple[str, str]]:
    parts, operator, start = [], "", 0
    for token in tokens(query):
        if token.kind == "word" and token.depth == 0 and token.text.lower() in words:
            parts.append((operator, query[start : token.start]))
            operator, start = token.text.lower(), token.end
    parts.append((operator, query[start:]))
    return [(operator, _unmatched(text)) for operator, text in parts]


def _unmatched(text: str) -> str:
    """Leave out the `on (…)` or `ignoring (…)` that belongs to the operator before."""
    found = tokens(text)
    if found and found[0].text.lower() in ("on", "ignoring"):
        end = next((token.end for token in found if token.kind == "close" and token.depth == 0), 0)
        return text[end:]
    return text


def _unwrapped(query: str) -> str:
    """Leave out brackets around the whole."""
    found = tokens(query)
    while len(found) > 2 and found[0].text == "(" and not any(token.depth == 0 for token in found[1:-1]):
        query = query[found[0].end : found[-1].start]
        found = tokens(query)
    return query.strip()


def _without_threshold(leaf: str) -> str | None:
    """Cut comparisons with a constant off; None where there is none."""
    cut = None
    while True:
        compares = [token for token in tokens(leaf) if token.kind == "compare" and token.depth == 0]
        if not compares:
            return cut
        left, right = leaf[: compares[-1].start], _without_bool(leaf[compares[-1].end :])
        if _constant(right):
            leaf = cut = left.strip()
        elif _constant(left):
            leaf = cut = right.strip()
        else:
            return cut


def _without_bool(text: str) -> str:
    found = tokens(text)
    return text[found[0].end :] if found and found[0].text.lower() == "bool" else text


def _constant(text: str) -> bool:
    found = tokens(text)
    numbers = [t for t in found if t.kind == "number" or t.text.lower() in _CONSTANTS]
    return bool(numbers) and all(t in numbers or t.kind == "sign" or t.text in "()" for t in found)
