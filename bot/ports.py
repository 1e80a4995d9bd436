"""What Rollbot needs of the outside world. Every method may raise Unavailable (try again) or Refused (do not); effects may run twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Protocol

from bot.changes.change import Change, Mark, MergeAnswer, PullRequest
from bot.incidents.incident import Incident
from bot.incidents.rules import QueryRule
from bot.manifests.estate import Service
from bot.manifests.pin import Reading
from bot.outcomes.job import JobRun
from bot.records.entry import Entry
from bot.refs import Instant, ServiceRef, Sha
from bot.releases.release import Commit, DesiredState
from bot.signals.signal import Command, Discussion, Reaction, Role, Thread


class Clock(Protocol):
    def now(self) -> Instant: ...


class Repository(Protocol):
    """A Git repository with the first-parent line of one branch. Reading never needs a work tree."""

    @property
    def name(self) -> str:
        """The repository's name in rows, trailers and keys: its URL without credentials, scheme or `.git`."""
        ...

    @property
    def branch(self) -> str: ...

    def fetch(self) -> None:
        """Bring the mirror up to date (a no-op for a plain local path)."""
        ...

    def resolve(self, revision: str) -> Sha:
        """Name a commit. Raises Refused where there is none (and says where the repository is empty)."""
        ...

    def tree(self, commit: Sha) -> Mapping[str, Sha]:
        """Every regular file of a commit: path → blob. Non-UTF-8 paths come surrogate-escaped."""
        ...

    def log(self, commit: Sha) -> Sequence[Commit]:
        """The first-parent line that ends in `commit`, newest first; each commit's files against its first parent, no renames."""
        ...

    def shallow(self) -> bool: ...

    def blobs(self) -> Mapping[Sha, bytes]:
        """A lazy mapping of blobs; one that is missing or larger than 8 MiB is absent."""
        ...

    def read(self, blobs: Iterable[Sha]) -> Iterable[tuple[Sha, bytes]]:
        """Stream many blobs in the order given; those that `blobs` would not have are left out."""
        ...

    def mode(self, commit: Sha, path: str) -> str | None:
        """`100644`, `100755`, `120000`; None where the path is not there."""
        ...

    def write(self, change: Change) -> Sha:
        """Make the change's branch hold exactly one commit on `change.base` with its bytes and message, and push it.

        Where the branch already holds such a commit (same parent, tree and message), answers it and writes nothing.
        Of a remote, raises Stale (and writes nothing) where `change.target` is not at `change.base` there any more.
        """
        ...

    def advance(self, branch: str, old: Sha, new: Sha) -> MergeAnswer:
        """Move a remote branch from `old` to `new` (a descendant) by compare and swap: Merged or Moved."""
        ...

    def contains(self, commit: Sha, ancestor: Sha) -> bool:
        """Whether `ancestor` is `commit` or in its past, on whatever parent. False where the mirror knows either not."""
        ...

    def remote_head(self, branch: str) -> Sha | None:
        """The branch's commit on the remote now, None where it does not exist."""
        ...

    def delete(self, branch: str, old: Sha) -> None: ...


class PinCache(Protocol):
    """What was read of manifests, by (path, blob), kept between runs; a miss is an answer."""

    def under(self, rules: str) -> PinCache:
        """The part of the cache that holds what was read under these rules (any text that names them)."""
        ...

    def get(self, keys: Iterable[tuple[str, Sha]]) -> Mapping[tuple[str, Sha], Reading]: ...

    def put(self, readings: Mapping[tuple[str, Sha], Reading]) -> None: ...

    def missing(self, keys: Iterable[tuple[str, Sha]]) -> Set[tuple[str, Sha]]:
        """Those that `get` would not answer."""
        ...

    def included(self, keys: Iterable[tuple[str, Sha]]) -> Mapping[tuple[str, Sha], tuple[str, ...]]:
        """What files include, where that was kept."""
        ...

    def put_included(self, inclusions: Mapping[tuple[str, Sha], tuple[str, ...]]) -> None: ...

    def indexed(self, line: str) -> Sha | None:
        """The commit up to which every manifest of a line (`repository branch`) has been read."""
        ...

    def put_indexed(self, line: str, commit: Sha) -> None: ...


class PullRows(Protocol):
    """Where the `local` forge keeps its pull requests."""

    def pull(self, branch: str) -> PullRequest | None:
        """The newest one of that branch."""
        ...

    def save_pull(self, pull: PullRequest) -> PullRequest:
        """Insert (number 0 → the next free number is given) or replace by number."""
        ...

    def save_comment(self, number: int, key: str, text: str) -> None:
        """Keep one comment with that key on pull request `number`, its text replaced."""
        ...

    def comments(self, number: int) -> Mapping[str, str]:
        """The comments of a pull request by key, oldest first."""
        ...


class Forge(Protocol):
    """Where pull requests live."""

    @property
    def guarded(self) -> bool:
        """Whether `commit` raises Stale where the target has moved on from the change's base; else its caller has to look first."""
        ...

    def find(self, branch: str) -> PullRequest | None:
        """The newest pull request of that branch, whatever its state."""
        ...

    def commit(self, change: Change) -> Sha:
        """See Repository.write; signed by the forge where it can."""
        ...

    def open(self, change: Change) -> PullRequest:
        """Open the pull request, or answer the one that is open already."""
        ...

    def merge(self, pull: PullRequest, head: Sha) -> MergeAnswer:
        """Merge exactly `head`. Already merged is Merged."""
        ...

    def disarm(self, pull: PullRequest) -> None:
        """Take back whatever makes the forge merge it by itself later; that nothing does is fine."""
        ...

    def close(self, pull: PullRequest, why: str) -> None: ...

    def comment(self, number: int, key: str, text: str) -> None:
        """Keep one comment with that key on a pull request of the repository (ours or the culprit's), its text replaced."""
        ...

    def touching(self, paths: Iterable[str], since: Instant) -> Sequence[PullRequest]:
        """Open or queued pull requests of people (no bot's, none of ours) that changed since then and touch one of the paths.

        Empty where the forge has no such thing; the newest fifty will do.
        """
        ...

    def mark(self, commit: Sha, mark: Mark) -> None:
        """Keep one commit status with that context on a commit, where the forge has such a thing."""
        ...


class Conversation(Protocol):
    """People talking to Rollbot on issues and pull requests, of the manifests repository or of others at the same forge."""

    def role(self, login: str) -> Role:
        """What a person may do in the manifests repository. Raises Unavailable where that cannot be told: then nobody may."""
        ...

    def member(self, login: str, team: str) -> bool:
        """Whether a person is in a team (by slug, of the repository's organisation). Raises Unavailable where that cannot be told."""
        ...

    def ours(self, actor_id: int) -> bool:
        """Whether that is the account that Rollbot itself writes as. Raises Unavailable or Refused where that cannot be told."""
        ...

    def discussion(self, thread: Thread) -> Discussion:
        """What the thread is about, as it is now. Raises Refused where there is none, or we may not see it."""
        ...

    def labelled(self, label: str) -> Sequence[tuple[int, str]]:
        """Open issues and pull requests of the manifests repository with a label, each with who put it there last ("" nobody known).

        Empty where we were never given the right to read issues. Raises Unavailable where it cannot be told now.
        """
        ...

    def react(self, thread: Thread, comment: int, reaction: Reaction) -> None:
        """Keep a reaction of ours on a comment; `Reaction.SEEN` goes when another comes. Best effort: never raises for a refusal."""
        ...

    def reply(self, thread: Thread, key: str, text: str) -> None:
        """Keep one comment with that key in the thread, its text replaced."""
        ...

    def commands(self, since: Instant, repository: str = "") -> Sequence[Command]:
        """Comments since then that begin like a command, oldest first, by people: for the sweep.

        In the manifests repository, or in another one of the same forge. Raises Refused where we may not read that one.
        """
        ...


@dataclass(frozen=True, slots=True)
class Sync:
    """What one place says of a service: the commit it applied, since when, and whether it is healthy (None: cannot tell).

    `revision` is a commit of the manifests repository, None where the place names none. `earlier`: what else it applied (before, or
    later and not well), newest first, each with when that was done, as far back as it remembers. `begun`: what it began to apply,
    with when, finished or not: its objects may have run from then on. `where` names the place: `Application argocd/checkout`.
    `by_hand`: the command that a person has to run because nothing there syncs by itself. `healed`: how the place itself went back
    to something else than its revision asks for, "" where it did not. `others`: further places that run the same service.
    """

    revision: Sha | None
    since: Instant | None
    healthy: bool | None
    message: str = ""
    earlier: tuple[tuple[Sha, Instant], ...] = ()
    begun: tuple[tuple[Sha, Instant], ...] = ()
    where: str = ""
    by_hand: str = ""
    healed: str = ""
    others: tuple[Sync, ...] = ()

    @property
    def places(self) -> tuple[Sync, ...]:
        return (self, *self.others)


class Cluster(Protocol):
    def sync(self, service: Service) -> Sync | None:
        """None where nobody can tell (no cluster configured); a Sync without revision where those that are asked do not know it."""
        ...

    def hasten(self, service: Service, commit: Sha, stuck: Instant | None = None) -> tuple[str, ...]:
        """Ask whatever delivers the service to look at Git now rather than later, and say what was asked; may run again and again.

        An operation that holds another revision, without `commit`, and began before `stuck` is ended; None: never.
        """
        ...

    def job(self, service: Service, name: str) -> JobRun | None:
        """How a Job of that name, run by what delivers the service, is getting on; None where nobody can tell."""
        ...


@dataclass(frozen=True, slots=True)
class Sample:
    """One series at one time; `value` may be NaN."""

    labels: Mapping[str, str]
    at: Instant
    value: float


@dataclass(frozen=True, slots=True)
class Polled:
    """The labels of the series that a rule fires for now, and of all that it measures, whether they are over its threshold or not."""

    firing: tuple[Mapping[str, str], ...] = ()
    measured: tuple[Mapping[str, str], ...] = ()


class Metrics(Protocol):
    """Prometheus' view of an alert. Queries come from configuration or the server's own rules, never from strangers' text."""

    def firing(self, name: str, labels: Mapping[str, str]) -> bool | None:
        """Whether an alert instance with that name and these labels is firing or pending now; None where it cannot be told."""
        ...

    def pending_since(self, name: str, labels: Mapping[str, str]) -> Instant | None:
        """When the alert became active (before its `for:`), None where it cannot be told."""
        ...

    def range_window(self, name: str) -> float | None:
        """The longest range window in the alert's expression plus its `for:`, in seconds; None where it cannot be told."""
        ...

    def samples(self, name: str, labels: Mapping[str, str], start: Instant, end: Instant) -> Sequence[Sample]:
        """The alert's own expression without its threshold comparison, over time; empty where there are none."""
        ...

    def knowing(self, rules: Sequence[QueryRule]) -> Metrics:
        """The same metrics, which also answer for these rules of the configuration, by their names."""
        ...

    def polled(self, rule: QueryRule) -> Polled | None:
        """Evaluate a rule of the configuration now; None where there is nobody to ask."""
        ...


class Alerts(Protocol):
    """Alertmanager's own view of its alerts."""

    def muted(self, fingerprint: str) -> str | None:
        """Why an alert is silenced or inhibited now; None where it is not, or is not there."""
        ...

    def firing(self) -> Sequence[bytes]:
        """All alerts that fire and are not kept quiet, as bodies of its webhook: for what a delivery left out."""
        ...


class Logs(Protocol):
    def errors(self, query: str, service: ServiceRef, start: Instant, end: Instant) -> Sequence[Sample]:
        """How a metric of log lines went. `query` is of the configuration; `$service` and `$environment` in it are filled in."""
        ...


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know now. `key` makes it idempotent; `urgent` asks for a page."""

    key: str
    title: str
    text: str
    urgent: bool


class Notifier(Protocol):
    def notify(self, notice: Notice) -> None: ...


class Queue(Protocol):
    """Keys of incidents that are due. Enqueuing a key that is waiting already is success."""

    def enqueue(self, key: str, due: Instant) -> None: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came in at a door, verified, as it came. `key` is the same for a repeated delivery of the same bytes."""

    key: str
    source: str
    repository: str
    body: bytes
    received: Instant


class Store(Protocol):
    """What Rollbot knows besides Git: inbox, incidents, records, notices. Every write is one transaction."""

    def receive(self, delivery: Delivery) -> bool:
        """Put it into the inbox; False where it is, or was, there already."""
        ...

    def inbox(self, repository: str, limit: int | None = None, after: Delivery | None = None) -> Sequence[Delivery]:
        """What was not handled yet, oldest first; `after`: only what comes after that one."""
        ...

    def waiting(self, repository: str) -> int:
        """How many deliveries were not handled yet."""
        ...

    def handled(self, *keys: str) -> None: ...

    def prune(self, bodies: Instant, keys: Instant) -> int:
        """Empty the handled deliveries that came before `bodies`, forget those that came before `keys`; say how many changed.

        Until it is forgotten, a delivery that comes again is known. Incidents and records are never pruned.
        """
        ...

    def incident(self, key: str) -> Incident | None: ...

    def open_incident(self, service: ServiceRef) -> Incident | None:
        """The one incident of a service that has not ended, if any."""
        ...

    def incidents(self, repository: str | None = None, service: ServiceRef | None = None, *, open_only: bool = False) -> Sequence[Incident]:
        """Newest first."""
        ...

    def save(self, incident: Incident, entries: Sequence[Entry] = (), *, lasting: bool = True) -> Incident:
        """Insert (rev 0) or replace it together with its new entries, and answer it with the next rev.

        Not `lasting`: a power cut may take it, with all that was written after it; for what would be done again then.
        Raises Stale where the stored rev is another, or where another incident of the service is open.
        """
        ...

    def append(self, entries: Sequence[Entry]) -> None:
        """Add entries that belong to no incident. Raises Stale where another took their place first."""
        ...

    def entries(self, incident: str) -> Sequence[Entry]:
        """A record, oldest entry first; "" for what belongs to no incident."""
        ...

    def last_entry(self, incident: str) -> Entry | None: ...

    def noted(self, key: str) -> bool:
        """Whether an entry that belongs to no incident has that `key` among its facts."""
        ...

    def keep(self, name: str, value: bytes) -> None:
        """Remember a small value (the last good configuration of a repository)."""
        ...

    def kept(self, name: str) -> bytes | None: ...

    def told(self, notice: Notice) -> bool:
        """Remember a notice; False where one with its key was remembered before."""
        ...

    def notices(self) -> Sequence[Notice]:
        """Oldest first."""
        ...


class QueueRows(Protocol):
    """Where the `local` queue keeps what is due; several processes may share it. `holder` names a worker process."""

    def put(self, key: str, due: Instant, lock: str = "") -> bool:
        """Insert, or bring forward where it waits for later; False where it waits for then already.

        Of the keys with the same `lock` ("": none) one is worked on at a time.
        """
        ...

    def take(self, now: Instant, until: Instant, holder: str) -> str | None:
        """Lease the key that is due longest until `until`; a lease that ran out counts as due."""
        ...

    def renew(self, holder: str, keys: Sequence[str], until: Instant) -> None:
        """Be seen to be alive, and hold those keys until `until`; what else is held runs out."""
        ...

    def done(self, key: str, again: Instant | None, holder: str) -> None:
        """Give a leased key back: it goes, or is due again at `again`, or sooner where somebody put it meanwhile (after a little rest)."""
        ...

    def release(self, holder: str) -> None:
        """Give back everything that is held, and be seen no more."""
        ...

    def bury(self) -> Sequence[str]:
        """Give back what those hold who are seen to be dead, and name them."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world of one manifests repository."""

    repository: Repository
    forge: Forge
    cluster: Cluster
    metrics: Metrics
    notifier: Notifier
    store: Store
    queue: Queue
    clock: Clock
    cache: PinCache
    conversation: Conversation | None = None
    """None where the forge has no issues and comments."""
    alerts: Alerts | None = None
    """None where no Alertmanager can be asked."""
    logs: Logs | None = None
    seen: dict[str, DesiredState] = field(default_factory=dict)
    """What the last look showed, by repository; only ever makes the next one quicker."""
    stopped: str | None = None
    """Why this deployment is to change nothing; None where it may."""
    fetched: dict[str, Instant] = field(default_factory=dict)
    """When the repository was last fetched."""
