"""A comment's text → what a person wants of us: one typed value, or why it is not understood. Pure; whatever the text, it returns."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from bot.refs import Instant
from bot.signals.lines import first_line
from bot.signals.spoken import Allow, Approve, Cancel, Good, Help, Hold, Misspoken, Resume, RollBack, Spoken, Status, Undo, Why

WORD = "/rollback"
LONGEST = 1000
LONGEST_HOLD = 30 * 86400.0


class _Wrong(Exception):
    def __init__(self, what: str, nearest: str | None = None) -> None:
        super().__init__(what)
        self.what, self.nearest = what, nearest


@dataclass(frozen=True, slots=True)
class _Verb:
    """`places`: what stands after the verb without a word before it, in this order, each once. `words`: clauses that it knows."""

    make: Callable[..., Spoken]
    places: tuple[str, ...]
    words: frozenset[str]
    usage: str
    needs: str | None = None
    given: Mapping[str, Any] = field(default_factory=dict)


_WHICH = ("service", "environment")
_ASKING = frozenset({*_WHICH, "to", "mode", "reason"})
_ROLL_BACK = "/rollback [SERVICE] [to VERSION] [in ENVIRONMENT] [because REASON]"
VERBS: Mapping[str, _Verb] = {
    "": _Verb(RollBack, ("service",), _ASKING | {"dry_run"}, _ROLL_BACK),
    "plan": _Verb(RollBack, ("service",), _ASKING, "/rollback plan SERVICE [to VERSION] [in ENVIRONMENT]", given={"dry_run": True}),
    "status": _Verb(Status, ("service",), frozenset(_WHICH), "/rollback status [SERVICE] [in ENVIRONMENT]"),
    "why": _Verb(Why, ("service",), frozenset(_WHICH), "/rollback why [SERVICE] [in ENVIRONMENT]"),
    "approve": _Verb(Approve, ("service",), frozenset({*_WHICH, "reason"}), "/rollback approve"),
    "cancel": _Verb(Cancel, ("service",), frozenset({*_WHICH, "reason"}), "/rollback cancel [SERVICE] [in ENVIRONMENT]"),
    "undo": _Verb(Undo, ("service",), frozenset({*_WHICH, "reason"}), "/rollback undo [SERVICE] [in ENVIRONMENT] [because REASON]"),
    "hold": _Verb(
        Hold, ("seconds", "service"), frozenset({*_WHICH, "seconds", "reason"}), "/rollback hold 2h [SERVICE|everything] [in ENVIRONMENT]"
    ),
    "resume": _Verb(Resume, ("service",), frozenset(_WHICH), "/rollback resume [SERVICE|everything] [in ENVIRONMENT]"),
    "allow": _Verb(
        Allow, ("version", "service"), frozenset({*_WHICH, "reason"}), "/rollback allow VERSION [SERVICE] [in ENVIRONMENT]", "version"
    ),
    "good": _Verb(
        Good, ("version", "service"), frozenset({*_WHICH, "reason"}), "/rollback good VERSION [SERVICE] [in ENVIRONMENT]", "version"
    ),
    "help": _Verb(Help, (), frozenset(), "/rollback help"),
}
_OTHER_NAMES = {"unhold": "resume", "stop": "hold"}
_CLAUSES = {"to": "to", "in": "environment", "for": "seconds"}
_FLAGS = {
    "--service": "service",
    "--env": "environment",
    "--environment": "environment",
    "--to": "to",
    "--mode": "mode",
    "--reason": "reason",
    "--for": "seconds",
    "--dry-run": "dry_run",
}
_MODES = ("pr", "merge", "push")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+@:/-]{0,254}")
_DURATION = re.compile(r"(?:\d{1,4}[smhd]){1,4}", re.IGNORECASE)
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BECAUSE = re.compile(r"(?<!\S)because(?!\S)", re.IGNORECASE)


def read(text: str) -> Spoken | Misspoken | None:
    """Read a comment; None where it is no command at all. Only its first line counts; code and quotes are not read."""
    line = first_line(text)
    if line[: len(WORD)].lower() != WORD or line[len(WORD) : len(WORD) + 1].strip():
        return None
    rest = line[len(WORD) :].strip()
    verb, usage = "", _ROLL_BACK
    try:
        if len(line) > LONGEST:
            raise _Wrong(f"the line is longer than {LONGEST} characters")
        if any(not letter.isprintable() and letter != "\t" for letter in rest):
            raise _Wrong("it holds a character that no command has")
        verb, rest = _verb(rest)
        usage = VERBS[verb].usage
        return _spoken(VERBS[verb], rest)
    except _Wrong as wrong:
        return Misspoken(wrong.what, wrong.nearest, usage)


def written(spoken: Spoken) -> str:
    """Write what `read` reads as the same."""
    name, verb = next((name, verb) for name, verb in VERBS.items() if verb.make is type(spoken))
    words = [WORD, *([name] if name else [])]
    values = {key: getattr(spoken, key) for key in type(spoken).__dataclass_fields__}
    if verb.needs:
        words.append(values[verb.needs])
    if "seconds" in values:
        words += ["for", duration(values["seconds"])]
    for key, flag in (("service", "--service"), ("environment", "--env"), ("to", "--to"), ("mode", "--mode"), ("reason", "--reason")):
        if values.get(key):
            words += [flag, shlex.quote(values[key])]
    return " ".join([*words, *(["--dry-run"] if values.get("dry_run") else [])])


def duration(seconds: Instant) -> str:
    """`2h`, `90m`, `1h30m`: as one says it to us."""
    parts, left = [], round(seconds)
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(left, round(_UNITS[unit]))
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or "0s"


def _verb(rest: str) -> tuple[str, str]:
    first, _, after = rest.partition(" ")
    name = _OTHER_NAMES.get(first.lower(), first.lower())
    return (name, after) if name in VERBS and name else ("", rest)


def _spoken(verb: _Verb, rest: str) -> Spoken:
    values: dict[str, Any] = {}
    if "reason" in verb.words and (found := _because(rest)):
        rest, values["reason"] = rest[: found.start()], _reason(rest[found.end() :])
    words = _split(rest)
    while words:
        key, text = _next(verb, words, values)
        if key in values:
            raise _Wrong(f"{text} comes twice, or is one word too many", _meant(text, verb))
        values[key] = text if key == "dry_run" else _READERS[key](text)
    if verb.needs and verb.needs not in values:
        raise _Wrong(f"it does not say which {verb.needs}")
    return verb.make(**{**values, **verb.given})


def _because(rest: str) -> re.Match[str] | None:
    """Where the reason begins: a `because` that does not stand inside quotation marks. The rest of the line is free text."""
    for found in _BECAUSE.finditer(rest):
        try:
            shlex.split(rest[: found.start()])
        except ValueError:
            continue
        return found
    return None


def _split(rest: str) -> list[str]:
    try:
        return shlex.split(rest, posix=True)
    except ValueError:
        raise _Wrong("a quotation mark is never closed") from None


def _next(verb: _Verb, words: list[str], values: Mapping[str, Any]) -> tuple[str, Any]:
    """Take the next clause, flag or place off the words."""
    word = words.pop(0)
    flag, equals, joined = word.partition("=")
    clause = _CLAUSES.get(word.lower())
    key = _FLAGS.get(flag.lower()) if word.startswith("-") else clause
    if key is not None and key in verb.words:
        if key == "dry_run" and not equals:
            return key, True
        if equals and word.startswith("-"):
            return key, joined
        if not words:
            raise _Wrong(f"nothing comes after {word}")
        return key, words.pop(0)
    if word.startswith("-") or clause:
        known = [known for known, key in _FLAGS.items() if key in verb.words]
        raise _Wrong(f"{word} is no option here", next(iter(get_close_matches(flag.lower(), known, 1, 0.6)), None))
    if verb.places[:1] == ("seconds",) and "seconds" not in values and _DURATION.fullmatch(word):
        return "seconds", word
    place = next((place for place in verb.places if place not in values and place != "seconds"), None)
    if place is None:
        raise _Wrong(f"{word} is one word too many", _meant(word, verb) or _meant(str(values.get("service", "")), verb))
    return place, word


def _meant(word: str, verb: _Verb) -> str | None:
    """The verb that a word is perhaps a misspelling of."""
    names = [name for name in VERBS if name] if verb is VERBS[""] else []
    return next((f"{WORD} {name}" for name in get_close_matches(word.lower(), names, 1, 0.6)), None)


def meant(word: str) -> str | None:
    """The verb that a word which names no service is perhaps a misspelling of."""
    return _meant(word, VERBS[""])


def _name(text: str) -> str:
    if not _NAME.fullmatch(text) or ".." in text:
        raise _Wrong(f"{text[:100]} is no name: letters, digits, dots, dashes and underscores, and a letter or digit first")
    return text


def _version(text: str) -> str:
    if not _VERSION.fullmatch(text) or ".." in text:
        raise _Wrong(f"{text[:100]} is no version: letters, digits and . _ + @ : / -, and a letter or digit first")
    return text


def _mode(text: str) -> str:
    if text.lower() not in _MODES:
        raise _Wrong(
            f"{text[:100]} is no mode: one of {', '.join(_MODES)}", next(iter(get_close_matches(text.lower(), _MODES, 1, 0.5)), None)
        )
    return text.lower()


def _reason(text: str) -> str:
    return " ".join(text.split())[:500]


def _seconds(text: str) -> float:
    if not _DURATION.fullmatch(text):
        raise _Wrong(f"{text[:100]} is no time: such as 30m, 2h or 1d")
    found = sum(float(number) * _UNITS[unit.lower()] for number, unit in re.findall(r"(\d+)([smhd])", text, re.IGNORECASE))
    if not 0 < found <= LONGEST_HOLD:
        raise _Wrong(f"{text[:100]} is no time from 1s to 30d")
    return found


_READERS: Mapping[str, Callable[[str], Any]] = {
    "service": _name,
    "environment": _name,
    "to": _version,
    "version": _version,
    "mode": _mode,
    "reason": _reason,
    "seconds": _seconds,
}
