"""`.rollbot.yaml`: text → tree with lines → models → rules."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.attribution.rules import AttributionRules
from bot.attribution.sources import EvidenceRules, SeriesRule
from bot.config.fields import DURATION, written
from bot.config.models import ALERTS, POLICY, ConfigModel, WindowModel
from bot.config.times import instant
from bot.errors import BadConfig
from bot.incidents.rules import AlertRule, AlertRules, QueryRule
from bot.manifests import documents
from bot.manifests.documents import Alias, Map, Node, Scalar, Seq, Unparsable
from bot.manifests.pin import Style
from bot.manifests.rules import GroupRule, ManifestRules, PinRule, ServiceRule
from bot.outcomes.rules import OutcomeRules
from bot.policy.judgement import JudgementRules
from bot.policy.people import PeopleRules
from bot.policy.settings import Cap, Countdown, Hours, PolicyRules
from bot.policy.windows import Freeze, Window
from bot.signals.generic import JsonRule

PATH = ".rollbot.yaml"
LARGEST = 256 * 1024
MOST_NODES = 20_000
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


@dataclass(frozen=True, slots=True)
class Config:
    """What the manifests repository says, for every stage; without a file, the defaults."""

    manifests: ManifestRules = field(default_factory=ManifestRules)
    alerts: AlertRules = field(default_factory=AlertRules)
    attribution: AttributionRules = field(default_factory=AttributionRules)
    policy: PolicyRules = field(default_factory=PolicyRules)
    people: PeopleRules = field(default_factory=PeopleRules)
    outcomes: OutcomeRules = field(default_factory=OutcomeRules)
    judgement: JudgementRules = field(default_factory=JudgementRules)
    evidence: EvidenceRules = field(default_factory=EvidenceRules)


def parse(text: bytes, path: str = PATH) -> Config:
    """Return what the text says. Raises BadConfig for the first thing that is wrong; `problems` lists them all."""
    if good := _good(text, path):
        return good
    first, *more = problems(text, path)
    if more:
        raise BadConfig(f"{first.message}; {len(more)} more in this file", path=path, line=first.line, hint=first.hint)
    raise first


def problems(text: bytes, path: str = PATH) -> tuple[BadConfig, ...]:
    """Return everything that is wrong with the text, in its order; nothing where it is right."""
    found = _read(text, path)
    return () if isinstance(found, Config) else found


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the file, for editors."""
    schema = ConfigModel.model_json_schema()
    # what a file would hold: durations with their unit; a section's own defaults stand at its keys
    for part in schema["$defs"].values():
        for key in part.get("properties", {}).values():
            if key.get("pattern") == DURATION and key.get("default") is not None:
                key["default"] = written(key["default"])
    for key in schema["properties"].values():
        if "$ref" in key:
            del key["default"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": PATH}


@lru_cache(16)
def _good(text: bytes, path: str) -> Config | None:
    """A value, and every step of every incident asks for the same one."""
    found = _read(text, path)
    return found if isinstance(found, Config) else None


def _read(text: bytes, path: str) -> Config | tuple[BadConfig, ...]:
    if len(text) > LARGEST:
        return (BadConfig(f"expected at most {LARGEST // 1024} KiB", path=path),)
    try:
        roots = [document.root for document in documents.parse(text)]
    except Unparsable as error:
        return (BadConfig(f"not YAML: {error.why}", path=path, line=error.line),)
    if len(roots) > 1:
        return (BadConfig("expected one YAML document", path=path, line=_line(roots[1])),)
    root = roots[0] if roots else Map()
    wrong = [BadConfig(f"{key} stands here twice", path=path, line=line, hint="keep one of them") for key, line in _twice(root)]
    try:
        plain = _plain(root, _Budget(MOST_NODES))
    except OverflowError:
        return (BadConfig(f"expected at most {MOST_NODES} values, aliases written out", path=path),)
    try:
        model = ConfigModel.model_validate(plain)
    except ValidationError as error:
        wrong += [_problem(one, root, path) for one in error.errors(include_url=False)]
    return tuple(sorted(wrong, key=lambda one: one.line or 0)) if wrong else _config(model)


@dataclass(slots=True)
class _Budget:
    """How many nodes may still be read: aliases of aliases multiply."""

    left: int

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise OverflowError


def _plain(node: Node | None, budget: _Budget) -> Any:
    """Scalars stay text (`1.10` is no number here); the models say what they mean."""
    budget.spend()
    match node:
        case None:
            return None
        case Alias():
            return _plain(node.target, budget)
        case Map():
            return {key.value: _plain(value, budget) for key, value in node.items}
        case Seq():
            return [_plain(item, budget) for item in node.items]
        case Scalar():
            return None if node.style is Style.PLAIN and node.value in _NULLS else node.value


def _twice(node: Node) -> Iterator[tuple[str, int]]:
    if isinstance(node, Map):
        seen = set()
        for key, value in node.items:
            if key.value in seen:
                yield key.value, key.line
            seen.add(key.value)
            yield from _twice(value)
    elif isinstance(node, Seq):
        for item in node.items:
            yield from _twice(item)


def _problem(error: ErrorDetails, root: Node, path: str) -> BadConfig:
    """Say what was expected, in the file's words, and what to write instead where that is near."""
    loc = [part for part in error["loc"] if part != "[key]"]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")
    line = _line_of(root, loc)
    message = error["msg"].removeprefix("Value error, ")
    match error["type"]:
        case "extra_forbidden":
            above = where.removesuffix(str(loc[-1])).rstrip(".")
            valid = _keys(loc[:-1])
            return BadConfig(
                f"unknown key {loc[-1]}{f' in {above}' if above else ''}", path=path, line=line, hint=_hint(str(loc[-1]), valid)
            )
        case "missing":
            return BadConfig(f"{where} is missing", path=path, line=line)
        case "enum" | "literal_error":
            valid = [word.strip(" '") for word in str(error.get("ctx", {}).get("expected", "")).replace(" or ", ",").split(",")]
            return BadConfig(f"{where}: expected one of {', '.join(valid)}", path=path, line=line, hint=_near(str(error["input"]), valid))
        case "model_type" | "model_attributes_type" | "dict_type":
            message = "expected a mapping"
        case "tuple_type" | "list_type":
            message = "expected a list"
        case "string_type":
            message = "expected a text"
        case "bool_parsing" | "bool_type":
            message = "expected true or false"
        case "int_parsing" | "int_type" | "int_from_float":
            message = "expected a whole number"
        case _:  # pydantic's own words, or ours, say what was expected
            pass
    return BadConfig(f"{where or 'the file'}: {message}", path=path, line=line)


def _hint(word: str, valid: Sequence[str]) -> str:
    return _near(word, valid) or f"valid here: {', '.join(valid)}"


def _near(word: str, valid: Sequence[str]) -> str | None:
    near = difflib.get_close_matches(word, valid, n=1)
    return f"did you mean {near[0]}?" if near else None


def _keys(loc: Sequence[int | str]) -> list[str]:
    """The keys that are valid at a place of the file."""
    model: type[BaseModel] = ConfigModel
    for part in loc:
        if isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            inner = [kind for kind in (annotation, *get_args(annotation)) if isinstance(kind, type) and issubclass(kind, BaseModel)]
            model = inner[0] if inner else model
    return list(model.model_fields)


def _line_of(node: Node, loc: Sequence[int | str]) -> int:
    """The line of the deepest part of the place that is written down."""
    line = _line(node)
    for part in loc:
        node = node.target if isinstance(node, Alias) and node.target else node
        if isinstance(node, Map):
            found = next(((key, value) for key, value in node.items if key.value == part), None)
            if found is None:
                return line
            line, node = found[0].line, found[1]
        elif isinstance(node, Seq) and isinstance(part, int):
            node = node.items[part]
            line = _line(node)
        else:
            return line
    return line


def _line(node: Node) -> int:
    return node.line or 1


def _config(model: ConfigModel) -> Config:
    environments = dict(model.environments)
    alerts = _given(model.alerts) | {
        "rules": tuple(AlertRule(**_given(rule)) for rule in model.alerts.rules),
        "ignore_values": _added(ALERTS.ignore_values, model.alerts.ignore_values),
        "environments": environments | model.alerts.environments,
        "queries": tuple(QueryRule(**_given(rule)) for rule in model.alerts.queries),
        "mappings": tuple(JsonRule(**_given(rule)) for rule in model.alerts.mappings),
    }
    policy = _given(model.policy) | {
        "protected": _added(POLICY.protected, model.policy.protected),
        "freezes": tuple(Freeze(_window(each), each.rollbacks) for each in model.policy.freezes),
        "maintenance": tuple(_window(each) for each in model.policy.maintenance),
        "caps": tuple(Cap(**_given(each)) for each in model.policy.caps),
        "countdown": Countdown(**_given(model.policy.countdown)),
        "hours": tuple(Hours(_window(each), each.trust) for each in model.policy.hours),
    }
    return Config(
        manifests=ManifestRules(
            pins=tuple(PinRule(**_given(rule)) for rule in model.pins),
            services=tuple(ServiceRule(**_given(rule)) for rule in model.services),
            environments=environments,
            ignore=model.ignore,
            groups=tuple(GroupRule(**_given(rule)) for rule in model.groups),
        ),
        alerts=AlertRules(**alerts),
        attribution=AttributionRules(**_given(model.attribution)),
        policy=PolicyRules(**policy),
        people=PeopleRules(**_given(model.people) | model.people.roles()),
        outcomes=OutcomeRules(**_given(model.outcomes)),
        judgement=JudgementRules(model.strategy, model.thresholds.bounds(), model.prices.prices()),
        evidence=EvidenceRules(model.dependencies, tuple(SeriesRule(**_given(rule)) for rule in model.series)),
    )


def _window(model: WindowModel) -> Window:
    times = {name: None if at is None else instant(at, model.timezone) for name, at in (("start", model.start), ("end", model.end))}
    fields = {name: value for name, value in model if name in Window.__dataclass_fields__}
    return Window(**fields | times | {"lasts": model.lasts or 0.0})


def _given(model: BaseModel) -> dict[str, Any]:
    return dict(model)


def _added(defaults: Sequence[str], given: Sequence[str]) -> tuple[str, ...]:
    """The defaults with what is given on top; `!x` takes x out."""
    out = {text.removeprefix("!") for text in given if text.startswith("!")}
    more: Mapping[str, None] = dict.fromkeys(text for text in given if not text.startswith("!"))
    return tuple(dict.fromkeys((*(text for text in defaults if text not in out), *more)))
