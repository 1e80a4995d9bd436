"""GitHub's OpenAPI description, made ready to be asked: which operation a request is, and how a value differs from its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from openapi_schema_validator import OAS30Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.github.packages import package

_SEVERAL = {"ref", "branch", "path", "basehead"}
"""Parameters of a path that may hold slashes: OpenAPI has no word for that, GitHub has."""


@dataclass(frozen=True)
class Operation:
    """`at`: where it stands in the description, as a JSON pointer."""

    method: str
    path: str
    at: str
    said: Mapping[str, Any]
    words: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def operation(method: str, path: str) -> Operation | None:
    for pattern, where, verbs in _routes():
        if method.lower() in verbs and (fits := pattern.fullmatch(path)):
            at = f"/paths/{_escaped(where)}/{method.lower()}"
            return Operation(method, where, at, verbs[method.lower()], fits.groupdict())
    return None


def parameters(found: Operation) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    """By where it stands (path, query) and name."""
    return {(each["in"], each["name"]): each for each in map(_resolved, found.said.get("parameters", ()))}


def body(found: Operation) -> tuple[str, bool] | None:
    """The pointer to the schema of the body, and whether there has to be one; None where it takes none."""
    said = found.said.get("requestBody")
    if said is None or "application/json" not in said.get("content", {}):
        return None
    return f"{found.at}/requestBody/content/{_escaped('application/json')}/schema", bool(said.get("required"))


def answered(found: Operation, status: int) -> tuple[bool, str | None]:
    """Whether that status is described, and the pointer to the schema of its body (None: it has none)."""
    said = found.said["responses"].get(str(status))
    if said is None:
        return False, None
    at = said["$ref"].removeprefix("#") if "$ref" in said else f"{found.at}/responses/{status}"
    content = _resolved(said).get("content", {})
    return True, f"{at}/content/{_escaped('application/json')}/schema" if "application/json" in content else None


def differs(pointer: str, value: Any) -> Iterator[str]:
    """How a value differs from the schema there; fields that the schema does not know among them."""
    for error in _validator({"$ref": f"github#{pointer}"}).iter_errors(value):
        yield f"{_place(error.absolute_path)}: {error.message[:200]}"
    yield from _strange(_at(pointer), value, "")


def fits(schema: Mapping[str, Any], value: Any) -> bool:
    """For a parameter, whose schema refers to nothing."""
    return bool(_validator(schema).is_valid(value))


def _place(path: Any) -> str:
    return ".".join(map(str, path)) or "it"


def _strange(schema: Mapping[str, Any], value: Any, place: str) -> Iterator[str]:
    """Descriptions leave their objects open; what they do not name is invented all the same."""
    known = list(_parts(schema))
    if isinstance(value, list):
        inner = [each["items"] for each in known if "items" in each]
        for at, each in enumerate(value if inner else ()):
            yield from _strange({"anyOf": inner}, each, f"{place}[{at}]")
    if isinstance(value, dict):
        named: dict[str, list[Any]] = {}
        for each in known:
            for name, said in each.get("properties", {}).items():
                named.setdefault(name, []).append(said)
        shut = named and not any(each.get("additionalProperties") for each in known)
        for name, each in value.items():
            if name in named:
                yield from _strange({"anyOf": named[name]}, each, f"{place}.{name}")
            elif shut:
                yield f"no field {f'{place}.{name}'.lstrip('.')}"


def _parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    whole = _resolved(schema)
    yield whole
    for word in ("allOf", "anyOf", "oneOf"):
        for each in whole.get(word, ()):
            yield from _parts(each)


def _any_of(validator: Any, schemas: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """Tolerated: `oneOf` means any of, since GitHub's variants overlap (private-user and public-user), and discriminators are ignored;
    a nullable choice allows null though none of its variants does (a commit's author whom GitHub does not know)."""
    if value is None and schema.get("nullable"):
        return
    if not any(validator.evolve(schema=each).is_valid(value) for each in schemas):
        errors = [next(validator.evolve(schema=each).iter_errors(value)).message for each in schemas]
        yield ValidationError(f"none of {len(schemas)} variants fits: {'; '.join(errors)[:300]}")


def _enum(validator: Any, values: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """Tolerated: a nullable enumeration allows null without listing it (a check run's `conclusion` while it runs)."""
    if value not in values and not (value is None and schema.get("nullable")):
        yield ValidationError(f"{value!r} is not one of {values}")


def _validator(schema: Mapping[str, Any]) -> Any:
    return _kind()(schema, registry=_registry())


@cache
def _kind() -> Any:
    return extend(cast(Any, OAS30Validator), {"oneOf": _any_of, "anyOf": _any_of, "enum": _enum})


@cache
def _described() -> dict[str, Any]:
    """Without the examples, which are most of it."""
    found: dict[str, Any] = json.loads((package("openapi") / "generated" / "api.github.com.json").read_text())
    found["components"].pop("examples", None)
    return found


@cache
def _registry() -> Any:
    return Registry().with_resource("github", DRAFT202012.create_resource(_described()))


@cache
def _routes() -> list[tuple[re.Pattern[str], str, Mapping[str, Any]]]:
    """Every path of the API, those with the fewest parameters and then the most words of their own first."""

    def word(match: re.Match[str]) -> str:
        name = match[1].replace("-", "_")
        return f"(?P<{name}>{'.+' if name in _SEVERAL else '[^/]+'})"

    routes = [(re.compile(re.sub(r"\{([\w-]+)\}", word, where)), where, verbs) for where, verbs in _described()["paths"].items()]
    return sorted(routes, key=lambda route: (route[1].count("{"), -route[1].count("/")))


def _resolved(said: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in said:
        said = _at(said["$ref"].removeprefix("#"))
    return said


def _at(pointer: str) -> Any:
    found: Any = _described()
    for part in pointer.split("/")[1:]:
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
