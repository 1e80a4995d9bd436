"""A service's releases × what they declare of the database → whether an older one can live on today's.

Declared by annotation on the service's own manifest, so that history itself says what each release needed; `.rollbot.yaml` fills in what
no manifest says. Nothing here is guessed: what is not declared is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fnmatch import fnmatchcase

from bot.manifests import documents
from bot.manifests.documents import Map, Node, Scalar
from bot.manifests.estate import Service
from bot.manifests.rules import ManifestRules
from bot.objections import Objection, Weight
from bot.refs import Sha
from bot.releases.authors import is_rollback
from bot.releases.lineage import reading, steps
from bot.releases.owning import folders, shares
from bot.releases.release import Commit, DesiredState

PREFIX = "rollbot.dev/"
TRAILER = "Rollback-Schema"
"""The trailer by which a commit of ours says where a down Job left the database."""
_KEYS = ("schema", "runs-on-schema", "migration", "down-job", "stop-writers", "runbook")
_LONGEST = 500
_TERM = re.compile(r"(>=|<=|!=|==|=|>|<)?\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_NUMBERS = re.compile(r"v?(\d+(?:[._-]\d+)*)")
_PATH = re.compile(r"(?!/)[^\\\0\n]+\.ya?ml")
_WRITER = re.compile(r"(Deployment|StatefulSet|ReplicaSet|Rollout)/([a-z0-9][a-z0-9.-]*)")


class Migration(StrEnum):
    """What a release does to the database, the harmless first."""

    NONE = "none"
    EXPAND = "expand"
    """It only adds: the release before it runs on what it leaves."""
    CONTRACT = "contract"
    """It takes away or changes: the release before it does not run on what it leaves."""
    IRREVERSIBLE = "irreversible"
    """Nothing brings back what it took away, but a snapshot."""


@dataclass(frozen=True, slots=True)
class Range:
    """`>=40 <44`: all terms must hold. An order is one of numbers (`43`, `2.10`, `20261124_1`); `=` and `!=` take any word."""

    terms: tuple[tuple[str, str], ...]
    text: str

    def holds(self, schema: str) -> bool | None:
        """Whether a schema is in it; None where they cannot be compared."""
        answers = [_compared(op, schema, bound) for op, bound in self.terms]
        return None if None in answers else all(answers)


@dataclass(frozen=True, slots=True)
class Declared:
    """What one release says. None and "" are not declared; `at` maps a key to its file and line; `wrong` is what does not parse."""

    schema: str = ""
    runs_on: Range | None = None
    migration: Migration | None = None
    down_job: str = ""
    writers: tuple[str, ...] = ()
    """`Kind/name` of workloads that are to stand still while the down Job runs."""
    runbook: str = ""
    at: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    wrong: tuple[Objection, ...] = ()


def range_of(text: str) -> Range | None:
    """Read a range; None where it is none."""
    plain, terms, at = text.strip(), [], 0
    while at < len(plain):
        match = _TERM.match(plain, at)
        if match is None:
            return None
        op, bound = match[1] or "=", match[2]
        if op in ("<", "<=", ">", ">=") and not _NUMBERS.fullmatch(bound):
            return None
        terms.append(("=" if op == "==" else op, bound))
        at = match.end()
        at += len(re.match(r"[\s,]*", plain[at:])[0])  # type: ignore[index] # it matches nothing at least
    return Range(tuple(terms), plain) if terms else None


def order(schema: str) -> tuple[int, ...] | None:
    """What a schema's numbers are; None where it is a word."""
    match = _NUMBERS.fullmatch(schema)
    return tuple(int(part) for part in re.split(r"[._-]", match[1])) if match and len(schema) <= _LONGEST else None


def _compared(op: str, schema: str, bound: str) -> bool | None:
    if op in ("=", "!="):
        same = schema == bound or (order(schema) is not None and order(schema) == order(bound))
        return same if op == "=" else not same
    mine, theirs = order(schema), order(bound)
    if mine is None or theirs is None:
        return None
    size = max(len(mine), len(theirs))
    mine, theirs = (each + (0,) * (size - len(each)) for each in (mine, theirs))
    return {"<": mine < theirs, "<=": mine <= theirs, ">": mine > theirs, ">=": mine >= theirs}[op]


@dataclass(frozen=True, slots=True)
class Told:
    """A commit of the service's line and what stood declared after it. `set_schema`: the commit itself changed the schema."""

    commit: Commit
    declared: Declared
    set_schema: bool


def told(state: DesiredState, service: Service) -> Iterator[Told]:
    """Yield the commits that touched the service's files, newest first, each with what its files declare from then on."""
    files = dict.fromkeys(service.files)
    now: dict[str, tuple[str, Sha]] = {path: (path, blob) for path in files if (blob := state.tree.get(path)) is not None}
    held = _declared(state, service, now)
    for step in steps(state, service.files, folders(state, service)):
        after, moved = held, False
        for touch in step.touches:
            moved = moved or _speaks(state, touch.before) or _speaks(state, touch.after)
            if touch.before is None or touch.old_path is None:
                now.pop(touch.slot, None)
            else:
                now[touch.slot] = (touch.old_path, touch.before)
        held = _declared(state, service, now) if moved else held
        yield Told(step.commit, after, after.schema != held.schema)


def filled(declared: Declared, version: str, service: Service, rules: ManifestRules) -> Declared:
    """What `.rollbot.yaml` says of that version, where the manifests do not."""
    for rule in rules.data:
        placed = fnmatchcase(service.ref.name, rule.service) and fnmatchcase(service.ref.environment, rule.environment)
        if placed and fnmatchcase(version, rule.version):
            said = {key: text for key in _KEYS if (text := getattr(rule, key.replace("-", "_"))) and not _has(declared, key)}
            declared = _read(declared, {key: (text, ".rollbot.yaml", None) for key, text in said.items()})
    return declared


def schema_of_today(line: Iterable[Told]) -> str:
    """The schema that the database is at: the newest release that set one, or where our down Job left it; "" not declared.

    A rollback takes the annotation back and leaves the database as it is, so what a rollback set is passed over.
    """
    last = ""
    for each in line:
        last = each.declared.schema or last
        if left := re.search(rf"^{TRAILER}: (\S+)$", each.commit.message, re.MULTILINE):
            return left[1]
        if each.set_schema and each.declared.schema and not is_rollback(each.commit.message):
            return each.declared.schema
    return last


def _has(declared: Declared, key: str) -> bool:
    return key in declared.at


def _speaks(state: DesiredState, blob: Sha | None) -> bool:
    return blob is not None and PREFIX.encode() in (state.blobs.get(blob) or b"")


def _declared(state: DesiredState, service: Service, files: Mapping[str, tuple[str, Sha]]) -> Declared:
    found: dict[str, tuple[str, str, int | None]] = {}
    wrong: list[Objection] = []
    apart = shares(state, service)
    for slot, (path, blob) in sorted(files.items()):
        text = state.blobs.get(blob)
        if text is None or not path.endswith((".yaml", ".yml")) or PREFIX.encode() not in text:
            continue
        others = {pin.document for pin in reading(state, path, blob).pins if not apart[slot].has(pin)} if slot in apart else set()
        for document in documents.parse_each(text).documents:
            for key, said, line in _annotations(document.root) if document.index not in others else ():
                before = found.setdefault(key, (said, path, line))
                if before[0] != said:
                    why = f"{PREFIX}{key} says {said!r} here and {before[0]!r} in {before[1]}:{before[2]}; one of them goes"
                    wrong.append(Objection("annotation-contradicts", why, Weight.PERSON, path, line))
    return _read(Declared(wrong=tuple(wrong)), found)


def _annotations(root: Node | None) -> Iterator[tuple[str, str, int]]:
    """Yield those of an object itself, and those that a kustomization gives to all of its objects."""
    for place in (("metadata", "annotations"), ("commonAnnotations",)):
        held = root.at(*place) if isinstance(root, Map) else None
        for key, value in held.items if isinstance(held, Map) else ():
            if key.value.startswith(PREFIX) and key.value.removeprefix(PREFIX) in _KEYS and isinstance(value, Scalar):
                yield key.value.removeprefix(PREFIX), value.value.strip(), value.line


def _read(before: Declared, said: Mapping[str, tuple[str, str, int | None]]) -> Declared:
    """Add what was said; what does not parse counts as not declared, and is said."""
    wrong, at = list(before.wrong), dict(before.at)
    values: dict[str, object] = {}
    for key, (text, path, line) in said.items():
        name, value, expected = _value(key, text)
        if value is None:
            why = f"{PREFIX}{key} is {text[:80]!r}; expected {expected}"
            wrong.append(Objection("annotation-unreadable", why, Weight.PERSON, path, line))
        else:
            values[name], at[key] = value, (path, line or 0)
    return replace(before, **values, at=at, wrong=tuple(wrong))  # type: ignore[arg-type] # by name, each of its own kind


def _value(key: str, text: str) -> tuple[str, object | None, str]:
    """The field's name, its value (None: does not parse) and what was expected."""
    short = len(text) <= _LONGEST
    match key:
        case "schema":
            return "schema", text if short and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text) else None, "one word, such as 43"
        case "runs-on-schema":
            return "runs_on", range_of(text) if short else None, "a range such as `>=40 <44`"
        case "migration":
            known = next((each for each in Migration if each.value == text), None)
            return "migration", known, "none, expand, contract or irreversible"
        case "down-job":
            fine = short and _PATH.fullmatch(text) and ".." not in text.split("/")
            return "down_job", text.removeprefix("./") if fine else None, "the path of a YAML file from the repository's root"
        case "stop-writers":
            names = tuple(each.strip() for each in text.split(","))
            return "writers", names if short and all(map(_WRITER.fullmatch, names)) else None, "Deployment/name, Deployment/other"
        case _:
            return "runbook", text if short and re.fullmatch(r"https?://[^\s<>\"'`]+", text) else None, "an http or https address"
