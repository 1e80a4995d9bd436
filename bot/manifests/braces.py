"""Text of assignments in braces (HCL, jsonnet, CUE, Nix) → a light tree as YAML's, its scalars with their byte spans.

Not a parser of these languages: it reads what is written out as `key = "value"` and in which braces it stands, and passes over
all that is computed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bot.manifests.documents import BOM, Map, Offsets, Scalar, Seq
from bot.manifests.pin import Style

LARGEST = 1024 * 1024
_DEEPEST = 100
_REST = r"""
    | <<[-~]?[ \t]*(?P<mark>[A-Za-z_]\w*)[^\n]*
    | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
    | (?P<word>\#?[A-Za-z_$@][\w.$-]*|\d[\w.+-]*)
    | (?P<open>[{\[(]) | (?P<close>[}\])])
    | (?P<assign>\+?:{1,3}(?!//)|:=|\?=|\+=|=(?![=>])|=>)
    | (?P<sep>[,;\n])
    | (?P<space>[ \t\r]+)
    | (?P<other>.)
"""
_HASH, _SLASHES, _STARS, _BARS, _QUOTES = r"\#[^\n]*", r"//[^\n]*", r"(?P<stars>/\*)", r"(?P<bars>\|\|\|)", r"(?P<quotes>'')"
_COMMENTS = {".cue": (_SLASHES,), ".nix": (_HASH, _STARS, _QUOTES)}
_TOKENS = {
    suffix: re.compile("|".join(_COMMENTS.get(suffix, (_HASH, _SLASHES, _STARS, _BARS))) + _REST, re.VERBOSE)
    for suffix in (".cue", ".nix", "")
}
_CLOSING = {"stars": "*/", "bars": "|||", "quotes": "''"}
_FAILURES = 20
"""Comments and texts without an end that are looked for; after so many the file is not of this kind."""


@dataclass(slots=True)
class _Word:
    """A word or a string: its text, where it stands, and whether quotes stood around it."""

    text: str
    start: int
    end: int
    quoted: bool


@dataclass(slots=True)
class _Open:
    """A container that is not closed yet. `block` is the word before it (`variable`), `label` what it is called."""

    node: Map | Seq
    block: str = ""
    label: str = ""
    around: Map | None = None
    words: list[_Word] = field(default_factory=list)
    keys: list[_Word] = field(default_factory=list)
    computed: bool = False

    def clear(self) -> None:
        self.words, self.keys, self.computed = [], [], False


def tree(file: bytes, path: str) -> Map | None:
    """Return what is assigned in a text; None where it is no UTF-8, or too large to be written by hand."""
    if len(file) > LARGEST:
        return None
    shift = len(BOM) if file.startswith(BOM) else 0
    try:
        text = file[shift:].decode()
    except UnicodeDecodeError:
        return None
    reading = _Reading(text, Offsets(text, len(file) - shift, shift))
    tokens = _TOKENS[next((suffix for suffix in (".cue", ".nix") if path.endswith(suffix)), "")]
    at, endless = 0, 0
    while match := tokens.match(text, at):
        at, kind = match.end(), match.lastgroup
        if kind in _CLOSING or kind == "mark":
            end = _end(text, match) if endless < _FAILURES else -1
            endless += end < 0
            at = end if end >= 0 else at
            reading.stack[-1].computed = reading.stack[-1].computed or kind != "stars"
        else:
            reading.take(match)
    while len(reading.stack) > 1:
        reading.close()
    reading.settle()
    return reading.root


def _end(text: str, opening: re.Match[str]) -> int:
    """Return where a comment, a text block or a heredoc ends; -1 where it does not."""
    if opening.lastgroup == "mark":
        found = re.compile(rf"^[ \t]*{opening['mark']}\b", re.MULTILINE).search(text, opening.end())
        return found.end() if found else -1
    closing = _CLOSING[str(opening.lastgroup)]
    at = text.find(closing, opening.end())
    return -1 if at < 0 else at + len(closing)


class _Reading:
    def __init__(self, text: str, offsets: Offsets) -> None:
        self.text, self.offsets = text, offsets
        self.root = Map(line=1)
        self.stack = [_Open(self.root)]
        self.lines = _Lines(text)

    def take(self, match: re.Match[str]) -> None:
        here, kind = self.stack[-1], match.lastgroup
        if kind in ("string", "word"):
            quoted = kind == "string"
            here.words.append(
                _Word(match.group()[quoted : len(match.group()) - quoted], match.start() + quoted, match.end() - quoted, quoted)
            )
        elif kind == "assign" and here.words and isinstance(here.node, Map) and not (here.keys and len(here.words) > 1):
            here.keys, here.words = [*here.keys, here.words[-1]], []
        elif kind == "open":
            self.open(match.group(), match.start())
        elif kind == "close":
            self.close()
        elif kind == "sep":
            self.settle()
        elif kind in ("other", "assign"):
            here.computed = True

    def open(self, bracket: str, at: int) -> None:
        here = self.stack[-1]
        names = [word.text for word in here.keys or here.words] if isinstance(here.node, Map) else []
        line = self.lines(at)
        node: Map | Seq = Map(line=line) if bracket == "{" else Seq(line=line)
        around = None
        if isinstance(here.node, Seq):
            here.node.items.append(node)
        elif len(self.stack) <= _DEEPEST:
            around = self._inner(here.node, names[:-1], line)
            around.items.append((_name(names[-1] if names else "", line), node))
        here.computed = True  # what comes after the brackets belongs to an expression
        self.stack.append(_Open(node, names[-2] if len(names) > 1 else "", names[-1] if names else "", around))

    def _inner(self, place: Map, names: list[str], line: int) -> Map:
        """Return a new mapping inside of new mappings of these names."""
        for name in names:
            inner = Map(line=line)
            place.items.append((_name(name, line), inner))
            place = inner
        return place

    def close(self) -> None:
        self.settle()
        if len(self.stack) > 1:
            self.stack.pop()

    def settle(self) -> None:
        """Keep what was assigned since the last separator, where it is one value and written out."""
        here = self.stack[-1]
        if len(here.words) == 1 and not here.computed:
            word = here.words[0]
            if isinstance(here.node, Seq):
                if word.quoted:
                    here.node.items.append(self._scalar(word))
            elif here.keys and (word.quoted or word.text[:1].isdigit()):
                self._assign(here, here.node, self._scalar(word))
        here.clear()

    def _assign(self, here: _Open, node: Map, scalar: Scalar) -> None:
        names = [key.text for key in here.keys]
        if names == ["default"] and here.block == "variable" and here.around is not None:
            node, names = here.around, [here.label]  # what a variable is, its name says
        self._inner(node, names[:-1], scalar.line).items.append((_name(names[-1], scalar.line), scalar))

    def _scalar(self, word: _Word) -> Scalar:
        return Scalar(word.text, self.offsets(word.start), self.offsets(word.end), Style.RAW, self.lines(word.start))


def _name(text: str, line: int) -> Scalar:
    return Scalar(text.removeprefix("#"), 0, 0, Style.PLAIN, line)


class _Lines:
    """The line of a character; asked for in rising order."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.line = text, 0, 1

    def __call__(self, index: int) -> int:
        self.line, self.at = self.line + self.text.count("\n", self.at, index), index
        return self.line
