"""Replayed incidents × the whole history → what people did about them, and how they are judged by that."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.manifests.rules import ManifestRules
from bot.ports import PinCache, Repository
from bot.reconciler.look import look
from bot.records.verdicts import Judged, Replayed, judge
from bot.refs import Sha
from bot.releases.history import history
from bot.releases.taken_back import TakenBack, taken_back


def looked_back(
    replayed: Sequence[Replayed],
    repository: Repository,
    cache: PinCache,
    rules: ManifestRules,
    head: Sha,
    told: Callable[[int, int], object] = lambda done, of: None,
) -> tuple[tuple[Judged, ...], tuple[TakenBack, ...]]:
    """Judge, and answer all rollbacks of services that `head` still has, newest first. `told` hears of how many services it knows."""
    state = look(repository, cache, rules, at=head)
    messages = {commit.sha: commit.message for commit in state.log}
    histories, backs = {}, list[TakenBack]()
    for done, service in enumerate(state.estate.services, 1):
        histories[service.ref] = found = history(service.ref, state)
        backs += taken_back(found, messages)
        told(done, len(state.estate.services))
    return judge(replayed, histories, backs), tuple(sorted(backs, key=lambda each: -each.time))
