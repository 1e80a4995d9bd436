"""What crossed the fake → how it differs from what GitHub describes: OpenAPI and the schema of GraphQL, both ways, and of webhooks.

Tolerated, each because GitHub itself does so: see TOLERATED, and `_any_of` and `_enum` in description.py. Anything else is a violation.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.github import description, documents, webhooks
from tests.github.description import Operation
from tests.github.state import NOWHERE, Crossed
from tests.github.watch import HOOKS

REFUSALS = {401, 403, 404, 405, 422, 429, 500, 502, 503}
TOLERATED = {
    "refusal": "any route may answer 401, 403, 404, 405, 422, 429 or 5xx, described or not: authentication, rate limits and proxies do",
    "unchanged": "any GET that carries an ETag may answer 304 without a body; the description names it for a few routes only",
}


@dataclass(frozen=True)
class Violation:
    request: str
    why: str

    def __str__(self) -> str:
        return f"{self.request}: {self.why}"


@dataclass(frozen=True)
class Verdict:
    """`tolerated` counts by the word of TOLERATED."""

    requests: int
    violations: list[Violation]
    tolerated: Counter[str]

    def __str__(self) -> str:
        lines = [f"{self.requests} requests and their answers judged, {len(self.violations)} violations"]
        lines += [f"  {count} × {line}" for line, count in Counter(map(str, self.violations)).most_common()]
        lines += [f"  tolerated {count} ×: {TOLERATED[word]}" for word, count in sorted(self.tolerated.items())]
        return "\n".join(lines)


def judge(requests: Iterable[Crossed]) -> list[Violation]:
    """Raises Unobtainable where GitHub's descriptions cannot be had."""
    return verdict(requests).violations


def verdict(requests: Iterable[Crossed]) -> Verdict:
    """The contract report: what `judge` finds, of how many, and what was let pass. Git over HTTP is not the API's and not counted."""
    judged, violations, tolerated = 0, list[Violation](), Counter[str]()
    for request in requests:
        if request.path.startswith(("/api/", HOOKS)):
            answer = b"" if request.answer is None else json.dumps(request.answer, sort_keys=True).encode()
            found, passed = _judged(request.method, request.path, request.query, request.body, request.status, answer)
            judged += 1
            violations += found
            tolerated.update(passed)
    return Verdict(judged, violations, tolerated)


@lru_cache(maxsize=4096)  # the same is asked and answered again and again
def _judged(method: str, path: str, query: str, body: bytes, status: int, answer: bytes) -> tuple[tuple[Violation, ...], tuple[str, ...]]:
    said = json.loads(answer) if answer else None
    if path.startswith(HOOKS):
        event = path.removeprefix(HOOKS)
        return tuple(Violation(f"webhook {event}", why) for why in webhooks.differs(event, json.loads(body))), ()
    if path == "/api/graphql":
        return tuple(Violation("graphql", why) for why in documents.differs(body, status, said)), ()
    path = path.removeprefix("/api/v3")
    found = description.operation(method, path)
    if found is None:
        return (Violation(f"{method} {path}", "GitHub has no such route"),), ()
    passed: list[str] = []
    whys = [*_words(found), *_query(found, query), *_body(found, body), *_answer(found, status, said, passed)]
    return tuple(Violation(str(found), why) for why in whys), tuple(passed)


def _words(found: Operation) -> Iterator[str]:
    known = description.parameters(found)
    for name, value in found.words.items():
        said = known.get(("path", name))
        if said and not description.fits(said["schema"], _typed(said["schema"], unquote(value))):
            yield f"{name} cannot be {value}"


def _query(found: Operation, query: str) -> Iterator[str]:
    known = description.parameters(found)
    for name, value in parse_qsl(query, keep_blank_values=True):
        said = known.get(("query", name))
        if said is None:
            yield f"no parameter {name}"
        elif "$ref" not in said["schema"] and not description.fits(said["schema"], _typed(said["schema"], value)):
            yield f"{name} cannot be {value}"


def _typed(schema: Any, value: str) -> Any:
    """A word of an address as what it stands for."""
    kind = schema.get("type")
    if kind == "integer" and value.removeprefix("-").isdigit():
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value.split(",") if kind == "array" else value


def _body(found: Operation, body: bytes) -> Iterator[str]:
    schema = description.body(found)
    if schema is None:
        if body not in (b"", b"{}"):
            yield "it takes no body"
    elif body:
        yield from (f"body: {why}" for why in description.differs(schema[0], json.loads(body)))
    elif schema[1]:
        yield "it lacks its body"


def _answer(found: Operation, status: int, said: Any, passed: list[str]) -> Iterator[str]:
    if status == 404 and isinstance(said, dict) and said.get("documentation_url") == NOWHERE:
        yield "the fake has no such route"
        return
    described, schema = description.answered(found, status)
    if status == 304 and found.method == "GET" and said is None:
        passed.extend([] if described else ["unchanged"])
    elif schema is not None:
        yield from (f"answer {status}: {why}" for why in description.differs(schema, said))
    elif not described and status in REFUSALS:
        passed.append("refusal")
        if not isinstance(said, dict) or not isinstance(said.get("message"), str):
            yield f"answer {status}: a refusal without a message"
    elif not described:
        yield f"it never answers {status}"
    elif said is not None and status < 300:
        yield f"answer {status}: it answers no body"
