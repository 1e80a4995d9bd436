"""Commits as they are told → a real bare Git repository; and what its branches hold now."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bot.errors import BadConfig
from bot.refs import Instant, Sha
from bot.world.story import ToldCommit


class Origin:
    """The Git server of the world: a bare repository in a folder. Identities and times come from the story, so names repeat."""

    def __init__(self, folder: Path, branch: str) -> None:
        self.folder, self.branch = folder, branch
        if not (folder / "HEAD").exists():
            folder.mkdir(parents=True, exist_ok=True)
            self._git("init", "--quiet", "--bare", f"--initial-branch={branch}", ".")

    def tell(self, commits: Sequence[ToldCommit], branch: str | None = None) -> Sha:
        """Add commits to a branch in one go and answer its new head."""
        branch = branch or self.branch
        head = self.head(branch) or (self.head() if branch != self.branch else None)
        files = _Files(self, head)
        stream = bytearray()
        for number, told in enumerate(commits):
            stream += _commit(told, branch, files.changed(told), head if number == 0 else None)
        self._git("fast-import", "--quiet", "--date-format=raw", stdin=bytes(stream))
        return self._known(branch)

    def head(self, branch: str | None = None) -> Sha | None:
        try:
            return Sha(self._git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch or self.branch}").decode().strip())
        except subprocess.CalledProcessError:
            return None

    def merge(self, source: str, who: str, at: Instant) -> Sha:
        """Merge a branch as a person does at the command line: a merge commit on our branch."""
        ours, theirs = self._known(self.branch), self._known(source)
        tree = self._git("merge-tree", "--write-tree", ours, theirs).decode().split("\n", 1)[0]
        message = f"Merge branch '{source}'\n"
        made = self._git("commit-tree", tree, "-p", ours, "-p", theirs, stdin=message.encode(), environment=_identity(who, at))
        self._git("update-ref", f"refs/heads/{self.branch}", made.decode().strip(), ours)
        return self._known(self.branch)

    def branches(self) -> tuple[str, ...]:
        listed = self._git("for-each-ref", "--format=%(refname:strip=2)", "refs/heads/")
        return tuple(listed.decode().split())

    def read(self, wanted: Sequence[tuple[Sha, str]]) -> list[bytes | None]:
        """The bytes of files at commits, None where a file is not there; one process for all."""
        names = "".join(f"{commit}:{path}\n" for commit, path in wanted)
        answer = self._git("cat-file", "--batch", stdin=names.encode())
        found: list[bytes | None] = []
        for _ in wanted:
            header, _, answer = answer.partition(b"\n")
            if header.endswith(b" missing"):
                found.append(None)
                continue
            size = int(header.rsplit(b" ", 1)[1])
            found.append(answer[:size])
            answer = answer[size + 1 :]
        return found

    def paths(self, commit: Sha, folder: str) -> tuple[str, ...]:
        """The files below a folder (of the whole tree for "")."""
        where = ["--", f"{folder}/"] if folder else []
        listed = self._git("ls-tree", "-r", "-z", "--name-only", commit, *where)
        return tuple(name.decode() for name in listed.split(b"\0") if name)

    def log(self, branch: str | None = None) -> tuple[tuple[Sha, Instant, str], ...]:
        """Commits of the first-parent line, oldest first: name, time, subject."""
        listed = self._git("log", "--first-parent", "--reverse", "--format=%H %ct %s", f"refs/heads/{branch or self.branch}")
        rows = (line.split(" ", 2) for line in listed.decode().splitlines())
        return tuple((Sha(sha), float(time), subject) for sha, time, subject in rows)

    def every(self) -> tuple[Sha, ...]:
        """Every commit that the branch holds, on whatever parent, oldest first."""
        listed = self._git("rev-list", "--reverse", "--topo-order", f"refs/heads/{self.branch}")
        return tuple(Sha(sha) for sha in listed.decode().split())

    def touched(self, commit: Sha) -> tuple[str, ...]:
        """The paths that a commit changed, against its first parent."""
        listed = self._git("log", "-1", "-m", "--first-parent", "--no-renames", "--format=", "--name-only", "-z", commit)
        return tuple(name.decode() for name in listed.split(b"\0") if name)

    def delete(self, branch: str) -> None:
        """Somebody deletes a branch."""
        self._git("update-ref", "-d", f"refs/heads/{branch}", self._known(branch))

    def message(self, commit: Sha) -> str:
        return self._git("show", "--no-patch", "--format=%B", commit).decode()

    def diff_of(self, commit: Sha, but: str = "") -> str:
        """What a commit changed, as Git shows it, but for a folder."""
        where = ("--", ".", f":(exclude){but}") if but else ()
        words = ("show", "--first-parent", "--format=", "--no-color", "--unified=1", commit, *where)
        return self._git(*words).decode(errors="replace")

    def _known(self, branch: str) -> Sha:
        head = self.head(branch)
        if head is None:
            raise BadConfig(f"the world's repository has no branch {branch!r}", hint=", ".join(self.branches()))
        return head

    def _git(self, *words: str, stdin: bytes = b"", environment: dict[str, str] | None = None) -> bytes:
        """Run git with nothing of the user's own configuration."""
        quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
        done = subprocess.run(
            ["git", *words],
            cwd=self.folder,
            input=stdin,
            capture_output=True,
            check=True,
            env={**os.environ, **quiet, **(environment or {})},
        )
        return done.stdout


class _Files:
    """The files that told commits touch, as they stand while the commits are told."""

    def __init__(self, origin: Origin, head: Sha | None) -> None:
        self.origin, self.head = origin, head
        self.texts: dict[str, str | None] = {}

    def changed(self, told: ToldCommit) -> dict[str, str | None]:
        changed = dict(told.files)
        for path, replacements in told.replace.items():
            text = changed.get(path) if path in changed else self._text(path)
            for old, new in replacements.items():
                if text is None or text.count(old) != 1:
                    raise BadConfig(f"{told.message.splitlines()[0]!r}: {old!r} is not once in {path}")
                text = text.replace(old, new)
            changed[path] = text
        self.texts |= changed
        return changed

    def _text(self, path: str) -> str | None:
        if path not in self.texts and self.head:
            found = self.origin.read([(self.head, path)])[0]
            self.texts[path] = None if found is None else found.decode()
        return self.texts.get(path)


def _commit(told: ToldCommit, branch: str, files: dict[str, str | None], parent: Sha | None) -> bytes:
    message = told.message.encode()
    lines = [
        f"commit refs/heads/{branch}",
        f"author {told.author} {int(told.at)} +0000",
        f"committer {told.author} {int(told.at)} +0000",
        f"data {len(message)}",
    ]
    stream = "\n".join(lines).encode() + b"\n" + message
    if parent:
        stream += f"from {parent}\n".encode()
    for path, text in files.items():
        if text is None:
            stream += f"D {path}\n".encode()
        else:
            body = text.encode()
            stream += f"M 100644 inline {path}\ndata {len(body)}\n".encode() + body + b"\n"
    return bytes(stream)


def _identity(who: str, at: Instant) -> dict[str, str]:
    name, _, mail = who.rstrip(">").partition(" <")
    stamp = f"{int(at)} +0000"
    return {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": mail,
        "GIT_AUTHOR_DATE": stamp,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": mail,
        "GIT_COMMITTER_DATE": stamp,
    }
