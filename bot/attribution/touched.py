"""What a release changed × what is complained about since onset → what that says for and against it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import log
from pathlib import PurePosixPath

from bot.attribution.evidence import Candidate, LogLine, Touched
from bot.attribution.parameters import Byhand
from bot.attribution.posterior import Term
from bot.attribution.words import MOST, words

_HARMLESS = re.compile(
    r"(?i)(^|/)(docs?|documentation|tests?|testdata|__tests__|spec)/|[._-](test|spec)s?\.\w+$|(^|/)test_[^/]+$"
    r"|\.(md|rst|adoc|css|scss|less|svg|png|jpe?g|gif|ico)$|(^|/)(license|changelog|codeowners)[^/]*$"
)
_RISKY = re.compile(
    r"(?i)(^|/)(go\.(mod|sum)|package(-lock)?\.json|requirements[^/]*\.txt|pom\.xml|cargo\.(toml|lock)|poetry\.lock)$"
    r"|migrations?/|\.(ya?ml|toml|ini|properties|env|conf|sql)$"
)
_SETTING = re.compile(r"(?i)timeout|limit|pool|retr(y|ies)|deadline|concurren|sample|mutex|\block\b")
FULL = 6.0
"""Nats of rarity at which shared words count in full."""


def of_change(candidate: Candidate, rivals: Iterable[Candidate], lines: Iterable[LogLine], alert: str, byhand: Byhand) -> tuple[Term, ...]:
    """Weigh what the release touched. Words that all rivals' changes share with the complaints tell nothing."""
    touched = candidate.touched
    if touched is None:
        return ()
    if touched.paths and all(_HARMLESS.search(path) for path in touched.paths):
        return (Term("touched", byhand.harmless, "it touched documentation, tests or styles only"),)
    terms = []
    if any(_RISKY.search(path) for path in touched.paths) or _SETTING.search(_changed(touched)):
        terms.append(Term("touched", byhand.risky, "it touched settings, limits, dependencies or the schema"))
    if takes_away(touched):
        terms.append(Term("takes away", byhand.takes_away, "it only takes code away"))
    said = [line.text for line in lines if line.service in {candidate.service, *candidate.shared_with}]
    if (shared := _shared(candidate, list(rivals), said, alert, byhand)) is not None:
        terms.append(shared)
    return tuple(terms)


def takes_away(touched: Touched) -> bool:
    """Return whether lines went and what was added says nothing that they did not say: a guard, a call, a registration is gone."""
    minus = words(" ".join(_lines(touched.diff, "-")))
    plus = words(" ".join(_lines(touched.diff, "+")))
    return bool(minus) and plus < minus


def _shared(candidate: Candidate, rivals: list[Candidate], said: list[str], alert: str, byhand: Byhand) -> Term | None:
    touched = candidate.touched or Touched()
    names = [PurePosixPath(path).name for path in touched.paths]
    if name := next((name for name in names if len(name) > 4 and any(name in text for text in said)), None):
        return Term("words", byhand.words, f"it touched {name}, which the new errors name")
    spoken = words(" ".join(dict.fromkeys(said)) + " " + alert)
    others = [_words(rival) for rival in rivals if rival.key != candidate.key]
    common = spoken & _words(candidate)
    rare = {word: log((1 + len(others)) / (1 + sum(word in other for other in others))) for word in common}
    telling = sorted((word for word in rare if rare[word] > 0), key=lambda word: (-rare[word], word))
    if not telling:
        return None
    nats = byhand.words * min(1.0, sum(rare.values()) / FULL)
    return Term("words", nats, f"it and the new errors both speak of {', '.join(telling[:5])}")


def _words(candidate: Candidate) -> frozenset[str]:
    touched = candidate.touched or Touched()
    return words(" ".join([_changed(touched), *touched.paths]))


def _changed(touched: Touched) -> str:
    return "\n".join([*_lines(touched.diff, "-"), *_lines(touched.diff, "+")])


def _lines(diff: str, sign: str) -> list[str]:
    return [line[1:] for line in diff[:MOST].splitlines() if line.startswith(sign) and not line.startswith(sign * 3)]
