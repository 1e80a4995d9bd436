"""Somebody who asks the fake as any client does: REST, GraphQL and a real Git, with his own token."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.github.server import FakeGitHub

_COMMIT = "mutation($input: CreateCommitOnBranchInput!) { createCommitOnBranch(input: $input) { commit { oid } } }"


@dataclass(frozen=True)
class Caller:
    server: FakeGitHub
    name: str
    login: str

    def asks(self, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
        """`path`: below the repository. Returns the status and what is said."""
        headers = {"Authorization": f"token {self.server.token(self.login)}"}
        found = requests.request(verb, f"{self.server.api}/repos/{self.name}{path}", json=body, headers=headers, timeout=10)
        return found.status_code, found.json() if found.content else None

    def graphql(self, document: str, **variables: Any) -> Any:
        headers = {"Authorization": f"token {self.server.token(self.login)}"}
        body = {"query": document, "variables": variables}
        return requests.post(self.server.graphql, json=body, headers=headers, timeout=10).json()

    def refused(self, document: str, **variables: Any) -> tuple[str, str]:
        """Type and message of the error that a document gets."""
        [error] = self.graphql(document, **variables)["errors"]
        return error["type"], error["message"]

    def commits(self, branch: str, head: str, **other: Any) -> Any:
        """`createCommitOnBranch`."""
        said = {
            "branch": {"repositoryNameWithOwner": self.name, "branchName": branch},
            "expectedHeadOid": head,
            "message": {"headline": "Change it"},
            "fileChanges": {"additions": [{"path": "app.yaml", "contents": b64encode(b"tag: 1\n").decode()}]},
        }
        return self.graphql(_COMMIT, input=said | other)

    def clone(self, folder: Path) -> Path:
        self.git(folder.parent, "clone", "--quiet", self.url, str(folder))
        for key, value in (("user.name", self.login), ("user.email", f"{self.login}@shop.example")):
            self.git(folder, "config", key, value)
        return folder

    def git(self, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True)

    def committed(self, folder: Path, text: str, *words: str) -> None:
        """A commit in a clone."""
        (folder / "app.yaml").write_text(text)
        self.git(folder, "add", "app.yaml")
        self.git(folder, "commit", "--quiet", "-m", text, *words)

    @property
    def url(self) -> str:
        return self.server.url(self.name).replace("://", f"://x-access-token:{self.server.token(self.login)}@")
