"""A change → exactly one commit on its base, on its branch, signed by GitHub where it can be."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from bot.adapters.forges.github.answers import Denied
from bot.adapters.forges.github.client import Client, branch_path
from bot.changes.change import Change
from bot.errors import Refused, Unavailable
from bot.ports import Repository
from bot.refs import Sha

LARGE = 8 << 20
"""Beyond this many bytes together GraphQL takes too long, or refuses; Git itself does not."""

_COMMIT = """mutation($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}"""
_NO_FILE = "0" * 40
_LINKS = {"120000": "a symbolic link", "160000": "a submodule", "040000": "a folder"}


class Commits:
    """Three ways, the first that serves: `createCommitOnBranch` for a new branch, the Git data API, a push."""

    def __init__(self, client: Client, repository: Repository) -> None:
        self._client, self._repository = client, repository

    def write(self, change: Change) -> Sha:
        """See Forge.commit. Raises Refused where a person has put commits on the branch: it is theirs then."""
        self._check(change)
        with self._client.writing:
            modes = self._modes(change)
            head = self.head(change.branch)
            if head is not None and head != change.base:
                if self._is(head, change):
                    return head
                self._ours(head, change)
            if sum(len(body) for body in change.files.values() if body) > LARGE:
                return self._repository.write(change)
            plain = set(modes.values()) <= {"100644"} and _split(change.message) is not None
            if plain and (head is None or head == change.base):
                return self._mutation(change, head, modes)
            return self._data(change, head, modes)

    def head(self, branch: str) -> Sha | None:
        """Where a branch is, None where there is none."""
        found = self._client.maybe(self._client.at(f"/git/ref/heads/{branch_path(branch)}"))
        return None if found is None or isinstance(found, list) else Sha(found["object"]["sha"])

    def delete(self, branch: str) -> None:
        """Take a branch away; one that is gone already is fine."""
        path = self._client.at(f"/git/refs/heads/{branch_path(branch)}")

        def take() -> bool:
            try:
                self._client.send("DELETE", path)
            except Denied as error:
                if error.status not in (404, 422):
                    raise
            return True

        self._client.settled(take, lambda: True if self.head(branch) is None else None)

    # What may be written

    def _check(self, change: Change) -> None:
        for path in change.files:
            if "\0" in path or any(part in ("", ".", "..") or part.lower() == ".git" for part in path.split("/")):
                raise Refused(f"{path!r} is no path inside a repository")
            if any("\ud800" <= letter <= "\udfff" for letter in path):
                raise Refused(f"{path!r} cannot be said to GitHub: its name is not UTF-8")

    def _modes(self, change: Change) -> Mapping[str, str]:
        """The mode of each file, `100644` for new ones. Raises Refused for what is no regular file, below none, or no change."""
        modes = {}
        tree = self._repository.tree(change.base)
        if all(tree.get(path) == (None if body is None else _blob(body)) for path, body in change.files.items()):
            raise Refused("the change leaves every file as it is")
        for path in change.files:
            mode = self._repository.mode(change.base, path)
            if mode in _LINKS:
                raise Refused(f"{path} is {_LINKS[mode]}: only regular files are changed")
            if mode is None:
                self._check_folders(change.base, path, tree)
            modes[path] = mode or "100644"
        return modes

    def _check_folders(self, base: Sha, path: str, tree: Mapping[str, Sha]) -> None:
        """See that a new file's folders are folders, or not there. What holds a regular file is one; below what is not there is nothing."""
        for parent in _parents(path):
            if any(known.startswith(f"{parent}/") for known in tree):
                continue
            if self._repository.mode(base, parent) is not None:
                raise Refused(f"{path}: {parent} is no folder but a link, file or submodule")
            return

    def _is(self, head: Sha, change: Change) -> bool:
        """Whether a commit is the change's: its parent, its message, and every byte of its tree."""
        found = self._client.get(self._client.at(f"/git/commits/{head}"), sure=True)
        if [parent["sha"] for parent in found["parents"]] != [change.base] or found["message"].strip() != change.message.strip():
            return False
        wanted = dict(self._repository.tree(change.base))
        for path, body in change.files.items():
            wanted.pop(path, None)
            if body is not None:
                wanted[path] = _blob(body)
        return dict(self._tree(head)) == wanted

    def _tree(self, head: Sha) -> Mapping[str, Sha]:
        if not self._repository.contains(head, head):
            self._repository.fetch()
        if not self._repository.contains(head, head):
            raise Unavailable(f"commit {head[:12]} is at GitHub, but cannot be fetched yet")
        return self._repository.tree(head)

    def _ours(self, head: Sha, change: Change) -> None:
        """See that the branch holds one commit of ours and nothing of a person's, so that it may be made anew. Raises Refused."""
        found = self._client.get(self._client.at(f"/commits/{head}"), sure=True)
        by = [(found.get(role) or {}).get("id") for role in ("author", "committer")]
        names = [found["commit"][role]["name"] for role in ("author", "committer")]
        me = self._client.identity()
        # Our API commits are by us and committed by GitHub's web-flow; what we pushed carries the name `rollbot` and no account.
        known = {me.login, me.login.removesuffix("[bot]"), "rollbot", "GitHub"}
        mine, kept = (number == me.number or (number is None and name in known) for number, name in zip(by, names, strict=True))
        kept = kept or names[1] == "GitHub"
        trailers = "\nRollback-" in found["commit"]["message"]
        parents = [Sha(parent["sha"]) for parent in found["parents"]]
        self._tree(head)
        alone = len(parents) == 1 and self._repository.contains(self._repository.resolve(change.target), parents[0])
        if not (mine and kept and trailers and alone):
            who = ((found.get("author") or {}).get("login")) or names[0]
            raise Refused(f"{who} has pushed to {change.branch}: it is left as it is; merge it, or close its pull request")

    # Three ways to write

    def _mutation(self, change: Change, head: Sha | None, modes: Mapping[str, str]) -> Sha:
        if head is None and self._point(change.branch, change.base, None) != change.base:
            return self._raced(change)
        headline, body = _split(change.message) or ("", "")
        additions = [{"path": path, "contents": base64.b64encode(file).decode()} for path, file in change.files.items() if file is not None]
        deletions = [{"path": path} for path, file in change.files.items() if file is None]
        asked = {
            "branch": {"repositoryNameWithOwner": self._client.repository, "branchName": change.branch},
            "expectedHeadOid": change.base,
            "message": {"headline": headline, "body": body},
            "fileChanges": {"additions": additions, "deletions": deletions},
        }

        def commit() -> Sha:
            return Sha(self._client.graphql(_COMMIT, input=asked)["createCommitOnBranch"]["commit"]["oid"])

        try:
            return self._client.settled(commit, lambda: self._found(change))
        except Denied as error:
            if error.status == 409 or "expected branch" in error.said.lower():
                return self._raced(change)
            if error.status in (401, 403):
                raise
            return self._data(change, change.base, modes)  # what GraphQL does not take, Git's own objects may

    def _found(self, change: Change) -> Sha | None:
        head = self.head(change.branch)
        return head if head not in (None, change.base) and self._is(head, change) else None

    def _raced(self, change: Change) -> Sha:
        """The branch is not where it was a moment ago: an earlier run's commit, which will do, or somebody else's."""
        if (found := self._found(change)) is not None:
            return found
        raise Unavailable(f"{change.branch} is being written by somebody else")

    def _data(self, change: Change, head: Sha | None, modes: Mapping[str, str]) -> Sha:
        """Blobs, a tree, a commit and then the branch: keeps modes, and the branch never stands without its commit meanwhile."""
        entries = [self._entry(path, body, modes[path]) for path, body in change.files.items()]
        base = self._client.get(self._client.at(f"/git/commits/{change.base}"))["tree"]["sha"]
        tree = self._made("/git/trees", {"base_tree": base, "tree": entries})
        if tree == base:
            raise Refused("the change leaves every file as it is")
        commit = self._made("/git/commits", {"message": change.message, "tree": tree, "parents": [change.base]})
        at = self._point(change.branch, commit, head)
        return commit if at == commit else self._raced(change)

    def _entry(self, path: str, body: bytes | None, mode: str) -> dict[str, Any]:
        sha = body if body is None else self._made("/git/blobs", {"content": base64.b64encode(body).decode(), "encoding": "base64"})
        return {"path": path, "mode": mode, "type": "blob", "sha": sha}

    def _made(self, path: str, body: Any) -> Sha:
        """Make an object of Git: made twice it is the same object, or one that nothing points to."""

        def make() -> Sha:
            return Sha(self._client.send("POST", self._client.at(path), body)["sha"])

        return self._client.settled(make, lambda: None)

    def _point(self, branch: str, to: Sha, old: Sha | None) -> Sha | None:
        """Make the branch (`old` None) or move it from `old`, and return where it is then."""
        path = f"/git/refs/heads/{branch_path(branch)}"

        def write() -> Sha:
            if old is None:
                self._client.send("POST", self._client.at("/git/refs"), {"ref": f"refs/heads/{branch}", "sha": to})
            elif self.head(branch) not in (old, to):
                raise Unavailable(f"{branch} is being written by somebody else")
            else:
                self._client.send("PATCH", self._client.at(path), {"sha": to, "force": True})
            return to

        try:
            return self._client.settled(write, lambda: to if self.head(branch) == to else None)
        except Denied as error:
            if error.status == 422 and "already exists" in error.said.lower():
                return self.head(branch)
            raise


def _split(message: str) -> tuple[str, str] | None:
    """Headline and body as GitHub puts them together again, with one empty line; None where that makes another message."""
    headline, _, body = message.strip().partition("\n\n")
    return None if "\n" in headline or body != body.strip("\n") else (headline, body)


def _blob(body: bytes) -> Sha:
    return Sha(hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest())


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:size]) for size in range(1, len(parts))]
