"""Laws 3, 4, 6 and 7 of the design, judged on what stands in Git and in the records, whatever Rollbot says of itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.incidents.incident import Incident
from bot.records.entry import Entry, broken
from bot.records.trailers import trailers
from bot.refs import Sha
from tests.reconciler.memory import MemoryOrigin

STOP = ".rollbot/stop"
UNDOES = 2
"""After so many undone suspects a person is called."""


@dataclass(frozen=True)
class Ours:
    """A commit of Rollbot's, on a branch or merged. `incident` None: of a pull request that lifts something."""

    sha: Sha
    base: Sha
    said: Mapping[str, tuple[str, ...]]
    incident: Incident | None

    @property
    def undoes(self) -> str | None:
        return self.said.get("Rollback-Undo", (None,))[0]

    @property
    def services(self) -> tuple[str, ...]:
        return self.said.get("Rollback-Service", ())

    @property
    def identity(self) -> str:
        """The hash of what the release changed that it rolls back: the same change released again has the same. "" where none is known."""
        actions = self.incident.actions if self.incident and self.undoes is None else ()
        return next((action.identity for action in actions if self.sha in (action.head, action.commit)), "")

    def releases(self) -> Iterator[tuple[str, str]]:
        yield from zip(self.services, self.said.get("Rollback-Release", ()), strict=False)


def made(origin: MemoryOrigin, incidents: Sequence[Incident]) -> tuple[Ours, ...]:
    """Every commit of Rollbot's that ever was, merged or not."""
    known = {incident.id: incident for incident in incidents}
    found = []
    for sha, kept in origin.commits.items():
        if kept.author == "rollbot" and (said := trailers(kept.message)):
            found.append(Ours(sha, kept.parents[0], said, known.get(said.get("Rollback-Incident", ("",))[0])))
    return tuple(found)


def judge(origin: MemoryOrigin, incidents: Sequence[Incident], words: Mapping[str, int]) -> None:
    """Raise AssertionError, with the law's number, where one is broken.

    `words`: how often people said something of a service that lets Rollbot do more there than it may by itself.
    """
    mine, head = made(origin, incidents), origin.head()
    merged, line = set(origin.every()), set(origin.line(head))
    law_3([each for each in mine if each.sha in merged], origin, words)
    law_4(mine, merged, origin)
    law_6([each for each in mine if each.sha in line], origin, words)
    law_7(mine, origin)


def law_3(merged: Sequence[Ours], origin: MemoryOrigin, words: Mapping[str, int]) -> None:
    """At most one rollback per service and bad release, by its commit and by what it changed; a person's word may ask for one more."""
    back = [each for each in merged if each.undoes is None and each.incident and not each.incident.asked]
    parts = [
        (service, release, path)
        for each in back
        for path in origin.touched(each.sha)
        if path[0] != "."
        for service, release in (*each.releases(), *((each.services[0], name) for name in (each.identity,) if name))
    ]
    for (service, release, path), times in Counter(parts).items():
        assert times <= 1 + words.get(service, 0), f"law 3: {release} of {service} was rolled back {times} times in {path}"


def law_4(mine: Sequence[Ours], merged: set[Sha], origin: MemoryOrigin) -> None:
    """A rollback is no suspect, where nobody asks for it, and is undone at most once; after two undone suspects a person is called."""
    shas = {each.sha for each in mine}
    merges = {sha for sha, kept in origin.commits.items() if len(kept.parents) > 1 and kept.parents[1] in shas}
    for each in mine:
        if each.incident and each.incident.asked:
            continue  # a person may take an undo back, as a request of its own
        assert not {release for _, release in each.releases()} & (shas | merges), f"law 4: {each.sha} rolls a rollback back"
    undone = [each for each in mine if each.undoes and each.sha in merged]
    times = Counter(each.undoes for each in undone)
    assert all(count == 1 for count in times.values()), f"law 4: undone twice: {times}"
    tried = Counter(each.incident.id for each in undone if each.incident)
    assert all(count <= UNDOES for count in tried.values()), f"law 4: more than {UNDOES} undone suspects: {tried}"


def law_6(alone: Sequence[Ours], origin: MemoryOrigin, words: Mapping[str, int]) -> None:
    """What went without a person neither adds, deletes nor lowers."""
    for each in alone:
        if each.incident is None or each.incident.asked or any(words.get(service) for service in each.services):
            continue
        for change in origin.changes(each.sha):
            if not change.path.startswith(".rollbot/"):
                assert change.after and change.before, f"law 6: {each.sha} adds or deletes {change.path}"
                before, after = (count(origin.objects[blob].decode()) for blob in (change.before, change.after))
                assert before <= after, f"law 6: {each.sha} lowers the capacity in {change.path}"


def law_7(mine: Sequence[Ours], origin: MemoryOrigin) -> None:
    """Nothing is made where stop is pressed."""
    for each in mine:
        assert STOP not in origin.commits[each.base].tree, f"law 7: {each.sha} was made on a base where stop is pressed"


def whole(incident: Incident, record: Sequence[Entry]) -> None:
    """Raise AssertionError where a record is not as it was written."""
    why = broken(record, incident.last, incident.entries)
    assert why is None, f"law 5: {incident.id}: {why}"


def count(text: str) -> int:
    """The replicas that a file asks for."""
    found = re.search(r"count: (\d+)", text)
    return int(found[1]) if found else 0
