"""A repository → its desired state at one revision; and, ahead of that, everything its history says."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, KeysView, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, takewhile

from bot.manifests.estate import Estate, Service
from bot.manifests.pin import Pin, Reading
from bot.manifests.rules import ManifestRules
from bot.manifests.services import assign, includes
from bot.objections import Objection, Weight
from bot.ports import PinCache, Repository
from bot.reconciler.readings import Key, Reader, Readings, versions
from bot.refs import Sha
from bot.releases.release import Commit, DesiredState
from bot.releases.touched import grown

_FEW = 200
"""Beyond this many changed files, looking anew is no slower."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """How many commits were gone through, how many versions of manifests they hold, and how many of those had to be read."""

    commits: int
    versions: int
    read: int


def look(
    repository: Repository, cache: PinCache, rules: ManifestRules, at: str | None = None, *, known: DesiredState | None = None
) -> DesiredState:
    """Read a revision (default: the branch's head). What was read before costs nothing; history is read when it is asked for.

    `known` is an earlier look through the same `repository` and `cache`: where only values of pins have changed since, whose they
    are need not be worked out again.
    """
    alike = known is not None and (known.repository, known.rules) == (repository.name, rules)
    if known is not None and alike and known.head == at:  # a commit that is named in full is that commit
        return known
    head = repository.resolve(at or repository.branch)
    if known is not None and alike:
        if known.head == head:
            return known
        if (newer := _moved_on(repository, _reader(repository, cache, rules), known, head)) is not None:
            return newer
    reader = _reader(repository, cache, rules)
    tree = repository.tree(head)
    manifests = {path: blob for path, blob in tree.items() if reader.is_manifest(path)}
    readings = _readings(reader, manifests)
    inclusions = _inclusions(reader, manifests)
    log = repository.log(head)
    return DesiredState(
        repository=repository.name,
        head=head,
        tree=tree,
        log=log,
        blobs=repository.blobs(),
        readings=Readings(reader, {(path, manifests[path]): reading for path, reading in readings.items()}, log),
        estate=assign(repository.name, tree, readings, rules, inclusions),
        shallow=repository.shallow(),
        rules=rules,
    )


def _moved_on(repository: Repository, reader: Reader, known: DesiredState, head: Sha) -> DesiredState | None:
    """The state at `head`, made of the known one; None where more than the values of pins has changed."""
    tree = repository.tree(head)
    changed = {path: blob for path, blob in tree.items() if known.tree.get(path) != blob}
    if len(changed) > _FEW or known.tree.keys() - tree.keys() or changed.keys() - known.tree.keys():
        return None
    manifests = {path: blob for path, blob in changed.items() if reader.is_manifest(path)}
    before = {path: known.tree[path] for path in manifests}
    now = _readings(reader, manifests)
    then = {path: known.readings.get((path, blob)) for path, blob in before.items()}
    if _inclusions(reader, manifests) != _inclusions(reader, before) or not all(_alike(then[path], now[path]) for path in manifests):
        return None
    log = _extended(repository.log(head), known)
    stay = {(path, blob): reading for (path, blob), reading in known.readings.items() if path not in manifests}
    readings = Readings(reader, stay | {(path, manifests[path]): reading for path, reading in now.items()}, log)
    pins = {old: new for path in manifests if (was := then[path]) for old, new in zip(was.pins, now[path].pins, strict=True)}
    estate = Estate(tuple(_with(service, manifests.keys(), pins) for service in known.estate.services), known.estate.owners)
    return replace(known, head=head, tree=tree, log=log, blobs=repository.blobs(), readings=readings, estate=estate)


def _extended(log: Sequence[Commit], known: DesiredState) -> Sequence[Commit]:
    """The line, its older part taken from the known one where it ends in it: decoding it again is the dear part of a look."""
    new = list(takewhile(lambda commit: commit.sha != known.head, islice(log, _FEW)))
    below = next(islice(log, len(new), None), None)
    return log if below is None or below.sha != known.head else grown(known.log, new)


def _alike(then: Reading | None, now: Reading) -> bool:
    """Whether two readings of one file differ in values alone: nothing that says whose a pin is."""
    if then is None or then.objections or now.objections or len(then.pins) != len(now.pins):
        return False
    return all(
        (a.place, a.kind, a.format, a.document) == (b.place, b.kind, b.format, b.document) for a, b in zip(then.pins, now.pins, strict=True)
    )


def _with(service: Service, changed: KeysView[str], pins: Mapping[Pin, Pin]) -> Service:
    if changed.isdisjoint(service.files):
        return service
    primary = service.primary and pins.get(service.primary, service.primary)
    return replace(service, pins=tuple(pins.get(pin, pin) for pin in service.pins), primary=primary)


def index(
    repository: Repository, cache: PinCache, rules: ManifestRules, progress: Callable[[int, int], object] = lambda read, all_: None
) -> Indexed:
    """Read every version of every manifest on the branch's first-parent line that has not been read yet.

    `progress` is told how many were read, of how many versions.
    """
    reader = _reader(repository, cache, rules)
    head = repository.resolve(repository.branch)
    line = f"{repository.name} {repository.branch}"
    done = reader.cache.indexed(line)
    commits = list(_since(done, repository.log(head)))
    found = versions(commits, reader)
    total = sum(map(len, found.values()))
    read = reader.fill(found, lambda count: progress(count, total))
    reader.cache.put_indexed(line, head)
    return Indexed(len(commits), total, read)


def _since(done: Sha | None, log: Iterable[Commit]) -> Iterator[Commit]:
    """Yield the commits after `done`, without looking at that one: what is kept of the older line then need not be read."""
    for commit in log:
        if commit.sha == done:
            return
        yield commit
        if commit.parent == done:
            return


def _reader(repository: Repository, cache: PinCache, rules: ManifestRules) -> Reader:
    """Only rules for pins change what a file says; the others say whose it is, or whether it is read at all."""
    name = hashlib.sha256(repr(rules.pins).encode()).hexdigest() if rules.pins else ""
    return Reader(repository, cache.under(name), rules)


def _readings(reader: Reader, manifests: Mapping[str, Sha]) -> Mapping[str, Reading]:
    """Read the manifests of one tree. One that cannot be had says so: it is not taken for one without pins."""
    found = reader.cache.get(manifests.items())
    if absent := {path: [blob] for path, blob in manifests.items() if (path, blob) not in found}:
        reader.fill(absent)
        found = {**found, **reader.cache.get((path, blob) for path, (blob,) in absent.items())}
    return {path: found.get((path, blob)) or _unread(path) for path, blob in manifests.items()}


def _unread(path: str) -> Reading:
    return Reading((), (Objection("unreadable", "not read: larger than 8 MiB, or not in this clone", Weight.NOTE, path),))


def _inclusions(reader: Reader, manifests: Mapping[str, Sha]) -> Mapping[str, tuple[str, ...]]:
    found = dict(reader.cache.included(manifests.items()))
    absent = [(path, blob) for path, blob in manifests.items() if (path, blob) not in found]
    if absent:
        paths: dict[Sha, list[str]] = {}
        for path, blob in absent:
            paths.setdefault(blob, []).append(path)
        new: dict[Key, tuple[str, ...]] = {}
        for blob, file in reader.repository.read(paths):
            new |= {(path, blob): includes(file, path) for path in paths[blob]}
        reader.cache.put_included(new)
        found |= new
    return {path: targets for (path, _), targets in found.items() if targets}
