"""People talking to Rollbot in this world: issues, pull requests, comments, pictures, roles and teams; it keeps what a forge would keep."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.changes.change import PullRequest
from bot.errors import Refused, Unavailable
from bot.ports import Clock
from bot.refs import Instant
from bot.releases.authors import pull_request
from bot.signals.chat import read
from bot.signals.signal import Command, Discussion, Reaction, Role, Thread
from bot.world.origin import Origin

ROLES = {"ada": Role.ADMIN, "tom": Role.WRITE, "lin": Role.TRIAGE, "eve": Role.READ}


@dataclass(slots=True)
class Comment:
    """One comment; `key` names those of ours, "" is a person's."""

    number: int
    thread: Thread
    by: str
    at: Instant
    text: str
    key: str = ""
    kind: str = "User"
    edited: bool = False
    writes: int = 1


@dataclass(slots=True)
class WorldConversation:
    """`proposal` finds a pull request of Rollbot's by its number; merged pull requests of people are read from the subjects on the branch.

    `down`: the forge does not answer at all; `mute`: nobody's role can be told.
    """

    home: str
    origin: Origin
    clock: Clock
    proposal: Callable[[int], PullRequest | None]
    roles: dict[str, Role] = field(default_factory=lambda: dict(ROLES))
    teams: dict[str, set[str]] = field(default_factory=dict)
    threads: dict[Thread, Discussion] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    pictures: dict[int, Reaction] = field(default_factory=dict)
    seen: list[Reaction] = field(default_factory=list)
    """Every picture that was given, oldest first."""
    down: bool = False
    mute: bool = False

    # What people do

    def open_issue(self, title: str, number: int = 9000, repository: str | None = None) -> Thread:
        thread = Thread(repository or self.home, number)
        self.threads[thread] = Discussion(title, False, "open", "eve")
        return thread

    def open_pull(self, number: int, repository: str | None = None, *, merge: str | None = None, fork: bool = False) -> Thread:
        """A person's pull request: merged as `merge`, or open."""
        thread = Thread(repository or self.home, number)
        state = "open" if merge is None else "merged"
        self.threads[thread] = Discussion("A change", True, state, "tom", (), "change", self.origin.branch, "0" * 40, merge, fork)
        return thread

    def write(self, thread: Thread, by: str, text: str, kind: str = "User") -> Comment:
        """A person comments."""
        said = Comment(1000 + len(self.comments), thread, by, self.clock.now(), text, kind=kind)
        self.comments.append(said)
        return said

    def answers(self, thread: Thread) -> list[Comment]:
        """What Rollbot has said in a thread, oldest first."""
        return [comment for comment in self.comments if comment.thread == thread and comment.key]

    # What Rollbot does

    def role(self, login: str) -> Role:
        self._up()
        if self.mute:
            raise Unavailable("the forge does not say who may do what")
        return self.roles.get(login, Role.NONE)

    def member(self, login: str, team: str) -> bool:
        self._up()
        if team not in self.teams:
            raise Unavailable(f"there is no team {team}")
        return login in self.teams[team]

    def ours(self, actor_id: int) -> bool:
        return actor_id == number_of("rollbot")

    def discussion(self, thread: Thread) -> Discussion:
        self._up()
        if thread in self.threads:
            return self.threads[thread]
        pull = self.proposal(thread.number) if thread.repository == self.home else None
        if pull is not None:
            return Discussion("A rollback", True, pull.state, "rollbot[bot]", (), pull.branch, pull.target, pull.head, pull.merge)
        for sha in self.origin.every() if thread.repository == self.home else ():
            if pull_request(self.origin.message(sha)) == thread.number:
                return Discussion("A change", True, "merged", "tom", (), "change", self.origin.branch, sha, sha)
        raise Refused(f"there is no {thread.repository}#{thread.number}")

    def react(self, thread: Thread, comment: int, reaction: Reaction) -> None:
        if not self.down:
            self.pictures[comment] = reaction
            self.seen.append(reaction)

    def reply(self, thread: Thread, key: str, text: str) -> None:
        self._up()
        found = next((each for each in self.answers(thread) if each.key == key), None)
        if found is None:
            self.comments.append(Comment(1000 + len(self.comments), thread, "rollbot", self.clock.now(), text, key, "Bot"))
        elif found.text != text:
            found.text, found.writes = text, found.writes + 1

    def commands(self, since: Instant) -> Sequence[Command]:
        self._up()
        mine = [each for each in self.comments if each.thread.repository == self.home and each.at >= since and each.kind == "User"]
        return tuple(self._command(each) for each in mine if not each.edited and read(each.text) is not None)

    def _command(self, said: Comment) -> Command:
        return Command(f"world:{said.number}", said.at, said.by, number_of(said.by), said.thread, said.number, said.text)

    def _up(self) -> None:
        if self.down:
            raise Unavailable("the forge does not answer")


def number_of(login: str) -> int:
    return 9000 + sum(map(ord, login))


def payload(said: Comment, action: str = "created") -> bytes:
    """What GitHub's webhook says of a comment."""
    user = {"login": said.by, "id": number_of(said.by), "type": said.kind}
    comment = {"id": said.number, "body": said.text, "user": user, "html_url": f"https://forge.example/c/{said.number}"}
    repository = {"full_name": said.thread.repository}
    return json.dumps({"action": action, "repository": repository, "issue": {"number": said.thread.number}, "comment": comment}).encode()
