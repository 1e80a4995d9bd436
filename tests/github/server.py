"""A GitHub of our own: real HTTP, real Git repositories, state that one can look at and change, faults on demand."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.github import merges, reviews
from tests.github.deliveries import Delivery, Hooks
from tests.github.http import KINDS, Handler
from tests.github.quota import Quota
from tests.github.state import Answer, Comment, Crossed, Item, Reacted, Repo, Rules, Ruleset, Status, Unknown, stamp
from tests.github.watch import seen


@dataclass
class Fault:
    match: re.Pattern[str]
    kind: str
    times: int
    seconds: float = 0.0


class Apps:
    """GitHub Apps: who signs with an App's key gets tokens of its installation."""

    def __init__(self, hub: FakeGitHub) -> None:
        self._hub, self._known = hub, {}
        self.deliveries: list[dict[str, Any]] = []
        """What became of webhooks sent to the App, newest first."""

    def add(self, number: int, key: str, slug: str, permissions: Mapping[str, str]) -> None:
        self._known[str(number)] = (load_pem_private_key(key.encode(), None).public_key(), slug, dict(permissions))

    def answer(self, token: str, verb: str, path: str) -> tuple[int, Any]:
        issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss"))
        if issuer not in self._known:
            raise Answer(401, "A JSON web token could not be decoded")
        key, slug, permissions = self._known[issuer]
        try:
            jwt.decode(token, key, algorithms=["RS256"])
        except jwt.PyJWTError as error:
            raise Answer(401, f"A JSON web token could not be decoded: {error}") from error
        if path == "/app":
            return 200, {"id": int(issuer), "slug": slug, "permissions": permissions}
        if path.startswith("/app/hook/deliveries"):
            return 200, self.deliveries
        if path.endswith("/installation"):
            return 200, {"id": int(issuer), "permissions": permissions, "suspended_at": None}
        if verb == "POST" and path.endswith("/access_tokens"):
            made = f"ghs_{secrets.token_hex(18)}"
            self._hub.tokens[made] = f"{slug}[bot]"
            ends = self._hub.quota.expiries[made] = self._hub.quota.now() + 3600
            return 201, {"token": made, "expires_at": stamp(ends), "permissions": permissions}
        raise Unknown


class FakeGitHub:
    """Use it as a context manager. `.api`, `.graphql` and `.url(repository)` are where it is."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="fake-github-"))
        self.lock = threading.RLock()
        self.repos: dict[str, Repo] = {}
        self.users: dict[str, tuple[int, str]] = {"web-flow": (19864447, "User"), "github-actions[bot]": (41898282, "Bot")}
        self.tokens: dict[str, str] = {}
        self.limits: dict[str, Mapping[str, str]] = {}
        """What Apps, and people by a token of theirs that was limited, may do at the most."""
        self.teams: dict[tuple[str, str], Sequence[str]] = {}
        self.apps = Apps(self)
        self.webhooks = Hooks(self)
        self.quota = Quota()
        self.dispatched: list[tuple[str, str, str, dict[str, str]]] = []
        """Workflows that were started by hand: repository, file, branch and inputs."""
        self.faults: list[Fault] = []
        self.requests: list[Crossed] = []
        self._reads: dict[str, tuple[int, Any]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="fake github")
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.api, self.graphql = f"{self.address}/api/v3", f"{self.address}/api/graphql"

    def __enter__(self) -> FakeGitHub:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.webhooks.end()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        shutil.rmtree(self.root, ignore_errors=True)

    # What there is

    def url(self, name: str) -> str:
        return f"{self.address}/{name}.git"

    def folder(self, name: str) -> Path:
        return self.repos[name].folder

    def create(self, name: str, files: Mapping[str, str] | None = None, default_branch: str = "main", private: bool = True) -> None:
        self.repos[name] = repo = Repo(name, self.root / f"{name}.git", default_branch, private)
        repo.teams = self.teams
        if files:
            who = "Ada Byron <ada@shop.example>"
            repo.write(default_branch, None, {path: text.encode() for path, text in files.items()}, "Begin\n", (who, who))

    def user(self, login: str, id: int | None = None, type: str = "User") -> None:  # noqa: A002 - GitHub's words
        self.users[login] = (id or 5000 + len(self.users), type)

    def grant(self, name: str, login: str, role_name: str) -> None:
        self.repos[name].roles[login] = role_name

    def team(self, organisation: str, slug: str, logins: Sequence[str]) -> None:
        self.teams[organisation, slug] = logins

    def token(self, login: str) -> str:
        made = f"ghp_{hashlib.sha256(login.encode()).hexdigest()[:36]}"
        self.tokens[made] = login
        return made

    def limit(self, login: str, permissions: Mapping[str, str]) -> None:
        """His tokens are fine-grained, or a workflow's, with these permissions."""
        self.limits[login] = permissions

    def holder(self, token: str) -> str | None:
        """Whose a token is, while it serves."""
        return self.tokens.get(token) if self.quota.valid(token) else None

    def revoke(self, token: str) -> None:
        self.tokens.pop(token, None)

    def app(self, app_id: int, private_key_pem: str, slug: str, permissions: Mapping[str, str]) -> None:
        """An App that is installed on every repository there is now."""
        self.apps.add(app_id, private_key_pem, slug, permissions)
        self.user(f"{slug}[bot]", 70_000 + app_id, "Bot")
        self.limit(f"{slug}[bot]", permissions)
        for repo in self.repos.values():
            repo.roles[f"{slug}[bot]"] = "write"

    def account(self, login: str) -> dict[str, Any]:
        number, kind = self.users.get(login, (None, None))
        if number is None:
            raise Answer(404, "Not Found")
        return {"login": login, "id": number, "type": kind}

    # What one can look at

    def pulls(self, name: str) -> list[Item]:
        with self.lock:
            return [item for item in self.repos[name].items.values() if item.head]

    def pull(self, name: str, number: int) -> Item:
        return self.repos[name].items[number]

    def comments(self, name: str, number: int) -> list[Comment]:
        return self.repos[name].items[number].comments

    def reactions(self, name: str, comment: int) -> list[Reacted]:
        return next(each.reactions for item in self.repos[name].items.values() for each in item.comments if each.id == comment)

    def statuses(self, name: str, sha: str) -> list[Status]:
        return self.repos[name].statuses.get(sha, [])

    @property
    def writes(self) -> list[Crossed]:
        return [each for each in self.requests if each.method != "GET" and not each.path.endswith("git-upload-pack")]

    @property
    def hooks(self) -> list[Delivery]:
        """Every delivery that GitHub's webhooks have made, oldest first."""
        for name in self.repos:
            self.webhooks.look(name, "web-flow")
        return self.webhooks.made

    def deliver_to(self, address: str, secret: str) -> None:
        """Post each delivery there from now on, as it is made, signed with the secret; what was before is not told."""
        self.hooks.clear()
        self.webhooks.deliver_to(address, secret)

    # What people and their settings do

    def open_issue(self, name: str, title: str, login: str) -> int:
        made = self.add(self.repos[name], title, "", login).number
        self.webhooks.look(name, login)
        return made

    def say(self, name: str, number: int, login: str, body: str) -> int:
        made = self.comment(self.repos[name], self.repos[name].items[number], login, body).id
        self.webhooks.look(name, login)
        return made

    def merge_by_person(self, name: str, number: int, login: str, method: str = "squash") -> str:
        """Somebody presses the button; protection is not asked: he may bypass it."""
        with self.lock:
            item = self.repos[name].items[number]
            sha = self.repos[name].merge(item, method, f"{item.title} (#{number})", self.repos[name].commit(item.sha)["message"])
            self.webhooks.look(name, login)
        return sha

    def close_by_person(self, name: str, number: int, login: str) -> None:
        with self.lock:
            self.repos[name].items[number].state = "closed"
            self.webhooks.look(name, login)

    def deploy(self, name: str, sha: str, environment: str, state: str, login: str) -> None:
        """Somebody's pipeline tells how a deployment stands."""
        self.webhooks.deployments.setdefault(name, []).append((sha, environment, state))
        self.webhooks.look(name, login)

    def push(self, name: str, branch: str, files: Mapping[str, str], author: str, since: str = "") -> str:
        """`since`: the branch that a new branch begins at."""
        repo, who = self.repos[name], f"{author} <{author}@shop.example>"
        sha = repo.write(
            branch, repo.head(branch) or repo.head(since), {path: text.encode() for path, text in files.items()}, "Meanwhile\n", (who, who)
        )
        self.webhooks.look(name, author)
        return sha

    def protect(self, name: str, branch: str, **rules: Any) -> None:
        self.repos[name].rules[branch] = _rules(rules)

    def ruleset(self, name: str, branch: str, bypass: Mapping[str, str] | None = None, source: str = "Repository", **rules: Any) -> int:
        """`bypass`: login → `always`, `pull_requests_only` or `exempt`."""
        repo, number = self.repos[name], self.repos[name].next_id()
        repo.rulesets.append(Ruleset(number, branch, _rules(rules), bypass or {}, source))
        return number

    def check(self, name: str, sha: str, check: str, conclusion: str | None, took: float | None = None) -> None:
        """`took`: seconds, up to now."""
        if took is not None:
            now = self.quota.now()
            self.repos[name].times[sha, check] = {"started_at": stamp(now - took), "completed_at": stamp(now)}
        self.repos[name].checks.setdefault(sha, {})[check] = conclusion
        self.webhooks.look(name, "github-actions[bot]")

    def approve(self, name: str, number: int, login: str, event: str = "APPROVE") -> None:
        """Or `REQUEST_CHANGES`. Raises Answer for his own."""
        reviews.review(self.repos[name], self.repos[name].items[number], login, event)
        self.webhooks.look(name, login)

    def allow(self, name: str, merge_methods: Sequence[str], auto_merge: bool) -> None:
        self.repos[name].methods, self.repos[name].auto_merge = list(merge_methods), auto_merge

    def run_queue(self, name: str) -> None:
        """The merge queue merges what is in it."""
        with self.lock:
            merges.settle(self.repos[name])
            for item in self.repos[name].items.values():
                if item.queued:
                    self.repos[name].merge(item, "squash")

    # What the wire does

    def add(self, repo: Repo, title: str, body: str, user: str, head: str = "", base: str = "", sha: str = "") -> Item:
        number = max(repo.items, default=0) + 1
        repo.items[number] = Item(number, title, body, user, time.time(), head, base, sha)
        return repo.items[number]

    def comment(self, repo: Repo, item: Item, user: str, body: str) -> Comment:
        item.comments.append(Comment(repo.next_id(), item.number, body, user, time.time(), time.time()))
        return item.comments[-1]

    def fault(self, match: str, kind: str, times: int = 1, seconds: float = 0.1) -> None:
        """What fits `match` (`METHOD /path`, or `POST /api/graphql mutationName`) goes wrong that often.

        `seconds`: how much later a `latency` answers. Raises ValueError for a kind that there is not.
        """
        if kind not in KINDS:
            raise ValueError(f"no fault {kind!r}: there are {', '.join(sorted(KINDS))}")
        self.faults.append(Fault(re.compile(match), kind, times, seconds))

    def struck(self, what: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.match.search(what):
                    fault.times -= 1
                    if not fault.times:
                        self.faults.remove(fault)
                    return fault
        return None

    def remember(self, read: str, answer: tuple[int, Any]) -> tuple[int, Any]:
        """Keep what a read answers now, and return what it answered before (or that there was nothing)."""
        nothing: tuple[int, Any] = (200, []) if isinstance(answer[1], list) else (404, {"message": "Not Found"})
        before = self._reads.get(read, nothing)
        self._reads[read] = answer
        return before

    def record(self, crossed: Crossed) -> None:
        self.requests.append(crossed)
        seen(crossed)


def _rules(said: Mapping[str, Any]) -> Rules:
    return Rules(**{key: tuple(value) if isinstance(value, list) else value for key, value in said.items()})
