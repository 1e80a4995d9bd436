"""A git command line → its answer, within a deadline, with credentials that appear neither in it nor in any error.

GitPython starts the commands; the deadline is ours, because its own kills by walking `ps`, which slim images lack, and a
killed `git fetch` must take its `git-remote-https` along.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from git.cmd import Git as Launcher
from git.exc import GitCommandNotFound

from bot.errors import Refused, RollbotError, Unavailable

Secret = tuple[str, str]
"""User and password (or token)."""

Credentials = Callable[[Secret | None], Secret | None]
"""Asked before every network command what to show, None where there is nothing; and once more with what the server turned down."""

LOCAL, NETWORK = 120.0, 300.0

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "false",
    "SSH_ASKPASS": "false",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_FLUSH": "0",  # `git log` would flush after every commit; `cat-file` answers what it was asked all the same
    "GIT_ALLOW_PROTOCOL": "https:http:ssh:git:file",
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=15",
}
_CONFIG = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "30"),
    ("safe.bareRepository", "all"),
)

_REFUSALS = re.compile(
    r"authentication failed|could not read (username|password)|permission( to .*)? denied|access denied|returned error: 40[134]|"
    r"repository .*not found|does not appear to be a git repository|dubious ownership|hook declined|protected branch|"
    r"not allowed|transport '.*' not allowed|does not exist|not our ref|couldn't find remote ref|host key verification failed",
    re.IGNORECASE,
)

# What git says of a 401: it looks for other credentials, and there are none to be had. Nothing was carried out.
_TURNED_DOWN = re.compile(r"authentication failed|could not read (username|password)|returned error: 401", re.IGNORECASE)

# Who may write is decided before the pack is sent: a 403 to the pack itself is a forge that finds us too fast.
_PASSES = re.compile(r"returned error: (429|5\d\d)|RPC failed; HTTP 403")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    out: bytes
    err: str


class Git:
    """Commands on one repository folder. Safe to use from several threads."""

    def __init__(self, folder: Path, address: str | None = None, credentials: Credentials | None = None) -> None:
        self.folder, self._address, self._credentials = folder, address, credentials
        self._launcher = Launcher(str(folder if folder.is_dir() else folder.parent))

    def answer(
        self, *words: str, feed: bytes | None = None, timeout: float = LOCAL, network: bool = False, at: Path | None = None
    ) -> Answer:
        """Run a command to its end, whatever its status. Raises Unavailable where it takes too long.

        A token may end before its time: where the server turns it down and another can be had, the command is run once more.
        """
        secret = self._credentials(None) if network and self._credentials else None
        answer = self._ran(words, feed, timeout, secret, at)
        if secret is None or self._credentials is None or not answer.status or not _TURNED_DOWN.search(answer.err):
            return answer
        other = self._credentials(secret)
        return answer if other is None or other == secret else self._ran(words, feed, timeout, other, at)

    def _ran(self, words: Sequence[str], feed: bytes | None, timeout: float, secret: Secret | None, at: Path | None) -> Answer:
        process = self._start(words, feed is not None, secret, at)
        with _ended_after(timeout, process, words[0]):
            out, err = process.communicate(feed)
        return Answer(process.returncode, out, _clean(err.decode(errors="replace"), secret))

    def output(
        self, *words: str, feed: bytes | None = None, timeout: float = LOCAL, network: bool = False, at: Path | None = None
    ) -> bytes:
        """Return what the command prints. Raises Unavailable or Refused where it fails."""
        answer = self.answer(*words, feed=feed, timeout=timeout, network=network, at=at)
        if answer.status:
            raise failure(words[0], answer)
        return answer.out

    def stream(self, *words: str) -> Stream:
        """Start a command whose output is read as it comes; it can be fed through `feed`."""
        return Stream(self._start(words, True, None, None), words[0])

    def _start(self, words: Sequence[str], fed: bool, secret: Secret | None, at: Path | None) -> Any:
        environment = _ENVIRONMENT | {"GIT_DIR": str(self.folder)} | _config(self._settings(secret))
        if ssh := os.environ.get("GIT_SSH_COMMAND"):
            environment["GIT_SSH_COMMAND"] = ssh
        launcher = self._launcher if at is None else Launcher(str(at))
        if at is not None:
            environment["GIT_WORK_TREE"] = str(at)
        try:
            # With GIT_DIR said outright, git neither searches for a repository nor asks who owns the folder.
            launched = launcher.execute(
                [Launcher.GIT_PYTHON_GIT_EXECUTABLE or "git", *words],
                istream=subprocess.PIPE if fed else None,
                as_process=True,
                shell=False,
                env=environment,
                start_new_session=True,
            )
        except GitCommandNotFound as error:
            raise Unavailable("git is not installed, or not on the PATH") from error
        except OSError as error:
            raise Unavailable(f"git cannot be started: {error.strerror}") from error
        process, launched.proc = launched.proc, None  # ours from here on: GitPython's wrapper raises where it should answer
        return process

    def _settings(self, secret: Secret | None) -> Sequence[tuple[str, str]]:
        if secret is None or self._address is None:
            return _CONFIG
        token = base64.b64encode(":".join(secret).encode()).decode()
        # Scoped to the address, so that a redirect to another host does not carry it there.
        return (*_CONFIG, ("credential.helper", ""), (f"http.{self._address}.extraHeader", f"Authorization: Basic {token}"))


class Stream:
    """A running command: `out` to read, `feed` to write. Ends the command when it is closed, however far it got."""

    def __init__(self, process: Any, name: str) -> None:
        self._process, self._name = process, name
        self.out: IO[bytes] = process.stdout
        self.feed: IO[bytes] = process.stdin
        self._said: list[bytes] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        # Kept short: what a broken repository says a thousand times is known after the first few.
        while chunk := self._process.stderr.read1(4096):
            if len(self._said) < 16:
                self._said.append(chunk)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def finish(self) -> None:
        """Wait for the end after `out` is read. Raises where the command failed."""
        self.feed.close()
        with _ended_after(LOCAL, self._process, self._name):
            self._listener.join()
            status = self._process.wait()
        if status:
            raise failure(self._name, Answer(status, b"", _clean(b"".join(self._said).decode(errors="replace"), None)))

    def lost(self) -> RollbotError:
        """Say why the output ended too early."""
        self.close()
        return Unavailable(f"git {self._name} stopped: {_clean(b''.join(self._said).decode(errors='replace'), None) or 'no reason given'}")

    def close(self) -> None:
        _end(self._process)
        with contextlib.suppress(BrokenPipeError):  # what was still to be fed has no reader any more
            self.feed.close()
        self.out.close()
        self._process.wait()
        self._listener.join()
        self._process.stderr.close()


def failure(name: str, answer: Answer) -> RollbotError:
    """Say whether trying again may help, from what git said."""
    said = answer.err.strip()
    text = f"git {name}: {said[:600] or f'exit status {answer.status}'}"
    if "dubious ownership" in said:
        return Refused(f"{text} (let the user that runs Rollbot own the repository, or add it to git's safe.directory)")
    return Refused(text) if _REFUSALS.search(said) and not _PASSES.search(said) else Unavailable(text)


def _config(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    pairs = {f"GIT_CONFIG_{part}_{i}": text for i, pair in enumerate(settings) for part, text in zip(("KEY", "VALUE"), pair, strict=True)}
    return {"GIT_CONFIG_COUNT": str(len(settings)), **pairs}


def _clean(text: str, secret: Secret | None) -> str:
    text = re.sub(r"(\w+://)[^/@\s]+@", r"\1", text)
    if secret:
        for word in (secret[1] or secret[0], base64.b64encode(":".join(secret).encode()).decode()):
            text = text.replace(word, "…") if word else text
    return text.strip()


@contextlib.contextmanager
def _ended_after(seconds: float, process: Any, name: str) -> Iterator[None]:
    """End the command at its deadline, or where its caller is interrupted. Raises Unavailable where it was the deadline.

    Python itself waits for a process with a deadline by looking again and again, a millisecond and more apart.
    """
    late = threading.Event()

    def expire() -> None:
        late.set()
        _end(process)

    clock = threading.Timer(seconds, expire)
    clock.daemon = True
    clock.start()
    try:
        yield
    except BaseException:
        _end(process)
        raise
    finally:
        clock.cancel()
    if late.is_set() and process.returncode == -signal.SIGKILL:
        raise Unavailable(f"git {name} took longer than {seconds:g} s")


def _end(process: Any) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):  # it ended by itself in between
            os.killpg(process.pid, signal.SIGKILL)
