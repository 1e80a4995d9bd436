"""What can be expected of a world: each word of `expect` and `ends`, and how it is seen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bot.incidents.incident import Action, Incident
from bot.records.entry import Stage
from bot.world.lived import LivedWorld

_COMMIT = re.compile(r"\b[0-9a-f]{7,40}\b")
"""What stands for a version where a release moved none."""


def expect(world: LivedWorld, words: Mapping[str, Any]) -> None:
    """Raise AssertionError, with what is seen, where one of the words is not so."""
    for what, wanted in words.items():
        seen = SEEN[what](world, wanted)
        assert seen == wanted, f"{what}: {seen}, not {wanted}"


def proposals(world: LivedWorld) -> list[str]:
    """The branches of ours that are not on the main line yet."""
    pulls = [world.pulls.pull(branch) for branch in world.origin.branches() if branch.startswith("rollbot/")]
    return [pull.branch for pull in pulls if pull and pull.state == "open"]


def ours(world: LivedWorld) -> list[tuple[str, str]]:
    """Commits of ours on the main line, merges by hand included, oldest first: name and message."""
    found = [(sha, world.origin.message(sha)) for sha in world.origin.every()]
    return [(sha, message) for sha, message in found if "\nRollback-From: " in message or "\nRollback-Undo: " in message]


def incidents(world: LivedWorld) -> list[Incident]:
    """In the order in which they were opened; those of one moment by service."""
    return sorted(world.incidents(), key=lambda incident: (incident.opened, str(incident.service)))


def decided(world: LivedWorld) -> list[str]:
    """What was decided in each incident, in order; commits left out."""
    return [_decided(world, incident) for incident in incidents(world)]


def acted(world: LivedWorld) -> list[str]:
    return ["; ".join(map(_acted, incident.actions)) or "none" for incident in incidents(world)]


def ended(world: LivedWorld) -> list[str]:
    return [str(incident.end) if incident.end else f"open: {incident.state}" for incident in incidents(world)]


def _decided(world: LivedWorld, incident: Incident) -> str:
    said = dict.fromkeys(entry.what.partition(" (")[0] for entry in world.record(incident.id) if entry.stage is Stage.DECISION)
    return _COMMIT.sub("lines", "; ".join(said))


def _acted(action: Action) -> str:
    """One action: what, from where to where, and how far it went."""
    merged = "merged by a person" if action.by_person else "merged"
    how = merged if action.commit else "proposed" if action.pull else "not written"
    moved = f" {action.version} → {action.to}" if action.to else f" {action.version}" if action.version else ""
    return _COMMIT.sub("lines", f"{action.kind}{moved}, {how}")


def _incidents(world: LivedWorld, wanted: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{key: one[key] for key in (like or one)} for one, like in _beside(list(_told(world)), wanted)]


def _told(world: LivedWorld) -> Iterator[dict[str, str]]:
    for incident in incidents(world):
        yield {
            "service": str(incident.service),
            "decision": _decided(world, incident),
            "actions": "; ".join(map(_acted, incident.actions)) or "none",
            "end": str(incident.end) if incident.end else "open",
        }


def _beside(found: list[dict[str, str]], wanted: list[dict[str, str]]) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    for index, one in enumerate(found):
        yield one, wanted[index] if index < len(wanted) else {}


def _said(world: LivedWorld, wanted: list[str]) -> list[str]:
    entries = [entry for incident in (*(i.id for i in world.incidents()), "") for entry in world.record(incident)]
    text = "\n".join("\n".join((entry.what, *entry.because)) for entry in entries)
    return [words for words in wanted if words in text]


def _changed(world: LivedWorld, _: list[str]) -> list[str]:
    """The files that our commits changed, but for our own folder."""
    paths = {path for sha, _ in ours(world) for path in world.origin.touched(sha)}
    return sorted(path for path in paths if not path.startswith(".rollbot/"))


def _holds(world: LivedWorld, wanted: dict[str, str]) -> dict[str, str]:
    return {path: text for path, text in wanted.items() if text in _text(world, path)}


def _lacks(world: LivedWorld, wanted: dict[str, str]) -> dict[str, str]:
    return {path: text for path, text in wanted.items() if text not in _text(world, path)}


def _text(world: LivedWorld, path: str) -> str:
    head = world.origin.head()
    assert head
    return (world.origin.read([(head, path)])[0] or b"").decode()


def _answers(world: LivedWorld, wanted: list[str]) -> list[str]:
    """The first lines of what Rollbot answered, oldest first: as many words of each as are wanted."""
    firsts = [comment.text.splitlines()[0].strip("*") for comment in world.talk.comments if comment.key]
    return [want if want and want in first else first for first, want in zip(firsts, [*wanted, *[""] * len(firsts)], strict=False)]


def _quarantines(world: LivedWorld, _: list[str]) -> list[str]:
    head = world.origin.head()
    assert head
    return [path.removeprefix(".rollbot/quarantine/") for path in world.origin.paths(head, ".rollbot/quarantine")]


def _paged(world: LivedWorld, wanted: list[str]) -> list[str]:
    """Words in what people were told."""
    text = "\n".join(f"{notice.title}\n{notice.text}" for notice in world.pager.notices.values())
    return [words for words in wanted if words in text]


SEEN: Mapping[str, Callable[[LivedWorld, Any], Any]] = {
    "incidents": _incidents,
    "states": lambda world, _: [str(i.state) for i in world.incidents() if i.ended is None],
    "deployed": lambda world, wanted: {key: world.deployed(*key.split("/")) for key in wanted},
    "desired": lambda world, wanted: {key: world.desired(*key.split("/")) for key in wanted},
    "healthy": lambda world, wanted: [key for key in wanted if world.healthy(*key.split("/"))],
    "rollbacks": lambda world, _: sum("\nRollback-Undo" not in message for _, message in ours(world)),
    "undos": lambda world, _: sum("\nRollback-Undo" in message for _, message in ours(world)),
    "proposals": lambda world, _: len(proposals(world)),
    "changed": _changed,
    "holds": _holds,
    "lacks": _lacks,
    "quarantines": _quarantines,
    "said": _said,
    "paged": _paged,
    "answers": _answers,
    "notices": lambda world, wanted: wanted if len(world.pager.notices) >= wanted else len(world.pager.notices),
}
