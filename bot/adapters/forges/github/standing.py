"""A pull request that waits → what exactly it waits for: which checks, whose reviews."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from bot.adapters.forges.github.answers import Denied
from bot.adapters.forges.github.client import Client, branch_path
from bot.adapters.forges.github.refusals import Refusal
from bot.errors import Unavailable
from bot.refs import Sha

SILENT = 600.0
"""A required check that has not reported after this long will likely never do."""

_BAD = {"failure", "timed_out", "cancelled", "action_required", "startup_failure", "error", "stale"}


class Standing:
    def __init__(self, client: Client) -> None:
        self._client = client

    def of(self, found: Any, commit: Any, said: Refusal) -> str:
        """Say it as exactly as we may see; what GitHub `said` where we may not. `commit` is the one that waits."""
        why = said.why
        try:
            required = self._required(found["base"]["ref"])
            states = self._states(Sha(commit["sha"]))
        except (Denied, Unavailable):
            return why
        told = [self._told(name, states.get(name), commit) for name in required if states.get(name) != "success"]
        if "review" in why or "approv" in why or "owner" in why:
            return ", and ".join([said.besides or why, *told])
        return ", and ".join(told) if told else why

    def _required(self, branch: str) -> list[str]:
        """The checks that the target asks for, by the branch's own summary and its rulesets."""
        path = self._client.at(f"/branches/{branch_path(branch)}")
        protection = (self._client.get(path).get("protection") or {}).get("required_status_checks") or {}
        names = [*protection.get("contexts", ()), *(check.get("context") for check in protection.get("checks", ()))]
        for rule in self._client.maybe(self._client.at(f"/rules/branches/{branch_path(branch)}")) or ():
            if rule.get("type") == "required_status_checks":
                names += [check["context"] for check in (rule.get("parameters") or {}).get("required_status_checks", ())]
        return list(dict.fromkeys(str(name) for name in names if name))

    def _states(self, head: Sha) -> dict[str, str]:
        """How each check of the commit stands: success, pending, or how it failed.

        A run and a status of the same name both have to be green, and GitHub goes by the worse.
        """
        found: dict[str, str] = {}
        for name, state in (*self._reported(head), *self._run(head)):
            found[name] = max(found.get(name, "success"), state, key=_weight)
        return found

    def _reported(self, head: Sha) -> Iterator[tuple[str, str]]:
        for status in self._client.get(self._client.at(f"/commits/{head}/status"), per_page=100).get("statuses", ()):
            yield str(status["context"]), str(status["state"])

    def _run(self, head: Sha) -> Iterator[tuple[str, str]]:
        for run in self._client.get(self._client.at(f"/commits/{head}/check-runs"), per_page=100).get("check_runs", ()):
            done, conclusion = run.get("status") == "completed", str(run.get("conclusion"))
            yield str(run["name"]), ("success" if conclusion in ("success", "neutral", "skipped") else conclusion) if done else "pending"

    def _told(self, name: str, state: str | None, commit: Any) -> str:
        if state in _BAD:
            return f"the required check {name}, which failed: run it again, or let somebody who may merge by hand"
        if state is not None:
            return f"the required check {name}, which is still running"
        if self._client.timing.now() - _time((commit.get("committer") or {}).get("date")) > SILENT:
            way_out = "does anything start it for pull requests of Rollbot? A workflow's GITHUB_TOKEN starts none"
            return f"the required check {name}, which has not reported for over 10 minutes: {way_out}"
        return f"the required check {name}, which has not reported yet"


def _weight(state: str) -> int:
    return 0 if state == "success" else 2 if state in _BAD else 1


def _time(stamp: Any) -> float:
    try:
        return datetime.fromisoformat(str(stamp)).timestamp()
    except ValueError:
        return float("inf")
