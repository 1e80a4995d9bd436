"""What GitHub merges by itself later: the merge queue and auto-merge, set and taken back. GraphQL only."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from bot.adapters.forges.github.answers import Denied
from bot.adapters.forges.github.client import Client
from bot.adapters.forges.github.refusals import Means, Refusal, refused
from bot.changes.change import Blocked, MergeAnswer
from bot.errors import Unavailable
from bot.refs import Sha

_ARM = """mutation($input: EnablePullRequestAutoMergeInput!) {
  enablePullRequestAutoMerge(input: $input) { pullRequest { number } }
}"""
_DISARM = """mutation($input: DisablePullRequestAutoMergeInput!) {
  disablePullRequestAutoMerge(input: $input) { pullRequest { number } }
}"""
_ENQUEUE = """mutation($input: EnqueuePullRequestInput!) {
  enqueuePullRequest(input: $input) { mergeQueueEntry { position state } }
}"""
_DEQUEUE = """mutation($input: DequeuePullRequestInput!) {
  dequeuePullRequest(input: $input) { mergeQueueEntry { id } }
}"""
_ENTRY = """query($id: ID!) {
  node(id: $id) { ... on PullRequest { mergeQueueEntry { position state } } }
}"""


class Queueing:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._queued: set[int] = set()

    # The merge queue

    def enqueue(self, found: Any, head: Sha) -> MergeAnswer | Refusal:
        """Put it at the front of the queue; where it was thrown out of it, somebody has to look.

        A refusal is what the queue waits for itself: it takes nothing that still lacks a check or a review.
        """
        if (entry := self._entry(found)) is not None:
            return self._waits(found, entry)
        if found["number"] in self._queued:
            return Blocked("somebody to look at the merge queue, which threw the pull request out", waiting=False)
        asked = {"pullRequestId": found["node_id"], "expectedHeadOid": head}
        try:
            entry = self._put(found, asked | {"jump": True})
        except Denied as error:
            if "already" in error.said.lower():
                return self._waits(found, self._entry(found) or {})
            if (lacks := refused(error.said)).means is Means.WAIT:
                return lacks
            try:  # jumping takes more rights than queueing
                entry = self._put(found, asked)
            except Denied as again:
                return Blocked(f"the merge queue, which does not take it: {again.said}", waiting=False)
        return self._waits(found, entry)

    def _put(self, found: Any, asked: dict[str, Any]) -> Any:
        def put() -> Any:
            return self._client.graphql(_ENQUEUE, input=asked)["enqueuePullRequest"]["mergeQueueEntry"] or {}

        return self._client.settled(put, lambda: self._entry(found))

    def _waits(self, found: Any, entry: Any) -> Blocked:
        self._queued.add(found["number"])
        if str(entry.get("state")) == "UNMERGEABLE":
            return Blocked("somebody to look at the merge queue, which cannot merge the pull request", waiting=False)
        place = f", where it is number {entry['position']}" if entry.get("position") else ""
        return Blocked(f"the merge queue{place}", waiting=True)

    def _entry(self, found: Any) -> Any:
        """Its place in the queue, None where it has none."""
        return (self._client.graphql(_ENTRY, id=found["node_id"]).get("node") or {}).get("mergeQueueEntry")

    # Auto-merge

    def arm(self, found: Any, head: Sha, method: str, message: str) -> str:
        """Let GitHub merge it as soon as it may, where the repository has that; the words to add to why it waits."""
        if found.get("auto_merge"):
            return "; GitHub merges it then"
        headline, _, body = message.strip().partition("\n\n")
        asked = {"pullRequestId": found["node_id"], "mergeMethod": method.upper(), "expectedHeadOid": head}
        if method != "rebase":
            asked |= {"commitHeadline": headline, "commitBody": body}
        path = self._client.at(f"/pulls/{found['number']}")
        try:
            self._client.settled(
                lambda: self._client.graphql(_ARM, input=asked),
                lambda: True if self._client.get(path).get("auto_merge") else None,
            )
        except Denied as error:
            # "clean status" and its like, another head: the next look tells. Off or not allowed: we look every minute.
            return "" if error.status == 409 or "status" in error.said.lower() else "; Rollbot merges it then (auto-merge is off)"
        return "; GitHub merges it then"

    def disarm(self, found: Any) -> None:
        """Take both back. Raises Unavailable; that nothing was set is fine."""
        if found.get("auto_merge"):
            self._taken(_DISARM, {"pullRequestId": found["node_id"]})
        queued = found["number"] in self._queued
        if not queued:
            with suppress(Denied, Unavailable):  # most forges have no queue, and this is asked again while stop is pressed
                queued = self._entry(found) is not None
        if queued:
            self._queued.discard(found["number"])
            self._taken(_DEQUEUE, {"id": found["node_id"]})

    def _taken(self, document: str, asked: dict[str, Any]) -> None:
        """Taking back twice is taking back."""
        try:
            self._client.settled(lambda: bool(self._client.graphql(document, input=asked)) or True, lambda: None)
        except Denied:
            return
