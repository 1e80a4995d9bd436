"""What is crossed on the way back × what is declared → whether the older release can live on today's database, and what it takes.

Undeclared is unknown, not harmless (F15): then what looks like a migration is named, for a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from bot.manifests import documents
from bot.manifests.documents import Map, Node, Scalar, Seq
from bot.manifests.estate import Service
from bot.objections import Objection
from bot.refs import Sha
from bot.releases.history import history
from bot.releases.lineage import reading
from bot.releases.owning import shares
from bot.releases.release import DesiredState
from bot.releases.schema import Declared, Migration, Told, filled, schema_of_today, told

_WORD = re.compile(r"(?i)migrat|alembic|flyway|liquibase|goose|dbmate|prisma|sqitch|schema[-_ ]?(?:up|change)|db[-_:]?(?:up|init|prepare)")
_PATHS = re.compile(r"(?i)(?:^|/)(?:migrations?|alembic|flyway|liquibase|db/migrate|prisma)(?:/|$)|\.sql$")
_HOOKS = ("helm.sh/hook", "argocd.argoproj.io/hook")
_MAYBE = re.compile(rb"kind:\s*['\"]?Job\b|initContainers")
_SHOWN = 3


class Way(StrEnum):
    """What going back takes, as far as the database goes."""

    FREE = "free"
    EXPAND = "expand"
    """The data stays as it is: what was only added does not disturb the older release."""
    DOWN = "down"
    """The bad image's own down Job first, then the pin; approved by a person."""
    HELD = "held"
    UNKNOWN = "unknown"
    SILENT = "silent"
    """Nothing is declared, and nothing looks like a migration."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`why` is a sentence for people. `today`, `to`: the database's schema, and the one that the older release was made for ("" unknown).

    `declared` is what the newest release says (its down Job, its writers), `target` what the older one does; `before` is the schema
    before the newest migration, where a down Job goes that does not say where it goes.
    """

    way: Way
    why: str
    today: str = ""
    to: str = ""
    before: str = ""
    declared: Declared = Declared()  # noqa: RUF009 - a frozen value
    target: Declared = Declared()  # noqa: RUF009 - a frozen value
    wrong: tuple[Objection, ...] = ()
    crossed: int = 0
    """How many releases that moved a version are taken back."""


def verdict(state: DesiredState, service: Service, undone: Sha, target: Sha | None) -> Verdict:
    """Say whether the service can go back from what HEAD has to what `target` released (None: to what stood before `undone`)."""
    releases = {release.commit: release for release in history(service.ref, state).releases}
    versions = {commit: release.version for commit, release in releases.items()}
    moving = {commit for commit, release in releases.items() if release.changes}
    line = [_named(each, versions, service, state) for each in told(state, service)]
    crossed = _crossed(line, undone, target, moving)
    if not crossed or len(crossed) == len(line):
        wrong = line[0].declared.wrong if line else ()
        return _undeclared(state, service, undone, bool(crossed) or undone in moving, wrong)
    newest, older = line[0].declared, line[len(crossed)].declared
    today, wrong = schema_of_today(line), (*newest.wrong, *older.wrong)
    before = next((after.declared.schema for each, after in pairwise(line) if each.set_schema), "")
    named = [versions[each.commit.sha] if each.commit.sha in moving else "" for each in line]
    names = _Names(next(filter(None, named)), next(filter(None, named[len(crossed) :]), "the older release"))
    moved = [each for each in crossed if each.commit.sha in moving]
    way, why = _decided(moved, newest, older, today, names)
    if way is Way.UNKNOWN and not (newest.at or older.at):
        return _undeclared(state, service, undone, True, wrong)
    return Verdict(way, why, today, older.schema, before, newest, older, wrong, len(moved))


@dataclass(frozen=True, slots=True)
class _Names:
    newest: str
    older: str


def _named(each: Told, versions: dict[Sha, str], service: Service, state: DesiredState) -> Told:
    declared = filled(each.declared, versions.get(each.commit.sha, ""), service, state.rules)
    return Told(each.commit, declared, each.set_schema or declared.schema != each.declared.schema)


def _crossed(line: Sequence[Told], undone: Sha, target: Sha | None, moving: Set[Sha]) -> Sequence[Told]:
    """Everything that came after the version that is gone back to; what was declared while it stood is said of it."""
    known = [each.commit.sha for each in line]
    count = known.index(target) if target in known else known.index(undone) + 1 if undone in known else 0
    while count and known[count - 1] not in moving:
        count -= 1
    return line[:count]


def _decided(crossed: Sequence[Told], newest: Declared, older: Declared, today: str, names: _Names) -> tuple[Way, str]:
    fits = older.runs_on.holds(today) if older.runs_on and today else None
    if fits:
        return Way.FREE, f"{names.older} runs on schema {older.runs_on.text}, and the database is at {today}" if older.runs_on else ""
    if fits is None and today and older.schema == today:
        return Way.FREE, f"{names.older} was made for schema {today}, which the database is at"
    worst = _worst(crossed)
    if fits is None and worst is Migration.NONE:
        return Way.FREE, f"no release since {names.older} changed the database, as they declare"
    if fits is None and worst is Migration.EXPAND:
        return Way.EXPAND, f"what came since {names.older} only added to the database (expand); its data stays as it is"
    if fits is None and worst is None:
        return Way.UNKNOWN, _unclear(older, today, names)
    named = worst if worst in (Migration.CONTRACT, Migration.IRREVERSIBLE) else "schema"
    what = f"{names.older} does not run on schema {today}" if fits is False else f"a migration ({named}) came since {names.older}"
    if worst is Migration.IRREVERSIBLE:
        return Way.HELD, f"{what}{' (irreversible)' if fits is False else ''}: {alternatives(newest)}"
    if newest.down_job:
        return Way.DOWN, f"{what}: the down Job {newest.down_job} of {names.newest} has to run first"
    return Way.HELD, f"{what}, and no down Job is declared: {alternatives(newest)}"


def alternatives(declared: Declared) -> str:
    """What is left to a person where going back is no way."""
    return "fix forward, shift traffic away, or restore the snapshot" + (f" ({declared.runbook})" if declared.runbook else "")


def _unclear(older: Declared, today: str, names: _Names) -> str:
    if older.runs_on and today:
        return f"whether schema {today} is within {older.runs_on.text}, which {names.older} runs on, cannot be told"
    return f"a release since {names.older} changed the schema{f' to {today}' if today else ''} and does not say how (rollbot.dev/migration)"


def _worst(crossed: Sequence[Told]) -> Migration | None:
    """The worst migration among them; None where one does not say. A schema that stays the same is no migration."""
    found = [Migration.NONE if each.declared.schema and not each.set_schema else each.declared.migration for each in crossed]
    order = list(Migration)
    said = [each for each in found if each is not None]
    worst = max(said, key=order.index, default=None)
    return worst if len(said) == len(found) or worst in order[2:] else None


def _undeclared(state: DesiredState, service: Service, undone: Sha, moves: bool, wrong: tuple[Objection, ...]) -> Verdict:
    found = list(dict.fromkeys(signs(state, service, undone, moves)))
    if not found:
        return Verdict(Way.SILENT, "nothing is declared of the database, and nothing looks like a migration", wrong=wrong)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    why = f"what the release did to the database is not declared (rollbot.dev/migration), and there is {', '.join(found[:_SHOWN])}{more}"
    return Verdict(Way.UNKNOWN, why, wrong=wrong)


def signs(state: DesiredState, service: Service, undone: Sha, moves: bool) -> Iterator[str]:
    """Yield what looks like a migration: paths among the changed files; where a version moves, Jobs, hooks and init containers too."""
    commit = next((each for each in state.log if each.sha == undone), None)
    for change in commit.files if commit else ():
        if _PATHS.search(change.path):
            yield f"{change.path}, changed with it"
    own, apart = {_last(pin.artefact) for pin in service.pins if pin.artefact}, shares(state, service)
    for path in service.files if moves else ():
        text = state.file(path) if path.endswith((".yaml", ".yml")) else None
        if text is None or not _MAYBE.search(text):
            continue
        others = {pin.document for pin in reading(state, path, state.tree[path]).pins if path in apart and not apart[path].has(pin)}
        for document in documents.parse_each(text).documents:
            if document.index not in others:
                yield from _in_object(document.root, path, own)


def _in_object(root: Node, path: str, own: set[str]) -> Iterator[str]:
    if not isinstance(root, Map):
        return
    name, kept = root.text("metadata", "name"), root.at("metadata", "annotations")
    hooked = isinstance(kept, Map) and any(kept.get(hook) is not None for hook in _HOOKS)
    if root.text("kind") == "Job" and (hooked or _WORD.search(name) or any(_tells(each, own) for each in _containers(root))):
        yield f"{'hook' if hooked else 'Job'} {name} ({path}:{root.line})"
    for container in _containers(root, "initContainers"):
        if _tells(container, own):
            yield f"init container {container.text('name')} ({path}:{container.line})"


def _containers(node: Node | None, key: str = "containers") -> Iterator[Map]:
    if isinstance(node, Map):
        for name, value in node.items:
            if name.value == key and isinstance(value, Seq):
                yield from (item for item in value.items if isinstance(item, Map))
            else:
                yield from _containers(value, key)
    elif isinstance(node, Seq):
        for item in node.items:
            yield from _containers(item, key)


def _tells(container: Map, own: set[str]) -> bool:
    """Whether it runs the service's own image, or speaks of migrating."""
    words = [container.text("name"), container.text("image"), *_texts(container.at("command")), *_texts(container.at("args"))]
    return _last(container.text("image")) in own or any(_WORD.search(word) for word in words)


def _texts(node: Node | None) -> list[str]:
    return [item.value for item in node.items if isinstance(item, Scalar)] if isinstance(node, Seq) else []


def _last(image: str) -> str:
    return image.rpartition("/")[2].partition("@")[0].partition(":")[0]
