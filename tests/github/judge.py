"""What crossed the fake → how it differs from what GitHub says that it takes and gives: OpenAPI for REST, the schema for GraphQL."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate
from graphql.execution.values import get_variable_values
from openapi_schema_validator import OAS30Validator

from tests.github import answers
from tests.github.packages import package
from tests.github.state import Crossed

_SEVERAL = {"ref", "branch", "path", "basehead"}
"""Parameters of a path that may hold slashes."""


@dataclass(frozen=True)
class Violation:
    request: str
    why: str

    def __str__(self) -> str:
        return f"{self.request}: {self.why}"


def judge(requests: Iterable[Crossed]) -> list[Violation]:
    """Raises Unobtainable where GitHub's descriptions cannot be had."""
    found: dict[tuple[object, ...], list[Violation]] = {}
    every: list[Violation] = []
    for request in requests:
        if not request.path.startswith("/api/"):
            continue
        same = (request.method, request.path, request.query, request.body, request.status, repr(request.answer))
        if same not in found:
            found[same] = list(_graphql(request) if request.path == "/api/graphql" else _rest(request))
        every += found[same]
    return every


def _rest(request: Crossed) -> Iterator[Violation]:
    path = request.path.removeprefix("/api/v3")
    fitting = [
        (where, verbs[request.method.lower()])
        for pattern, where, verbs in _routes()
        if pattern.fullmatch(path) and request.method.lower() in verbs
    ]
    if not fitting:
        yield Violation(f"{request.method} {path}", "GitHub has no such route")
        return
    where, operation = fitting[0]
    name = f"{request.method} {where}"
    known = {each["name"]: each["schema"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    for key, value in parse_qsl(request.query):
        if key not in known:
            yield Violation(name, f"no parameter {key}")
        elif value not in known[key].get("enum", [value]):
            yield Violation(name, f"{key} cannot be {value}")
    if request.method in ("POST", "PUT", "PATCH"):
        yield from _body(name, operation, request.body)
    for why in answers.rest(operation, request.status, request.answer):
        yield Violation(name, why)


def _body(name: str, operation: Mapping[str, Any], body: bytes) -> Iterator[Violation]:
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if schema is None or not body:
        if body:
            yield Violation(name, "it takes no body")
        return
    said = json.loads(body)
    for error in OAS30Validator(schema).iter_errors(said):
        yield Violation(name, error.message[:200])
    for key in sorted(set(said) - set(schema.get("properties", said))):
        yield Violation(name, f"no field {key} in the body")


def _graphql(request: Crossed) -> Iterator[Violation]:
    said = json.loads(request.body)
    document = parse(said["query"])
    for error in validate(_schema(), document):
        yield Violation("graphql", str(error))
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            values = get_variable_values(_schema(), definition.variable_definitions or (), said["variables"])
            for error in values if isinstance(values, list) else ():
                yield Violation("graphql variables", str(error)[:300])
    for why in answers.graphql(_schema(), said["query"], request.answer) if request.status == 200 else ():
        yield Violation("graphql answer", why)


@cache
def _routes() -> list[tuple[re.Pattern[str], str, Mapping[str, Any]]]:
    """Every path of the API, those with the fewest parameters first, of these the longest."""
    described = json.loads((package("openapi") / "generated" / "api.github.com.deref.json").read_text())
    routes = []
    for where, verbs in described["paths"].items():
        pattern = re.sub(r"\{(\w+)\}", lambda match: "(.+)" if match[1] in _SEVERAL else "([^/]+)", where)
        routes.append((re.compile(pattern), where, verbs))
    return sorted(routes, key=lambda route: (route[1].count("{"), -len(route[1])))


@cache
def _schema() -> GraphQLSchema:
    # GitHub's own text breaks two rules of SDL that have nothing to do with documents: it is taken as it is.
    return build_schema((package("graphql-schema") / "schema.graphql").read_text(), assume_valid=True, assume_valid_sdl=True)
