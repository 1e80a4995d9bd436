"""What the fake GitHub keeps: repositories with real Git behind them, issues and pull requests, people and their rights."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

QUIET = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_PERSON = re.compile(r"(.*) <(.*)> (\d+)")


class Answer(Exception):
    """An answer that is no success, as GitHub words it. `kind`: what GraphQL calls it."""

    def __init__(
        self, status: int, message: str, errors: Sequence[dict[str, str] | str] | None = None, kind: str = "UNPROCESSABLE"
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.errors, self.kind = status, message, errors, kind


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


@dataclass(frozen=True)
class Review:
    """`state`: APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED; of the commit `sha`."""

    id: int
    user: str
    state: str
    sha: str
    body: str = ""


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
    reviews: list[Review] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)
    auto_merge: Mapping[str, Any] | None = None
    queued: bool = False
    weighed: tuple[str, str] = ("", "")
    """Base and head of which is known whether they can be merged."""
    unknown: int = 0
    """How many more reads do not know yet."""

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
    dismiss_stale: bool = False
    enforce_admins: bool = False
    restricted: tuple[str, ...] | None = None
    """Who alone may push and merge; None: everybody who may write."""
    locked: bool = False
    linear: bool = False
    force_pushes: bool = False


@dataclass(frozen=True)
class Ruleset:
    """`bypass`: who is not bound by it: login → `always`, `pull_requests_only` or `exempt`. `source`: Repository or Organization."""

    number: int
    branch: str
    rules: Rules
    bypass: Mapping[str, str]
    source: str = "Repository"


class Repo:
    """One repository; its bare Git repository is the truth for branches and commits."""

    def __init__(self, name: str, folder: Path, default: str, private: bool) -> None:
        self.name, self.folder, self.default, self.private = name, folder, default, private
        self.items: dict[int, Item] = {}
        self.roles: dict[str, str] = {}
        self.rules: dict[str, Rules] = {}
        self.rulesets: list[Ruleset] = []
        self.teams: Mapping[tuple[str, str], Sequence[str]] = {}
        self.checks: dict[str, dict[str, str | None]] = {}
        self.times: dict[tuple[str, str], dict[str, str]] = {}
        """When a commit's check began and ended, where somebody said so."""
        self.statuses: dict[str, list[Status]] = {}
        self.methods = ["merge", "squash", "rebase"]
        self.auto_merge = False
        self.slow = 1
        """How many reads find `mergeable` unknown after a change of base or head, until GitHub has worked it out (R36)."""
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
