"""The world with Rollbot in it: alerts reach its inbox, its queue is worked on, all in the world's time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from bot.adapters.forges.local import LocalForge
from bot.adapters.git import GitRepository
from bot.adapters.pins import SqlitePinCache
from bot.adapters.queues.local import LocalQueue, LocalRunner
from bot.adapters.store.due import SqlQueueRows
from bot.adapters.store.pulls import SqlPullRows
from bot.adapters.store.schema import Database
from bot.adapters.store.sql import SqlStore
from bot.changes.change import PullRequest
from bot.config import PATH, Config, parse
from bot.incidents.incident import Incident
from bot.ports import Conversation, Forge, Notice, Ports, PullRows, QueueRows, Store
from bot.reconciler.intake import receive
from bot.reconciler.talking import full_name
from bot.reconciler.work import work
from bot.records.entry import Entry
from bot.refs import Instant
from bot.signals.signal import Thread
from bot.world.forge import MoodyForge
from bot.world.origin import Origin
from bot.world.story import Story
from bot.world.talk import Comment, WorldConversation, payload
from bot.world.world import World


class Pager:
    """Keeps what people were told, each thing once."""

    def __init__(self) -> None:
        self.notices: dict[str, Notice] = {}

    def notify(self, notice: Notice) -> None:
        self.notices.setdefault(notice.key, notice)


class LivedWorld(World):
    """Everything Rollbot runs on is what `serve` runs on, but for the cluster, the metrics, the pager and the clock."""

    def __init__(self, story: Story, folder: Path, origin: Origin | None = None, database_url: str = "") -> None:
        """`database_url`: an empty database, where it is another than a file in the folder."""
        super().__init__(story, folder, origin)
        self._databases: list[Database] = []
        self.repository = self.reached()
        store, rows, self.pulls = self.keeping(database_url)
        self.forge = MoodyForge(self.forged())
        self.pager = Pager()
        self.talk = WorldConversation(full_name(self.repository.name), self.origin, self.clock, self._numbered)
        self._pins = SqlitePinCache(folder / "pins.sqlite")
        self._ports = Ports(
            repository=self.repository,
            forge=self.forge,
            cluster=self.cluster,
            metrics=self.metrics,
            notifier=self.pager,
            store=store,
            queue=LocalQueue(rows, lock=self.repository.name),
            clock=self.clock,
            cache=self._pins,
            conversation=self.conversing(),
        )
        self._runner = LocalRunner(rows, self.clock, self._work, workers=0)

    def reached(self) -> GitRepository:
        """The origin as Rollbot reaches it."""
        return GitRepository(self.origin.folder.as_uri(), self.story.branch, self.folder / "cache", now=self.clock.now)

    def keeping(self, database_url: str) -> tuple[Store, QueueRows, PullRows]:
        """Where Rollbot keeps what it knows in this world."""
        self.database = Database(database_url or f"sqlite:///{self.folder / 'rollbot.db'}")
        self._databases.append(self.database)
        return SqlStore(self.database), SqlQueueRows(self.database), SqlPullRows(self.database, self.repository.name)

    def forged(self) -> Forge:
        """Where pull requests live in this world."""
        return LocalForge(self.repository, self.pulls)

    def conversing(self) -> Conversation | None:
        """Where people talk to Rollbot in this world."""
        return self.talk

    def ports(self) -> Ports:
        return self._ports

    def config(self) -> Config:
        """What `.rollbot.yaml` says at HEAD."""
        head = self.origin.head()
        text = self.origin.read([(head, PATH)])[0] if head else None
        return Config() if text is None else parse(text)

    def hear(self, payload: bytes) -> None:
        receive("alertmanager", payload, self._ports)

    def say(self, thread: Thread | int, text: str, who: str = "ada", kind: str = "User", action: str = "created") -> Comment:
        """Somebody comments on an issue or pull request (a number: of the manifests repository), and the forge's webhook brings it."""
        place = Thread(self.talk.home, thread) if isinstance(thread, int) else thread
        said = self.talk.write(place, who, text, kind)
        self.brought(said, action)
        return said

    def brought(self, said: Comment, action: str = "created") -> None:
        """The forge's webhook brings a comment, perhaps again."""
        receive("github:issue_comment", payload(said, action), self._ports, f"{said.number}-{len(self.events)}-{self.clock.now()}")

    def step(self) -> None:
        super().step()
        while self._runner.run_one():
            pass

    def incidents(self) -> Sequence[Incident]:
        """Oldest first."""
        return tuple(reversed(self._ports.store.incidents(self.repository.name)))

    def incident(self) -> Incident | None:
        """The newest one."""
        return next(reversed(self.incidents()), None)

    def record(self, incident: str | None = None) -> Sequence[Entry]:
        """The record of an incident, of the newest where none is named; "" for what belongs to none."""
        newest = self.incident()
        key = newest.id if incident is None and newest else incident
        return () if key is None else self._ports.store.entries(key)

    def settle(self, within: float) -> None:
        """Let time pass until no incident is open, at most so long."""
        end = self.clock.now() + within
        while self.clock.now() < end and any(incident.ended is None for incident in self.incidents()):
            self.pass_time(15)

    def close(self) -> None:
        self.repository.close()
        self._pins.close()
        for database in self._databases:
            database.close()

    def __enter__(self) -> LivedWorld:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _numbered(self, number: int) -> PullRequest | None:
        branches = dict.fromkeys(action.branch for incident in self.incidents() for action in incident.actions if action.branch)
        pulls = (self.pulls.pull(branch) for branch in (*branches, *self.origin.branches()))
        return next((pull for pull in pulls if pull and pull.number == number), None)

    def _work(self, key: str) -> Instant | None:
        return work(key, {self.repository.name: self._ports})
