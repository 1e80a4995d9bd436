"""The fake's own webhooks: what has changed since the last look → deliveries as GitHub makes and signs them, listed and posted."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tests.github import merges, webhooks
from tests.github.events import Event, Saying
from tests.github.reads import reviewed
from tests.github.state import Comment, Crossed, Item, Repo, Status
from tests.github.watch import HOOKS, seen

if TYPE_CHECKING:
    from tests.github.server import FakeGitHub

PATIENCE = 10
"""Seconds that GitHub waits for an answer."""


@dataclass
class Delivery:
    """`posted`: when it went out (of time.perf_counter). `status` is what the receiver answered, 0 where nobody did (yet)."""

    id: str
    event: str
    payload: Mapping[str, Any]
    posted: float = 0.0
    status: int = 0
    body: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.body = json.dumps(self.payload).encode()

    def headers(self, secret: str) -> dict[str, str]:
        return {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/fake",
            "X-GitHub-Event": self.event,
            "X-GitHub-Delivery": self.id,
            "X-GitHub-Hook-ID": "1",
            "X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()}",
        }


class Hooks:
    """Every change is told once, in the order in which it is found; what crossed is judged like all else that crosses the fake."""

    def __init__(self, hub: FakeGitHub) -> None:
        self._hub = hub
        self._known: dict[str, _Seen] = {}
        self.made: list[Delivery] = []
        self.deployments: dict[str, list[tuple[str, str, str]]] = {}
        """By repository: commit, environment and state."""
        self.address, self._secret = "", ""
        self._waiting: queue.Queue[Delivery | None] = queue.Queue()
        self._thread = threading.Thread(target=self._post, name="fake github's webhooks", daemon=True)

    def look(self, name: str, sender: str) -> None:
        """Make a delivery of all that has changed in a repository; `sender` is who did it."""
        with self._hub.lock:
            repo = self._hub.repos[name]
            merges.settle(repo)
            now = _Seen.of(repo, self.deployments.get(name, []))
            before, self._known[name] = self._known.get(name, _Seen()), now
            for event, payload in _changes(before, now, self._hub, repo, sender):
                made = Delivery(str(uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {len(self.made)}")), event, payload)
                self.made.append(made)
                seen(Crossed("POST", f"{HOOKS}{event}", "", 202, made.body, None, 0.0))
                if self.address:
                    self._waiting.put(made)

    def deliver_to(self, address: str, secret: str) -> None:
        """From now on post each delivery there, one after the other, as it is made."""
        self.address, self._secret = address, secret
        if not self._thread.is_alive():
            self._thread.start()

    def delivered(self) -> None:
        """Wait until all that was made so far has been answered."""
        self._waiting.join()

    def end(self) -> None:
        if self._thread.is_alive():
            self._waiting.put(None)
            self._thread.join()

    def _post(self) -> None:
        while (delivery := self._waiting.get()) is not None:
            try:
                self.post(delivery)
            finally:
                self._waiting.task_done()
        self._waiting.task_done()

    def post(self, delivery: Delivery) -> int:
        """Post one delivery, perhaps again, and answer what the receiver did."""
        request = urllib.request.Request(self.address, delivery.body, delivery.headers(self._secret), method="POST")
        delivery.posted = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                delivery.status = int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                delivery.status = error.code
        except OSError:
            delivery.status = 0
        return delivery.status


@dataclass(frozen=True)
class _Seen:
    """What a repository held at the last look."""

    heads: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    comments: Mapping[int, tuple[Comment, str]] = field(default_factory=dict)
    checks: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    statuses: tuple[tuple[str, Status], ...] = ()
    deployments: tuple[tuple[str, str, str], ...] = ()

    @classmethod
    def of(cls, repo: Repo, deployments: list[tuple[str, str, str]]) -> _Seen:
        comments = {each.id: (each, each.body) for item in repo.items.values() for each in item.comments}
        checks = {(sha, name): how for sha, runs in repo.checks.items() for name, how in runs.items()}
        statuses = tuple((sha, each) for sha, said in repo.statuses.items() for each in said)
        return cls(repo.heads(), {item.number: _told(item) for item in repo.items.values()}, comments, checks, statuses, tuple(deployments))


def _told(item: Item) -> dict[str, Any]:
    return {
        "open": item.state == "open",
        "sha": item.sha,
        "text": (item.title, item.body),
        "labels": tuple(item.labels),
        "requested": tuple(item.requested),
        "armed": item.auto_merge is not None,
        "queued": item.queued,
        "reviews": reviewed(item),
    }


def _changes(before: _Seen, now: _Seen, hub: FakeGitHub, repo: Repo, sender: str) -> Iterator[Event]:
    """Branches first: what a pull request says of its head is true by then. `sender`: where it is not plain from the thing itself."""
    say = Saying(hub, repo, sender)
    yield from _branches(before, now, say)
    for number, item in repo.items.items():
        old = before.items.get(number)
        if old is None:
            opened = Saying(hub, repo, item.user)
            fresh = replace(item, state="open", merged_at=None, merge_commit=None)
            yield opened.pulled(fresh, "opened") if item.head else opened.issue(fresh, "opened")
            old = {**_told(item), "open": True, "labels": (), "requested": (), "reviews": (), "armed": False, "queued": False}
        yield from (_pull(old, item, say, hub, repo) if item.head else _issue(old, item, say))
    yield from _comments(before, now, hub, repo, sender)
    for (sha, name), how in now.checks.items():
        if before.checks.get((sha, name), "") != how:
            yield from say.checked(sha, name, how)
    yield from (say.stated(sha, status) for sha, status in now.statuses if (sha, status) not in before.statuses)
    for at, (sha, environment, state) in enumerate(now.deployments[len(before.deployments) :], len(before.deployments)):
        yield say.deployed(sha, environment, state, at + 1)


def _branches(before: _Seen, now: _Seen, say: Saying) -> Iterator[Event]:
    for branch in sorted(before.heads.keys() | now.heads.keys()):
        was, is_ = before.heads.get(branch), now.heads.get(branch)
        if was is None:
            yield say.made(branch)
        if was != is_:
            yield say.pushed(branch, was, is_)
        if is_ is None:
            yield say.deleted(branch)


def _issue(old: Mapping[str, Any], item: Item, say: Saying) -> Iterator[Event]:
    if old["open"] != (item.state == "open"):
        yield say.issue(item, "closed" if old["open"] else "reopened")


def _pull(old: Mapping[str, Any], item: Item, say: Saying, hub: FakeGitHub, repo: Repo) -> Iterator[Event]:
    if item.sha != old["sha"]:
        yield say.pulled(item, "synchronize", before=old["sha"], after=item.sha)
    if (item.title, item.body) != old["text"]:
        names = zip(("title", "body"), old["text"], (item.title, item.body), strict=True)
        yield say.pulled(item, "edited", changes={name: {"from": was} for name, was, is_ in names if was != is_})
    for label in (label for label in item.labels if label not in old["labels"]):
        yield say.pulled(item, "labeled", label=say.label(label))
    for login in (login for login in item.requested if login not in old["requested"]):
        yield say.pulled(item, "review_requested", requested_reviewer=say.person(login))
    for number, login, state in reviewed(item)[len(old["reviews"]) :]:
        yield Saying(hub, repo, login).reviewed(item, number, login, state)
    if old["armed"] != (item.auto_merge is not None) and not item.merged:
        how = "disabled" if old["armed"] else "enabled"
        yield say.pulled(item, f"auto_merge_{how}", reason="")
    if old["queued"] != item.queued:
        left = {"reason": "MERGE" if item.merged else "MANUAL"} if old["queued"] else {}
        yield say.pulled(item, "dequeued" if old["queued"] else "enqueued", **left)
    if old["open"] != (item.state == "open"):
        yield say.pulled(item, "closed" if old["open"] else "reopened")


def _comments(before: _Seen, now: _Seen, hub: FakeGitHub, repo: Repo, sender: str) -> Iterator[Event]:
    for number, (comment, body) in now.comments.items():
        was = before.comments.get(number)
        if was is None:
            yield "issue_comment", webhooks.issue_comment(hub, repo.name, comment)
        elif was[1] != body:
            said = webhooks.issue_comment(hub, repo.name, comment, "edited")
            yield "issue_comment", {**said, "changes": {"body": {"from": was[1]}}, "sender": Saying(hub, repo, sender).person(sender)}
    for number, (comment, _) in before.comments.items():
        if number not in now.comments and comment.number in repo.items:
            said = webhooks.issue_comment(hub, repo.name, comment, "deleted")
            yield "issue_comment", {**said, "sender": Saying(hub, repo, sender).person(sender)}
