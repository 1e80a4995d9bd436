"""Branches where they are kept for good: on the remote, or in a repository that has none. Moved by compare and swap only."""

from __future__ import annotations

import os
from pathlib import Path

from bot.adapters.git.blobs import Blobs
from bot.adapters.git.rejection import Pushed, pushed
from bot.adapters.git.run import Answer, Git, failure
from bot.errors import Refused, Stale
from bot.refs import Sha

_PUSH = 120.0
_SEEN = "refs/rollbot/seen"
_NOBODY = "0"
_NOT_ATOMIC = "does not support --atomic push"


class Branches:
    """`url` is the remote, None where the folder itself is the truth; `mirror` says that the folder's refs are the remote's."""

    def __init__(self, git: Git, blobs: Blobs, url: str | None, mirror: bool, work_tree: Path | None) -> None:
        self._git, self._blobs, self._url, self._mirror, self._work_tree = git, blobs, url, mirror, work_tree

    def here(self, ref: str) -> Sha | None:
        """Return a ref of the folder."""
        return self._blobs.commit(ref)

    def known(self, ref: str) -> Sha | None:
        """Return where the branch was when we last looked; a mirror knows without asking."""
        return self.here(ref) if self._mirror else self.now(ref)

    def now(self, ref: str) -> Sha | None:
        """Ask where the branch is, without having its commit."""
        if self._url is None:
            return self.here(ref)
        out = self._git.output("ls-remote", "--end-of-options", self._url, ref, timeout=_PUSH, network=True).decode()
        return next((Sha(row.split("\t")[0]) for row in out.splitlines() if row.endswith(f"\t{ref}")), None)

    def brought(self, ref: str) -> Sha | None:
        """Learn where the branch is, and have its commit here."""
        head = self.now(ref)
        if self._url is None or head is None or self._git.answer("cat-file", "-e", head).status == 0:
            return head
        words = ("fetch", "--quiet", "--no-tags", "--update-shallow", "--no-write-fetch-head", "--end-of-options")
        kept = _SEEN if not self._mirror else ref
        self._git.output(*words, self._url, f"+{ref}:{kept}", timeout=_PUSH, network=True)
        return self.here(kept)

    def move(self, ref: str, old: Sha | None, new: Sha | None, held: tuple[str, Sha] | None = None) -> bool:
        """Move, make (`old` None) or delete (`new` None) a branch; False where it is not at `old`.

        `held`: another branch of the remote, and where that has to be for this to happen. Raises Stale where it is not.
        """
        if self._url is None:
            return self._swap(ref, old, new)
        answer = self._pushed(ref, old, new, held)
        if held and _NOT_ATOMIC in answer.err:
            _check(held, self.now(held[0]))
            answer, held = self._pushed(ref, old, new, None), None
        found = pushed(answer, held and held[0])
        if found is Pushed.ELSEWHERE:
            _check(held, None)
        if found is Pushed.TAKEN and self._mirror and old:  # of a new branch the mirror learns with the next fetch
            self._git.output("update-ref", *((ref, new) if new else ("-d", ref)))
        return found is Pushed.TAKEN

    def _pushed(self, ref: str, old: Sha | None, new: Sha | None, held: tuple[str, Sha] | None) -> Answer:
        """Push by compare and swap. What is held goes along as a push that changes nothing: all or none, of what the remote says once."""
        assert self._url is not None
        words = ["push", "--porcelain", "--no-verify", "--no-signed", f"--force-with-lease={ref}:{old or ''}"]
        refs = [f"{new or ''}:{ref}"]
        if held:
            words += ["--atomic", f"--force-with-lease={held[0]}:{held[1]}"]
            refs += [f"{held[1]}:{held[0]}"]
        return self._git.answer(*words, "--end-of-options", self._url, *refs, timeout=_PUSH, network=True)

    def rehearse(self, ref: str, new: Sha) -> None:
        """Ask whether a branch could be made, without making it. Raises Refused or Unavailable where not."""
        if self._url is None:
            if not os.access(self._git.folder / "refs", os.W_OK):
                raise Refused(f"{self._git.folder} cannot be written")
            return
        words = ("push", "--dry-run", "--porcelain", "--no-verify", "--no-signed", "--end-of-options")
        pushed(self._git.answer(*words, self._url, f"{new}:{ref}", timeout=_PUSH, network=True))

    def _swap(self, ref: str, old: Sha | None, new: Sha | None) -> bool:
        if new is not None and old is not None and self._work_tree is not None and self._checked_out(ref):
            return self._merge(self._work_tree, ref, old, new)
        if new is None and self._work_tree is not None and self._checked_out(ref):
            raise Refused(f"{ref.removeprefix('refs/heads/')} is checked out in {self._work_tree} and is kept")
        words = ("-d", ref, old or "") if new is None else (ref, new, old or _NOBODY * len(new))
        answer = self._git.answer("update-ref", *words)
        if answer.status and self.here(ref) == old:
            raise failure("update-ref", answer)
        return answer.status == 0

    def _checked_out(self, ref: str) -> bool:
        return self._git.answer("symbolic-ref", "--quiet", "HEAD").out.decode().strip() == ref

    def _merge(self, work_tree: Path, ref: str, old: Sha, new: Sha) -> bool:
        """Move the branch together with the files checked out: left behind, they would seem to take the change back."""
        if self.here(ref) != old:
            return False
        answer = self._git.answer("merge", "--ff-only", "--quiet", "--no-verify-signatures", new, at=work_tree)
        if answer.status:
            raise Refused(f"the files checked out in {work_tree} stand in the way: {answer.err[:400]}")
        return True


def _check(held: tuple[str, Sha] | None, found: Sha | None) -> None:
    if held and found != held[1]:
        raise Stale(f"{held[0]} is not at {held[1]} any more")
