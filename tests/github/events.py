"""What GitHub's webhooks say of pull requests, branches, checks and deployments: payloads of what the fake keeps."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.github import rest
from tests.github.shapes import THEN, whole
from tests.github.state import Item, Repo, Status, stamp

if TYPE_CHECKING:
    from tests.github.server import FakeGitHub

Event = tuple[str, dict[str, Any]]
"""The event's name (`X-GitHub-Event`) and its payload."""
NOTHING = "0" * 40
_NOBODY = {"assignees": [], "active_lock_reason": None}


class Saying:
    """Payloads of one repository; `sender` is who did it."""

    def __init__(self, hub: FakeGitHub, repo: Repo, sender: str) -> None:
        self._hub, self._repo, self._sender = hub, repo, sender
        self._at, self._html = f"{hub.api}/repos/{repo.name}", f"{hub.address}/{repo.name}"
        said = {"full_name": repo.name, "name": repo.name.partition("/")[2], "default_branch": repo.default}
        self._repository = whole("repository of event", said, self._at)
        self._owner = self._repository["owner"]

    def event(self, name: str, action: str | None, /, **said: Any) -> Event:
        first = {} if action is None else {"action": action}
        return name, {**first, **said, "repository": self._repository, "sender": self.person(self._sender)}

    # Issues and pull requests

    def issue(self, item: Item, action: str, **said: Any) -> Event:
        at = f"{self._at}/issues/{item.number}"
        found = {
            "number": item.number,
            "title": item.title,
            "state": item.state,
            "body": item.body,
            "user": self._hub.account(item.user),
            "labels": [{"name": label} for label in item.labels],
            "created_at": stamp(item.created),
            "updated_at": stamp(item.created),
            **({"closed_at": stamp(item.created)} if item.state == "closed" else {}),
        }
        return self.event("issues", action, issue=whole("issue of event", found, at), **said)

    def pulled(self, item: Item, action: str, **said: Any) -> Event:
        return self.event("pull_request", action, number=item.number, pull_request=self._pull(item), **said)

    def reviewed(self, item: Item, number: int, login: str, state: str) -> Event:
        at = f"{self._html}/pull/{item.number}"
        review = {
            "id": number,
            "node_id": f"N review {number}",
            "user": self.person(login),
            "body": None,
            "commit_id": item.sha,
            "submitted_at": stamp(item.created),
            "state": state.lower(),
            "html_url": f"{at}#pullrequestreview-{number}",
            "pull_request_url": f"{self._at}/pulls/{item.number}",
            "author_association": "COLLABORATOR",
            "_links": {"html": {"href": at}, "pull_request": {"href": f"{self._at}/pulls/{item.number}"}},
        }
        return self.event("pull_request_review", "submitted", review=review, pull_request=self._simple(item))

    def _pull(self, item: Item) -> dict[str, Any]:
        call = rest.Call(self._hub, item.user, self._repo, (str(item.number),), {}, None)
        weighed = item.weighed, item.unknown
        found = whole("whole pull", rest.pull_json(call, item), f"{self._at}/pulls/{item.number}")
        item.weighed, item.unknown = weighed  # a delivery is no read of anybody's
        closed = {"closed_at": stamp(item.merged_at or item.created)} if item.state == "closed" else {}
        sides = {side: self._side(found[side]) for side in ("head", "base")}
        by = {"merged_by": self.person(self._sender)} if item.merged else {}
        return {**found, **_NOBODY, "rebaseable": None, **closed, **sides, **by}

    def _simple(self, item: Item) -> dict[str, Any]:
        """Where a pull request is told beside something else, what takes GitHub time to work out is left out."""
        late = ("merged", "mergeable", "rebaseable", "mergeable_state", "merged_by", "maintainer_can_modify")
        counts = ("comments", "review_comments", "commits", "additions", "deletions", "changed_files")
        return {name: value for name, value in self._pull(item).items() if name not in (*late, *counts)}

    def _side(self, side: Mapping[str, Any]) -> dict[str, Any]:
        label = f"{self._owner['login']}:{side['ref']}"
        return {"label": label, "ref": side["ref"], "sha": side["sha"], "user": self._owner, "repo": self._repository}

    # Branches

    def pushed(self, branch: str, before: str | None, after: str | None) -> Event:
        ref, made = f"refs/heads/{branch}", [] if after is None else [self._commit(sha) for sha in self._new(before, after)]
        forced = bool(before and after and self._repo.git("merge-base", "--all", before, after).strip() != before)
        said = {
            "ref": ref,
            "before": before or NOTHING,
            "after": after or NOTHING,
            "created": before is None,
            "deleted": after is None,
            "forced": forced,
            "base_ref": None,
            "compare": f"{self._html}/compare/{(before or NOTHING)[:12]}...{(after or NOTHING)[:12]}",
            "commits": made,
            "head_commit": None if after is None else self._commit(after),
            "pusher": {"name": self._sender, "email": f"{self._sender}@users.noreply.github.com"},
        }
        name, payload = self.event("push", None, **said)
        # In this event alone GitHub tells these times as seconds, and the owner with a name.
        when = {"created_at": 1767225600, "pushed_at": 1767225600, "stargazers": 0, "master_branch": self._repo.default}
        return name, {**payload, "repository": {**self._repository, **when, "owner": {**self._owner, "name": "acme", "email": None}}}

    def made(self, branch: str) -> Event:
        said = {"ref": branch, "ref_type": "branch", "master_branch": self._repo.default, "description": None, "pusher_type": "user"}
        return self.event("create", None, **said)

    def deleted(self, branch: str) -> Event:
        return self.event("delete", None, ref=branch, ref_type="branch", pusher_type="user")

    def _new(self, before: str | None, after: str) -> list[str]:
        words = [after, f"^{before}"] if before else [after, f"^refs/heads/{self._repo.default}"]
        return self._repo.git("rev-list", "--reverse", "--max-count=20", *words).split()

    def _commit(self, sha: str) -> dict[str, Any]:
        found = self._repo.commit(sha)
        names = self._repo.git("show", "--format=", "--name-status", "--no-renames", "-m", "--first-parent", sha).splitlines()
        told = {"A": "added", "D": "removed", "M": "modified"}
        files: dict[str, list[str]] = {word: [] for word in told.values()}
        for how, _, path in (row.partition("\t") for row in names):
            files[told.get(how, "modified")].append(path)
        people = {role: {"name": found[role]["name"], "email": found[role]["email"]} for role in ("author", "committer")}
        head = {"id": sha, "tree_id": found["tree"], "distinct": True, "message": found["message"].rstrip("\n")}
        return {**head, "timestamp": found["committer"]["date"], "url": f"{self._html}/commit/{sha}", **people, **files}

    # Checks, statuses, deployments

    def checked(self, sha: str, check: str, conclusion: str | None) -> list[Event]:
        done = conclusion is not None
        run = {
            "id": _number(sha, check),
            "name": check,
            "head_sha": sha,
            "status": "completed" if done else "in_progress",
            "conclusion": conclusion,
            "started_at": THEN,
            "completed_at": THEN if done else None,
            "details_url": f"{self._html}/runs",
            "check_suite": self._suite(sha, conclusion, whole_one=False),
            "app": self._app(),
            "external_id": "",
        }
        at = f"{self._at}/check-runs/{run['id']}"
        events = [self.event("check_run", "completed" if done else "created", check_run=whole("check run", run, at))]
        return events + ([self.event("check_suite", "completed", check_suite=self._suite(sha, conclusion, whole_one=True))] if done else [])

    def _suite(self, sha: str, conclusion: str | None, whole_one: bool) -> dict[str, Any]:
        branch = next((name for name, head in self._repo.heads().items() if head == sha), None)
        number = _number(sha, "suite")
        at = f"{self._at}/check-suites/{number}"
        found = {
            "id": number,
            "node_id": f"N suite {number}",
            "head_branch": branch,
            "head_sha": sha,
            "status": "completed" if conclusion else "in_progress",
            "conclusion": "neutral" if conclusion == "skipped" else conclusion,  # a suite of skipped runs is neutral
            "url": at,
            "before": None,
            "after": sha,
            "pull_requests": [],
            "app": self._app(),
            "created_at": THEN,
            "updated_at": THEN,
        }
        if whole_one:
            said = self._commit(sha)
            head = {name: said[name] for name in ("id", "tree_id", "message", "timestamp", "author", "committer")}
            found |= {"latest_check_runs_count": 1, "check_runs_url": f"{at}/check-runs", "head_commit": head}
        return found

    def stated(self, sha: str, status: Status) -> Event:
        call = rest.Call(self._hub, self._sender, self._repo, (sha,), {}, None)
        commit = whole("commit", rest.commit_of(call, sha), f"{self._at}/commits/{sha}")
        proof = {name: value for name, value in commit["commit"]["verification"].items() if name != "verified_at"}
        commit["commit"] = {**commit["commit"], "verification": proof}
        commit = {**commit, "html_url": f"{self._html}/commit/{sha}", "comments_url": f"{self._at}/commits/{sha}/comments"}
        told = {"state": status.state, "context": status.context, "description": status.description or None}
        heads = [name for name, head in self._repo.heads().items() if head == sha]
        branches = [{"name": name, "commit": {"sha": sha, "url": f"{self._at}/commits/{sha}"}, "protected": False} for name in heads]
        said = {"id": _number(sha, status.context), "sha": sha, "name": self._repo.name, "target_url": status.target_url, **told}
        return self.event("status", None, **said, avatar_url=None, commit=commit, branches=branches, created_at=THEN, updated_at=THEN)

    def deployed(self, sha: str, environment: str, state: str, number: int) -> Event:
        at = f"{self._at}/deployments/{number}"
        both = {"environment": environment, "created_at": THEN, "updated_at": THEN, "repository_url": self._at}
        creator = self.person(self._sender)
        deployment = {
            **both,
            **{"id": number, "node_id": f"N deployment {number}", "url": at, "sha": sha, "ref": self._repo.default, "task": "deploy"},
            **{"payload": {}, "original_environment": environment, "description": None, "creator": creator},
            **{"statuses_url": f"{at}/statuses", "performed_via_github_app": None},
        }
        status = {
            **both,
            **{"id": number, "node_id": f"N status {number}", "url": f"{at}/statuses/{number}", "state": state, "creator": creator},
            **{"description": "", "target_url": "", "deployment_url": at, "performed_via_github_app": None},
        }
        return self.event("deployment_status", "created", deployment_status=status, deployment=deployment)

    def _app(self) -> dict[str, Any]:
        said = {"id": 15368, "slug": "github-actions", "name": "GitHub Actions", "permissions": {"checks": "write"}}
        found: dict[str, Any] = whole("app", said, f"{self._hub.address}/apps/github-actions")
        return {name: value for name, value in found.items() if name not in ("client_id", "installations_count")}

    def label(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = whole("label", {"name": name}, f"{self._at}/labels/{name}")
        return found

    def person(self, login: str) -> dict[str, Any]:
        found: dict[str, Any] = whole("user", self._hub.account(login), f"{self._hub.api}/users/{login}")
        return found


def _number(*what: str) -> int:
    return zlib.crc32(" ".join(what).encode())
