"""Jobs that a commit brings along → how they end: the part of the world's cluster that runs things to their end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from bot.outcomes.job import JobRun, Phase
from bot.ports import Clock
from bot.refs import Instant, Sha
from bot.world.origin import Origin

MARK = "rollbot-down-"


@dataclass(slots=True)
class WorldJob:
    """`begun`: when its pod started; `ended`: with what, None while it runs."""

    manifest: Mapping[str, Any]
    begun: Instant
    ended: JobRun | None = None


class WorldJobs:
    """Runs each Job of a name once, for `takes` seconds, as long as its manifest stands in Git; one that hangs runs until it is taken away.

    `work` is what its container does: "" for success, else why it failed, None for a container that never ends.
    """

    def __init__(self, origin: Origin, clock: Clock, takes: float = 30.0) -> None:
        self.origin, self.clock, self.takes = origin, clock, takes
        self.jobs: dict[str, WorldJob] = {}
        self.gone: list[str] = []
        """Those that were taken away before they had ended."""
        self.work: Callable[[Mapping[str, Any]], str | None] = lambda manifest: ""

    def applied(self, commit: Sha) -> None:
        """What a commit brings is started, what it takes away is stopped."""
        paths = [path for path in self.origin.paths(commit, "") if MARK in path and path.endswith(".yaml")]
        texts = self.origin.read([(commit, path) for path in paths])
        found = [each for text in texts for each in yaml.safe_load_all(text or b"") if each and each.get("kind") == "Job"]
        here = {each["metadata"]["name"]: each for each in found}
        for name, manifest in here.items():
            self.jobs.setdefault(name, WorldJob(manifest, self.clock.now()))
        for name, job in list(self.jobs.items()):
            if name not in here and job.ended is None:
                self.gone.append(name)
                job.ended = JobRun(Phase.FAILED, "it was taken away")

    def tick(self) -> None:
        for job in self.jobs.values():
            if job.ended is None and self.clock.now() - job.begun >= self.takes:
                why = self.work(job.manifest)
                if why is not None:
                    job.ended = JobRun(Phase.FAILED, why) if why else JobRun(Phase.SUCCEEDED, "Job completed")

    def run(self, name: str) -> JobRun:
        job = self.jobs.get(name)
        if job is None:
            return JobRun(Phase.WAITING, "no such Job yet")
        return job.ended or JobRun(Phase.RUNNING, "1 pod is running")
