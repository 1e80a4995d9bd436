"""What the fake GitHub keeps: repositories with real Git behind them, issues and pull requests, people and their rights."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_PERSON = re.compile(r"(.*) <(.*)> (\d+)")


class Answer(Exception):
    """An answer that is no success, as GitHub words it."""

    def __init__(self, status: int, message: str, errors: list[dict[str, str]] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.errors = status, message, errors


NOWHERE = "https://docs.github.com/rest"
"""Where GitHub points who asks for a route that it has not; a thing that it has not is documented at its route."""


class Unknown(Answer):
    """There is no such route."""

    def __init__(self) -> None:
        super().__init__(404, "Not Found")


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Crossed:
    """One request and its answer; `seconds` is how long it took in here, `ended` when that was (of time.perf_counter)."""

    method: str
    path: str
    query: str
    status: int
    body: bytes
    answer: Any
    seconds: float
    ended: float = 0.0


@dataclass
class Reacted:
    id: int
    content: str
    user: str


@dataclass
class Comment:
    id: int
    number: int
    body: str
    user: str
    created: float
    updated: float
    reactions: list[Reacted] = field(default_factory=list)


@dataclass
class Status:
    context: str
    state: str
    description: str = ""
    target_url: str | None = None


@dataclass
class Item:
    """An issue, or a pull request where `head` is a branch."""

    number: int
    title: str
    body: str
    user: str
    created: float
    head: str = ""
    base: str = ""
    sha: str = ""
    state: str = "open"
    draft: bool = False
    merged_at: float | None = None
    merge_commit: str | None = None
    labels: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    approvals: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)
    auto_merge: Mapping[str, Any] | None = None
    queued: bool = False

    @property
    def merged(self) -> bool:
        return self.merged_at is not None


@dataclass
class Rules:
    required_checks: tuple[str, ...] = ()
    reviews: int = 0
    strict: bool = False
    code_owners: bool = False
    queue: bool = False


class Repo:
    """One repository; its bare Git repository is the truth for branches and commits."""

    def __init__(self, name: str, folder: Path, default: str, private: bool) -> None:
        self.name, self.folder, self.default, self.private = name, folder, default, private
        self.items: dict[int, Item] = {}
        self.roles: dict[str, str] = {}
        self.rules: dict[str, Rules] = {}
        self.checks: dict[str, dict[str, str | None]] = {}
        self.times: dict[tuple[str, str], dict[str, str]] = {}
        """When a commit's check began and ended, where somebody said so."""
        self.statuses: dict[str, list[Status]] = {}
        self.methods = ["merge", "squash", "rebase"]
        self.auto_merge = False
        self.last_id = 1000
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", f"--initial-branch={default}", ".")

    def git(self, *words: str, feed: bytes = b"", environment: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            ["git", *words], cwd=self.folder, input=feed, capture_output=True, env={**os.environ, **QUIET, **(environment or {})}
        )
        if done.returncode:
            raise Answer(422, done.stderr.decode(errors="replace").strip())
        return done.stdout.decode(errors="replace")

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def head(self, branch: str) -> str | None:
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}").strip()
        except Answer:
            return None

    def commit(self, sha: str) -> dict[str, Any]:
        """A commit's parts; 404 where there is none."""
        try:
            head, _, message = self.git("cat-file", "commit", sha).partition("\n\n")
        except Answer:
            raise Answer(404, "Not Found") from None
        rows = [row.partition(" ") for row in head.splitlines()]
        people = {}
        for key, _, value in rows:
            if key in ("author", "committer") and (found := _PERSON.match(value)):
                people[key] = {"name": found[1], "email": found[2], "date": stamp(int(found[3]))}
        tree = next(value for key, _, value in rows if key == "tree")
        return {"sha": sha, "tree": tree, "parents": [value for key, _, value in rows if key == "parent"], "message": message, **people}

    def write(self, branch: str, parent: str | None, files: Mapping[str, bytes | None], message: str, who: tuple[str, str]) -> str:
        """Add a commit to a branch; `who`: author and committer as `Name <mail>`."""
        now, text = int(time.time()), message.encode()
        out = (
            f"commit refs/heads/{branch}\nauthor {who[0]} {now} +0000\ncommitter {who[1]} {now} +0000\ndata {len(text)}\n".encode()
            + text
            + b"\n"
        )
        out += f"from {parent}\n".encode() if parent else b""
        for path, body in files.items():
            out += f"D {path}\n".encode() if body is None else f"M 100644 inline {path}\ndata {len(body)}\n".encode() + body + b"\n"
        self.git("fast-import", "--quiet", "--force", "--date-format=raw", feed=out)
        return self.head(branch) or ""

    # Pull requests

    def heads(self) -> dict[str, str]:
        rows = self.git("for-each-ref", "--format=%(objectname) %(refname:strip=2)", "refs/heads/").splitlines()
        return {branch: sha for sha, _, branch in (row.partition(" ") for row in rows)}

    def settle(self) -> None:
        """What GitHub does by itself: sees pushes, closes what lost its branch, merges what is armed."""
        heads = self.heads()
        for item in self.items.values():
            if not item.head or item.state != "open":
                continue
            head = heads.get(item.head)
            if head is None or (head != item.sha and head == heads.get(item.base)):  # emptied: GitHub closes that too
                item.state = "closed"
                continue
            item.sha = head
            if item.auto_merge and self.mergeable(item)[1] in ("clean", "unstable"):
                said = item.auto_merge
                self.merge(item, said["method"], said.get("headline"), said.get("body"))

    def lacking(self, item: Item) -> list[str]:
        """What the base's protection still asks for, in GitHub's words."""
        rules, why = self.rules.get(item.base, Rules()), []
        for name in rules.required_checks:
            runs = self.checks.get(item.sha, {})
            if runs.get(name) != "success":
                how = "expected" if name not in runs else "pending" if runs[name] is None else "failing"
                why.append(f'Required status check "{name}" is {how}.')
        if len(item.approvals) < rules.reviews:
            why.append(f"At least {rules.reviews} approving review is required by reviewers with write access.")
        return why

    def mergeable(self, item: Item) -> tuple[bool, str]:
        """`mergeable` and `mergeable_state`."""
        base = self.head(item.base) or ""
        try:
            self.git("merge-tree", "--write-tree", base, item.sha)
        except Answer:
            return False, "dirty"
        if self.rules.get(item.base, Rules()).strict and self.git("merge-base", base, item.sha).strip() != base:
            return True, "behind"
        return True, "blocked" if self.lacking(item) or self.rules.get(item.base, Rules()).queue else "clean"

    def merge(self, item: Item, method: str, headline: str | None = None, body: str | None = None) -> str:
        base = self.head(item.base) or ""
        tree = self.git("merge-tree", "--write-tree", base, item.sha).splitlines()[0]
        message = self.commit(item.sha)["message"]
        if method != "rebase" and headline is not None:
            message = f"{headline}\n\n{body or ''}".rstrip("\n")
        elif method == "merge":
            message = f"Merge pull request #{item.number} from {item.head}"
        parents = ["-p", base, *(["-p", item.sha] if method == "merge" else [])]
        sha = self.git("commit-tree", tree, *parents, feed=message.encode(), environment=identity("GitHub", "noreply@github.com")).strip()
        self.git("update-ref", f"refs/heads/{item.base}", sha, base)
        item.state, item.merged_at, item.merge_commit, item.auto_merge, item.queued = "closed", time.time(), sha, None, False
        return sha


def identity(name: str, mail: str) -> dict[str, str]:
    return {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in (("NAME", name), ("EMAIL", mail))}
