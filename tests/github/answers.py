"""An answer of the fake × GitHub's description of it → what GitHub would never say: a field it has not, a value of another kind.

The fake says only as much as Rollbot reads, so a field that it leaves out is no difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    visit,
)

Schema = Mapping[str, Any]
UNDOCUMENTED = frozenset({304, 401, 403, 404, 405, 409, 422, 429})
"""Statuses that GitHub gives on any route, whether the description names them or not; so it does every 5xx."""
_KINDS: Mapping[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def rest(operation: Schema, status: int, said: Any) -> Iterator[str]:
    """Say where a REST answer differs from its description."""
    described = operation.get("responses", {})
    if str(status) not in described:
        if status not in UNDOCUMENTED and status < 500:
            yield f"it does not answer {status}"
        return
    schema = described[str(status)].get("content", {}).get("application/json", {}).get("schema")
    if said is not None and schema is None and status != 304:
        yield f"{status} has no body"
    elif said is not None and schema is not None and status < 400:
        yield from differences(schema, said, "answer")


def differences(schema: Schema, value: Any, where: str) -> Iterator[str]:
    if value is None:
        # GitHub's own examples have null in enums and objects that are described as nullable one level up
        if not _nullable(schema):
            yield f"{where} cannot be null"
        return
    if kinds := [each for word in ("oneOf", "anyOf") for each in schema.get(word, ())]:
        found = [list(differences(each, value, where)) for each in kinds]
        yield from min(found, key=len)
        return
    kind = schema.get("type")
    if kind and (not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind != "boolean")):
        yield f"{where} is no {kind}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where} cannot be {value!r}"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from differences(schema.get("items", {}), item, f"{where}[{index}]")
    elif isinstance(value, dict):
        yield from _fields(schema, value, where)


def _fields(schema: Schema, value: Mapping[str, Any], where: str) -> Iterator[str]:
    known = dict(chain.from_iterable(part.get("properties", {}).items() for part in (schema, *schema.get("allOf", ()))))
    other = schema.get("additionalProperties")
    for key, item in value.items():
        if key in known:
            yield from differences(known[key], item, f"{where}.{key}")
        elif isinstance(other, Mapping):
            yield from differences(other, item, f"{where}.{key}")
        elif known and not other:
            yield f"{where} has no field {key}"


def _nullable(schema: Schema) -> bool:
    parts = [*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())]
    return bool(schema.get("nullable")) or not schema or None in schema.get("enum", ()) or any(_nullable(part) for part in parts)


def graphql(schema: GraphQLSchema, document: str, said: Any) -> Iterator[str]:
    """Say which fields of a GraphQL answer were not asked for, and which values are of another kind than the schema's."""
    data = said.get("data") if isinstance(said, Mapping) else None
    if data is None:
        if not (isinstance(said, Mapping) and said.get("errors")):
            yield "an answer without data says no error"
        return
    asked: dict[str, set[str]] = {"": set()}
    kinds: dict[str, Any] = {}
    info, path = TypeInfo(schema), [""]

    class Asked(Visitor):
        def enter_field(self, node: FieldNode, *_: object) -> None:
            name = node.alias.value if node.alias else node.name.value
            asked.setdefault(path[-1], set()).add(name)
            path.append(f"{path[-1]}.{name}")
            kinds[path[-1]] = get_named_type(info.get_type())

        def leave_field(self, *_: object) -> None:
            path.pop()

    for definition in parse(document).definitions:
        if isinstance(definition, OperationDefinitionNode):
            visit(definition, TypeInfoVisitor(info, Asked()))
    yield from _answered(data, "", asked, kinds)


def _answered(value: Any, where: str, asked: Mapping[str, set[str]], kinds: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _answered(item, where, asked, kinds)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key in asked.get(where, ()):
                yield from _answered(item, f"{where}.{key}", asked, kinds)
            else:
                yield f"{where or 'data'} was not asked for {key}"
    elif value is not None and where in kinds:
        kind = kinds[where]
        wrong = isinstance(kind, GraphQLEnumType) and value not in kind.values
        plain = {"Int": int, "String": str, "Boolean": bool, "ID": str}.get(kind.name) if isinstance(kind, GraphQLScalarType) else None
        if wrong or (plain is not None and type(value) is not plain):
            yield f"{where} cannot be {value!r}"
