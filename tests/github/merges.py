"""What GitHub does with pull requests by itself: sees pushes, closes what lost its branch, merges what is armed, works out what can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.github import guards
from tests.github.state import Answer, Item, Repo


def settle(repo: Repo) -> None:
    heads = repo.heads()
    for item in repo.items.values():
        if not item.head or item.state != "open":
            continue
        head = heads.get(item.head)
        if head is None or (head != item.sha and head == heads.get(item.base)):  # emptied: GitHub closes that too
            item.state = "closed"
            continue
        if item.sha != head:
            item.sha = head
            guards.dismiss(repo, item)
        if item.auto_merge and mergeable(repo, item):
            _ready(repo, item, item.auto_merge)


def _ready(repo: Repo, item: Item, said: Mapping[str, Any]) -> None:
    """What is armed is merged as soon as it may be; where there is a queue, it is put there."""
    if guards.state(repo, item) in ("clean", "unstable"):
        repo.merge(item, said["method"], said.get("headline"), said.get("body"))
    elif any(rules.queue for rules in guards.holding(repo, item.base)) and not guards.lacking(repo, item):
        item.queued, item.auto_merge = True, None


def mergeable(repo: Repo, item: Item) -> bool:
    """Whether there is no conflict."""
    try:
        repo.git("merge-tree", "--write-tree", repo.head(item.base) or "", item.sha)
    except Answer:
        return False
    return True


def told(repo: Repo, item: Item) -> tuple[bool | None, str]:
    """`mergeable` and `mergeable_state`: a read of what changed starts working it out, and a later one knows (R36)."""
    now = repo.head(item.base) or "", item.sha
    if item.weighed != now:
        item.weighed, item.unknown = now, repo.slow
    if item.state != "open" or item.unknown:
        item.unknown = max(item.unknown - 1, 0)
        return None, "unknown"
    return (True, guards.state(repo, item)) if mergeable(repo, item) else (False, "dirty")
