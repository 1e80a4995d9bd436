"""(path, blob) → its reading, from the cache or read now; a file that is asked for brings all its earlier versions along."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from bot.manifests.pin import Reading
from bot.manifests.read import is_manifest, read
from bot.manifests.reread import reread
from bot.manifests.rules import ManifestRules
from bot.ports import PinCache, Repository
from bot.refs import Sha
from bot.releases.release import Commit

_BATCH = 1000
_KEPT = 20_000
_PATHS = 200

Key = tuple[str, Sha]


@dataclass(slots=True)
class Reader:
    """Reads manifests of one repository under one set of rules, and keeps what it read."""

    repository: Repository
    cache: PinCache
    rules: ManifestRules
    known: dict[str, bool] = field(default_factory=dict)

    def is_manifest(self, path: str) -> bool:
        if path not in self.known:
            self.known[path] = is_manifest(path, self.rules)
        return self.known[path]

    def fill(self, versions: Mapping[str, Sequence[Sha]], progress: Callable[[int], object] = lambda read: None) -> int:
        """Read what the cache does not have of each path's blobs (next to each other in time), and answer how many those were."""
        count = 0
        batch: dict[Key, Reading] = {}
        for key, reading in self._read(versions):
            batch[key] = reading
            if len(batch) >= _BATCH:
                self.cache.put(batch)
                count += len(batch)
                batch = {}
                progress(count)
        self.cache.put(batch)
        return count + len(batch)

    def _read(self, versions: Mapping[str, Sequence[Sha]]) -> Iterator[tuple[Key, Reading]]:
        """Most versions differ from their neighbour in a value or two, which `reread` sees without parsing."""
        before: tuple[str, bytes, Reading] | None = None
        for path, blob, file, known in self._files(versions):
            near = before[1:] if before and before[0] == path else None
            reading = known or (near and reread(near[0], near[1], file, self.rules)) or read(file, path, self.rules)
            if known is None:
                yield (path, blob), reading
            before = (path, file, reading)

    def _files(self, versions: Mapping[str, Sequence[Sha]]) -> Iterator[tuple[str, Sha, bytes, Reading | None]]:
        """Stream the blobs that are missing, and those that one of them follows with their readings; what cannot be had is passed over."""
        asked: deque[tuple[Key, Reading | None]] = deque()

        def names() -> Iterator[Sha]:
            for part in self._missing(versions):
                asked.extend(part)
                yield from (blob for (_, blob), _ in part)

        for blob, file in self.repository.read(names()):
            while asked and asked[0][0][1] != blob:
                asked.popleft()
            (path, _), known = asked.popleft()
            yield path, blob, file, known

    def _missing(self, versions: Mapping[str, Sequence[Sha]]) -> Iterator[list[tuple[Key, Reading | None]]]:
        """List what is missing, each after a neighbour that is known: some paths at a time, for the cache answers many at once."""
        left = iter(versions.items())
        while part := list(islice(left, _PATHS)):
            known = self.cache.get((path, blob) for path, blobs in part for blob in blobs)
            yield [((path, blob), known.get((path, blob))) for path, blobs in part for blob in _chain(path, blobs, known)]


def _chain(path: str, blobs: Sequence[Sha], known: Mapping[Key, Reading]) -> Iterator[Sha]:
    """Order a path's blobs so that each one missing follows one that is known, where there is one; the other known ones are left out."""
    absent = {blob for blob in blobs if (path, blob) not in known}
    if not absent:
        return
    ordered = blobs if blobs[0] not in absent or blobs[-1] in absent else blobs[::-1]
    previous: Sha | None = None
    for blob in ordered:
        if blob in absent:
            if previous is not None and previous not in absent:
                yield previous
            yield blob
        previous = blob


def versions(log: Iterable[Commit], reader: Reader) -> dict[str, list[Sha]]:
    """List every manifest's blobs along a line, each once, newest first."""
    found: dict[str, dict[Sha, None]] = {}
    for commit in log:
        for change in commit.files:
            if reader.is_manifest(change.path):
                blobs = found.setdefault(change.path, {})
                for blob in (change.after, change.before):
                    if blob is not None:
                        blobs.setdefault(blob)
    return {path: list(blobs) for path, blobs in found.items()}


class Readings(Mapping[Key, Reading]):
    """Lazy. Iterating shows those of HEAD. Blobs that cannot be had, and files that are no manifests, are absent."""

    def __init__(self, reader: Reader, head: Mapping[Key, Reading], log: Sequence[Commit]) -> None:
        self._reader, self._head, self._log = reader, head, log
        self._versions: dict[str, list[Sha]] | None = None
        self._filled: set[str] = set()
        self._kept: OrderedDict[Key, Reading] = OrderedDict()

    def __getitem__(self, key: Key) -> Reading:
        found = self._head.get(key) or self._kept.get(key) or self._find(key)
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[Key]:
        return iter(self._head)

    def __len__(self) -> int:
        return len(self._head)

    def load(self, keys: Iterable[Key]) -> None:
        """Have those of these readings at hand that the cache has: one question instead of one each."""
        new = [key for key in dict.fromkeys(keys) if key not in self._head and key not in self._kept and self._reader.is_manifest(key[0])]
        for key, found in self._reader.cache.get(new).items():
            self._keep(key, found)

    def _keep(self, key: Key, found: Reading) -> None:
        self._kept[key] = found
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def _find(self, key: Key) -> Reading | None:
        path, blob = key
        if not self._reader.is_manifest(path):
            return None
        found = self._reader.cache.get([key]).get(key)
        if found is None:
            self._reader.fill({path: self._line_of(path, blob)})
            found = self._reader.cache.get([key]).get(key)
        if found is not None:
            self._keep(key, found)
        return found

    def _line_of(self, path: str, blob: Sha) -> Sequence[Sha]:
        """All versions of the file, the first time; only the one asked for where that did not help."""
        if path in self._filled:
            return [blob]
        self._filled.add(path)
        if self._versions is None:
            self._versions = versions(self._log, self._reader)
        found = self._versions.get(path, [])
        return found if blob in found else [*found, blob]
