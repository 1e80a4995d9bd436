"""A scenario: a world told in YAML, what happens in it, and how it must end. All of them stand under fixtures/scenarios."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from bot.records.entry import broken
from bot.world import story
from bot.world.origin import Origin
from bot.world.story import Story
from tests.scenarios.happenings import Happenings
from tests.scenarios.place import ScenarioWorld
from tests.scenarios.seen import acted, decided, ended, expect

FIXTURES = Path(__file__).parents[2] / "fixtures"
FOLDER = FIXTURES / "scenarios"
USUAL = {"policy": {"trust": {"prod": "merge"}}}
MEMORY = Path("/dev/shm")
UNIT = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop-prod
resources:
  - ../../base
images:
  - name: registry.shop.example/{name}
    newTag: "1.0.0"
"""


@dataclass(frozen=True)
class Lived:
    """A scenario that was lived through. `wrong`: what is not as it should be, "" where all is."""

    name: str
    title: str
    rules: tuple[str, ...]
    decisions: str
    actions: str
    ends: str
    wrong: str
    missing: str


def names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def told(name: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text())


def a_story(scenario: Mapping[str, Any]) -> Story:
    """The shop, or the repository named, with what this scenario changes of its services, files, alerts and configuration."""
    path = story.SHOP if "story" not in scenario else FIXTURES / "repositories" / f"{scenario['story']}.yaml"
    raw = yaml.safe_load(path.read_text())
    for key, changes in scenario.get("services", {}).items():
        raw["services"].setdefault(key, {}).update(changes)
    first = raw["history"][0]
    first["files"] |= scenario.get("files", {})
    for number in range(scenario.get("many", 0)):
        name = f"unit-{number:02d}"
        path = f"apps/{name}/overlays/prod/kustomization.yaml"
        first["files"][path] = UNIT.format(name=name)
        bad = {"1.1.0": 0.5} if number < scenario.get("bad", scenario["many"]) else {}
        raw["services"][f"{name}/prod"] = {"path": path, "version": 'newTag: "([^"]+)"', "bad": bad}
        raw["alerts"]["HighErrorRate"]["services"].append(f"{name}/prod")
    raw["alerts"] = scenario.get("alerts", raw["alerts"])
    config = scenario.get("config", USUAL)
    if config is None:
        del first["files"][".rollbot.yaml"]
    else:
        first["files"][".rollbot.yaml"] = yaml.safe_dump(config)
    return story.read(raw)


def live(name: str) -> Lived:
    """Live through a scenario; AssertionError is told in `wrong`, whatever else goes wrong is raised."""
    scenario = told(name)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        a_told = a_story(scenario)
        origin = Origin(Path(folder) / f"{a_told.name}.git", a_told.branch) if scenario.get("git") == "real" else None
        with ScenarioWorld(a_told, Path(folder), origin) as world, _Errors() as errors:
            wrong = _wrong(world, scenario, errors)
            return Lived(
                name,
                scenario["title"],
                tuple(scenario["rules"]),
                _joined(decided(world)),
                _joined(acted(world)),
                _joined(ended(world)),
                wrong,
                scenario.get("missing", ""),
            )


def _joined(words: Sequence[str]) -> str:
    """What happened to several incidents in a row is said once."""
    runs = [(word, len(list(same))) for word, same in groupby(words)]
    return " / ".join(f"{count} × {word}" if count > 1 else word for word, count in runs)


def _wrong(world: ScenarioWorld, scenario: Mapping[str, Any], errors: _Errors) -> str:
    if "repeat" in scenario:
        world.metrics.manners.repeat = story.seconds(scenario["repeat"])
    happenings = Happenings(world)
    try:
        for line in scenario["happens"]:
            happenings.do(line)
        expect(world, scenario["ends"])
        for incident in world.incidents():
            assert broken(world.record(incident.id), incident.last, incident.entries) is None, f"the record of {incident.id} is broken"
        assert not errors.said, errors.said[0]
    except AssertionError as error:
        return str(error)
    return ""


class _Errors(logging.Handler):
    """What a door logged as a defect."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(self.format(record))

    def __enter__(self) -> _Errors:
        logging.getLogger("rollbot").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("rollbot").removeHandler(self)
