"""GraphQL, judged by GitHub's schema: the document, its variables, and the answer's data as what the document asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from graphql import (
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from graphql.error import GraphQLError
from graphql.execution.values import get_variable_values

from tests.github.packages import package


def differs(body: bytes, status: int, answer: Any) -> Iterator[str]:
    said = json.loads(body)
    for name in sorted(set(said) - {"query", "variables", "operationName"}):
        yield f"no field {name} in the body"
    try:
        document = parse(said["query"])
    except GraphQLError as error:
        yield f"no GraphQL: {error.message}"
        return
    wrong = [str(error) for error in validate(schema(), document)] + list(_variables(document, said.get("variables") or {}))
    yield from wrong
    if not wrong:
        yield from _answer(document, said.get("variables") or {}, status, answer)


def _variables(document: Any, variables: dict[str, Any]) -> Iterator[str]:
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            values = get_variable_values(schema(), definition.variable_definitions or (), variables)
            for error in values if isinstance(values, list) else ():
                yield f"variables: {str(error)[:300]}"
            known = {each.variable.name.value for each in definition.variable_definitions or ()}
            yield from (f"variables: {name} is not declared" for name in sorted(set(variables) - known))


def _answer(document: Any, variables: dict[str, Any], status: int, answer: Any) -> Iterator[str]:
    if not isinstance(answer, dict) or status != 200:
        if status < 400 or not isinstance(answer, dict) or "message" not in answer:
            yield f"answer {status}: neither data nor a message"
        return
    if errors := answer.get("errors"):
        if not all(isinstance(each, dict) and isinstance(each.get("message"), str) for each in errors):
            yield "answer: an error without a message"
        return
    done = execute_sync(schema(), document, answer.get("data"), variable_values=variables, field_resolver=_told, type_resolver=_which)
    for error in done.errors or ():
        yield f"answer: {error.message} at {'.'.join(map(str, error.path or ()))}"
    if not done.errors and done.data != answer.get("data"):
        yield f"answer: it says what was not asked for: {json.dumps(answer.get('data'))[:200]}"


def _told(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """What the answer says there, which is under the alias where there is one."""
    if info.path.key not in source:
        raise GraphQLError(f"{info.path.key} is asked for and not said")
    return source[info.path.key]


def _which(value: Any, info: GraphQLResolveInfo, abstract: Any) -> str | None:
    """The type of an interface's value: what it says itself, or else the one that the document asks about."""
    if "__typename" in value:
        return str(value["__typename"])
    for field in info.field_nodes:
        for each in field.selection_set.selections if field.selection_set else ():
            if isinstance(each, InlineFragmentNode) and each.type_condition:
                return each.type_condition.name.value
    return None


@cache
def schema() -> GraphQLSchema:
    # GitHub's own text breaks two rules of SDL that have nothing to do with documents: it is taken as it is.
    return build_schema((package("graphql-schema") / "schema.graphql").read_text(), assume_valid=True, assume_valid_sdl=True)
