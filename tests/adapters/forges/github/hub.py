"""A repository at the fake GitHub, and all that Rollbot has of it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from bot.adapters.forges.github.access import TokenAccess
from bot.adapters.forges.github.client import Client
from bot.adapters.forges.github.forge import GitHubForge
from bot.adapters.forges.github.pace import Timing
from bot.adapters.git import GitRepository
from bot.changes.change import Change, PullRequest
from bot.refs import Sha
from bot.world.origin import Origin
from bot.world.story import ToldCommit
from tests.github.server import FakeGitHub

ADA = "Ada Byron <ada@shop.example>"
BRANCH = "rollbot/prod/shop/back-12345678"
MARKER = "<!-- rollbot:12345678 -->"
MESSAGE = "Roll back shop in prod from 2 to 1\n\nIt fails.\n\nRollback-Service: shop\nRollback-Environment: prod\nRollback-Incident: i1\n"


class Patient:
    """Time that goes on by itself, and in which waiting costs nothing."""

    def __init__(self) -> None:
        self.slept = 0.0

    def timing(self) -> Timing:
        return Timing(lambda: time.time() + self.slept, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


class Hub:
    """`rollbot[bot]`-like machine user `robot` may write; `ada` is a person with write access, `eve` one without."""

    def __init__(self, server: FakeGitHub, folder: Path, name: str = "acme/shop") -> None:
        self.server, self.name = server, name
        server.create(name, files={"app.yaml": "tag: 2\n", "run.sh": "echo 2\n"})
        for login, number, role in (("robot", 9001, "write"), ("ada", 9002, "maintain"), ("eve", 9003, "read")):
            server.user(login, number)
            server.grant(name, login, role)
        self.token = server.token("robot")
        self.origin = Origin(Path(server.folder(name)), "main")
        self.patient = Patient()
        self._stack = ExitStack()
        secret = ("x-access-token", self.token)
        self.repository = self._stack.enter_context(GitRepository(server.url(name), "main", folder / "cache", credentials=lambda _: secret))
        self.repository.fetch()
        self.start()

    def start(self) -> None:
        """Start Rollbot anew: it knows only what GitHub knows."""
        self.client = Client(self.server.api, TokenAccess(self.token), self.name, self.patient.timing())
        self._stack.callback(self.client.close)
        self.forge = GitHubForge(self.client, self.repository)
        self.talk = self.forge.conversation

    @property
    def base(self) -> Sha:
        head = self.origin.head()
        assert head
        return head

    def change(self, **other: object) -> Change:
        said = {
            "branch": BRANCH,
            "target": "main",
            "base": self.base,
            "message": MESSAGE,
            "files": {"app.yaml": b"tag: 1\n", ".rollbot/quarantine/shop.yaml": b"release: 2\n"},
            "title": "Roll back shop in prod from 2 to 1",
            "body": f"{MARKER}\nIt fails.\n",
            "marker": MARKER,
        }
        return Change(**{**said, **other})  # type: ignore[arg-type]

    def proposed(self) -> PullRequest:
        change = self.change()
        self.forge.commit(change)
        return self.forge.open(change)

    def somebody_pushes(self, path: str = "other.txt", text: str = "hello\n", branch: str | None = None) -> Sha:
        return self.origin.tell([ToldCommit(time.time(), ADA, "Meanwhile\n", files={path: text})], branch)

    def file(self, path: str, branch: str = "main") -> bytes | None:
        head = self.origin.head(branch)
        return self.origin.read([(head, path)])[0] if head else None

    def __enter__(self) -> Hub:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()
