"""GitHub's REST API, as much of it as Rollbot uses: a table of routes over what the fake keeps."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.github import guards, merges, opening, reviews, rights, rulesets
from tests.github.asked import asked
from tests.github.state import Answer, Comment, Item, Reacted, Repo, Status, Unknown, identity, stamp

if TYPE_CHECKING:
    from tests.github.server import FakeGitHub

Result = tuple[int, Any]


@dataclass
class Call:
    """One request: who asks, of which repository, with which words of the path, query and body."""

    hub: FakeGitHub
    me: str
    repo: Repo
    words: tuple[str, ...]
    query: Mapping[str, str]
    body: Any

    def user(self, login: str) -> dict[str, Any]:
        return self.hub.account(login)

    @property
    def item(self) -> Item:
        found = self.repo.items.get(int(self.words[0]))
        if found is None:
            raise Answer(404, "Not Found")
        return found

    @property
    def pull(self) -> Item:
        if not self.item.head:
            raise Answer(404, "Not Found")
        return self.item

    @property
    def comment(self) -> Comment:
        for item in self.repo.items.values():
            for comment in item.comments:
                if comment.id == int(self.words[0]):
                    return comment
        raise Answer(404, "Not Found")


def answer(hub: FakeGitHub, me: str, verb: str, path: str, query: Mapping[str, str], body: Any) -> Result:
    if path == "/user":
        return 200, hub.account(me)
    if found := re.fullmatch(r"/users/([^/]+)", path):
        return 200, hub.account(unquote(found[1]))
    if found := re.fullmatch(r"/orgs/([^/]+)/teams/([^/]+)(?:/memberships/([^/]+))?", path):
        return _team(hub, *found.groups())
    found = re.fullmatch(r"/repos/([^/]+/[^/]+)(/.*)?", path)
    repo = hub.repos.get(found[1]) if found else None
    if found is None:
        raise Unknown
    if repo is None:
        raise Answer(404, "Not Found")
    rights.check(hub, me, repo, verb, found[2] or "")
    merges.settle(repo)
    for method, pattern, act in ROUTES:
        if method == verb and (fits := re.fullmatch(pattern, found[2] or "")):
            said = None if verb == "GET" else asked(body)
            return act(Call(hub, me, repo, tuple(unquote(word or "") for word in fits.groups()), query, said))
    raise Unknown


def _team(hub: FakeGitHub, organisation: str, slug: str, login: str | None) -> Result:
    members = hub.teams.get((organisation, slug))
    if members is None or (login is not None and unquote(login) not in members):
        raise Answer(404, "Not Found")
    return 200, {"slug": slug, "name": slug} if login is None else {"state": "active", "role": "member", "url": ""}


# Shapes


def repository(call: Call) -> Result:
    methods = {f"allow_{name}": way in call.repo.methods for way, name in _METHODS.items()}
    allowed = {name: rights.may(call.repo, call.me, least) for name, least in (("push", "write"), ("pull", "read"), ("admin", "admin"))}
    return 200, {
        "full_name": call.repo.name,
        "default_branch": call.repo.default,
        "private": call.repo.private,
        "permissions": allowed,
        "allow_auto_merge": call.repo.auto_merge,
        **methods,
    }


_METHODS = {"merge": "merge_commit", "squash": "squash_merge", "rebase": "rebase_merge"}


def commit_json(call: Call, sha: str) -> dict[str, Any]:
    found = call.repo.commit(sha)
    parents = [{"sha": parent} for parent in found["parents"]]
    return {**found, "message": found["message"].rstrip("\n"), "tree": {"sha": found["tree"]}, "parents": parents}


def pull_json(call: Call, item: Item, whole: bool = True) -> dict[str, Any]:
    repo, hub = call.repo, call.hub
    found: dict[str, Any] = {
        "number": item.number,
        "node_id": f"PR {repo.name} {item.number}",
        "state": item.state,
        "title": item.title,
        "body": item.body,
        "draft": item.draft,
        "user": hub.account(item.user),
        "merged_at": None if item.merged_at is None else stamp(item.merged_at),
        "merge_commit_sha": item.merge_commit,
        "created_at": stamp(item.created),
        "updated_at": stamp(item.created),
        "html_url": f"{hub.address}/{repo.name}/pull/{item.number}",
        "head": {"ref": item.head, "sha": item.sha, "repo": {"full_name": repo.name}},
        "base": {"ref": item.base, "sha": repo.head(item.base), "repo": {"full_name": repo.name}},
        "labels": [{"name": label} for label in item.labels],
        "requested_reviewers": [hub.account(login) for login in item.requested],
        "requested_teams": [],
        "auto_merge": item.auto_merge and {"merge_method": item.auto_merge["method"], "enabled_by": hub.account(item.user)},
    }
    if whole:
        found["merged"] = item.merged
        found["mergeable"], found["mergeable_state"] = merges.told(repo, item)
    return found


def comment_json(call: Call, comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "body": comment.body,
        "user": call.hub.account(comment.user),
        "created_at": stamp(comment.created),
        "updated_at": stamp(comment.updated),
        "issue_url": f"{call.hub.api}/repos/{call.repo.name}/issues/{comment.number}",
        "html_url": f"{call.hub.address}/{call.repo.name}/issues/{comment.number}#issuecomment-{comment.id}",
    }


def reaction_json(call: Call, reacted: Reacted) -> dict[str, Any]:
    return {"id": reacted.id, "content": reacted.content, "user": call.hub.account(reacted.user)}


# Git


def ref(call: Call) -> Result:
    head = call.repo.head(call.words[0])
    if head is None:
        raise Answer(404, "Not Found")
    return 200, {"ref": f"refs/heads/{call.words[0]}", "object": {"type": "commit", "sha": head}}


def make_ref(call: Call) -> Result:
    branch = call.body["ref"].removeprefix("refs/heads/")
    if branch == call.body["ref"]:
        raise Answer(422, "Reference name must start with 'refs/heads/' here")
    if call.repo.head(branch) is not None:
        raise Answer(422, "Reference already exists")
    _exists(call, call.body["sha"])
    if guards.push(call.repo, branch, call.me, call.body["sha"]):
        raise Answer(422, "Reference update failed")
    call.repo.git("update-ref", call.body["ref"], call.body["sha"])
    return 201, {"ref": call.body["ref"], "object": {"type": "commit", "sha": call.body["sha"]}}


def move_ref(call: Call) -> Result:
    if call.repo.head(call.words[0]) is None:
        raise Answer(422, "Reference does not exist")
    _exists(call, call.body["sha"])
    guards.may_move(call.repo, call.words[0], call.me, call.body["sha"], bool(call.body.get("force")))
    call.repo.git("update-ref", f"refs/heads/{call.words[0]}", call.body["sha"])
    return ref(call)


def _exists(call: Call, sha: str) -> None:
    try:
        call.repo.commit(sha)
    except Answer:
        raise Answer(422, "Object does not exist") from None


def drop_ref(call: Call) -> Result:
    if call.repo.head(call.words[0]) is None:
        raise Answer(422, "Reference does not exist")
    guards.may_move(call.repo, call.words[0], call.me, None, False)
    call.repo.git("update-ref", "-d", f"refs/heads/{call.words[0]}")
    return 204, None


def make_blob(call: Call) -> Result:
    return 201, {"sha": call.repo.git("hash-object", "-w", "--stdin", feed=base64.b64decode(call.body["content"])).strip()}


def make_tree(call: Call) -> Result:
    index = {"GIT_INDEX_FILE": str(call.repo.folder / "index"), "GIT_DIR": str(call.repo.folder)}
    call.repo.git("read-tree", call.body["base_tree"], environment=index)
    rows = [f"{'0' if each['sha'] is None else each['mode']} {each['sha'] or '0' * 40}\t{each['path']}\n" for each in call.body["tree"]]
    call.repo.git("update-index", "--index-info", feed="".join(rows).encode(), environment=index)
    return 201, {"sha": call.repo.git("write-tree", environment=index).strip()}


def make_commit(call: Call) -> Result:
    parents = [word for parent in call.body["parents"] for word in ("-p", parent)]
    who = identity(call.me, f"{call.me}@users.noreply.github.com")
    sha = call.repo.git("commit-tree", call.body["tree"], *parents, feed=call.body["message"].encode(), environment=who).strip()
    return 201, commit_json(call, sha)


def commit(call: Call) -> Result:
    return 200, commit_of(call, call.words[0])


def commit_of(call: Call, sha: str) -> dict[str, Any]:
    """A commit with the accounts of its people, which a commit of Git has not."""
    found = commit_json(call, sha)
    accounts = {"GitHub": "web-flow"}
    people = {role: accounts.get(found[role]["name"], found[role]["name"]) for role in ("author", "committer")}
    known = {role: call.user(login) if login in call.hub.users else None for role, login in people.items()}
    parents = found.pop("parents")
    return {"sha": found.pop("sha"), "commit": found, "parents": parents, **known}


# Statuses, checks, branches


def status(call: Call) -> Result:
    newest = {each.context: each for each in call.repo.statuses.get(call.words[0], ())}
    states = {each.state for each in newest.values()}
    state = "failure" if states & {"failure", "error"} else "success" if states == {"success"} else "pending"
    said = {"sha": call.words[0], "state": state, "total_count": len(newest), "repository": {"full_name": call.repo.name}}
    return 200, {**said, "statuses": [vars(each) for each in newest.values()]}


def make_status(call: Call) -> Result:
    call.repo.commit(call.words[0])
    if call.body["state"] not in ("error", "failure", "pending", "success"):
        raise Answer(422, "Validation Failed", [{"resource": "Status", "field": "state", "code": "custom"}])
    made = Status(call.body.get("context", "default"), call.body["state"], call.body.get("description", ""), call.body.get("target_url"))
    call.repo.statuses.setdefault(call.words[0], []).append(made)
    return 201, vars(made)


def check_runs(call: Call) -> Result:
    sha = call.words[0]
    runs = call.repo.checks.get(sha, {}).items()
    found = [
        {"name": name, "status": "completed" if how else "in_progress", "conclusion": how, **call.repo.times.get((sha, name), {})}
        for name, how in runs
    ]
    return 200, {"total_count": len(found), "check_runs": found}


def branch(call: Call) -> Result:
    head, rules = call.repo.head(call.words[0]), call.repo.rules.get(call.words[0])
    if head is None:
        raise Answer(404, "Branch not found")
    checks = list(rules.required_checks) if rules else []
    protection = {"enabled": rules is not None, "required_status_checks": {"contexts": checks, "checks": []}}
    guarded = rules is not None or any(each.branch == call.words[0] for each in call.repo.rulesets)
    return 200, {"name": call.words[0], "commit": commit_of(call, head), "protected": guarded, "protection": protection}


def permission(call: Call) -> Result:
    role = rights.role(call.repo, call.words[0])
    folded = {"maintain": "write", "triage": "read"}.get(role, role)
    return 200, {"permission": folded, "role_name": role, "user": call.user(call.words[0])}


# Pull requests


def pulls(call: Call) -> Result:
    state, head = call.query.get("state", "open"), call.query.get("head", "").partition(":")[2]
    found = [item for item in call.repo.items.values() if item.head and (not head or item.head == head)]
    return 200, [pull_json(call, item, False) for item in reversed(found) if state in ("all", item.state)]


def make_pull(call: Call) -> Result:
    body, repo = call.body, call.repo
    head, base = opening.sides(repo, body["head"], body["base"])
    made = call.hub.add(repo, body["title"], body.get("body") or "", call.me, head, base, repo.head(head) or "")
    made.draft = bool(body.get("draft"))
    return 201, pull_json(call, made)


def files(call: Call) -> Result:
    item = call.pull
    base = call.repo.git("merge-base", call.repo.head(item.base) or "", item.sha).strip()
    names = call.repo.git("diff", "--name-only", base, item.sha).splitlines()
    return 200, [{"filename": name, "status": "modified", "sha": call.repo.git("rev-parse", item.sha).strip()} for name in names]


def edit_pull(call: Call) -> Result:
    rights.edits(call.repo, call.me, call.pull, set(call.body))
    opening.may_become(call.repo, call.pull, call.body)
    for name in ("title", "body", "state", "base"):
        if name in call.body:
            setattr(call.pull, name, call.body[name])
    return 200, pull_json(call, call.pull)


def merge_pull(call: Call) -> Result:
    item, body = call.pull, call.body
    if item.state != "open":
        raise Answer(405, "Pull Request is not mergeable")
    method = body.get("merge_method", "merge")
    if item.draft:
        raise Answer(405, "Pull Request is still a draft")
    if body.get("sha", item.sha) != item.sha:
        raise Answer(409, "Head branch was modified. Review and try the merge again.")
    if method not in call.repo.methods:
        raise Answer(405, f"{_SAID[method]} are not allowed on this repository.")
    rules = guards.holding(call.repo, item.base, call.me)
    if any(each.queue for each in rules):
        raise Answer(405, "Changes must be made through the merge queue")
    if lacking := guards.lacking(call.repo, item, call.me):
        raise Answer(405, guards.said(call.repo, item.base, lacking))
    if method == "merge" and any(each.linear for each in rules):
        raise Answer(405, "This branch must not contain merge commits.")
    if not merges.mergeable(call.repo, item) or guards.state(call.repo, item, call.me) not in ("clean", "unstable"):
        raise Answer(405, "Pull Request is not mergeable")
    sha = call.repo.merge(item, method, body.get("commit_title"), body.get("commit_message"))
    return 200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"}


_SAID = {"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}


def request_review(call: Call) -> Result:
    for login in call.body.get("reviewers", ()):
        if login not in call.repo.roles:
            raise Answer(422, "Reviews may only be requested from collaborators.")
    if call.body.get("team_reviewers"):
        raise Answer(422, "Could not resolve to a node")
    call.pull.requested = list(dict.fromkeys([*call.pull.requested, *call.body.get("reviewers", ())]))
    return 201, pull_json(call, call.pull, False)


# Issues and comments


def issue(call: Call) -> Result:
    item = call.item
    found = {
        "number": item.number,
        "title": item.title,
        "state": item.state,
        "user": call.user(item.user),
        "labels": [{"name": n} for n in item.labels],
    }
    return 200, found | ({"pull_request": {"url": ""}} if item.head else {})


def labels(call: Call) -> Result:
    if call.body is not None:
        call.item.labels = list(dict.fromkeys([*call.item.labels, *call.body["labels"]]))
    return 200, [{"name": label} for label in call.item.labels]


def comments(call: Call) -> Result:
    return 200, [comment_json(call, each) for each in call.item.comments]


def make_comment(call: Call) -> Result:
    if len(call.body["body"]) > 65_536:
        raise Answer(422, "Body is too long (maximum is 65536 characters)")
    return 201, comment_json(call, call.hub.comment(call.repo, call.item, call.me, call.body["body"]))


def all_comments(call: Call) -> Result:
    every = [each for item in call.repo.items.values() for each in item.comments]
    return 200, [
        comment_json(call, each) for each in sorted(every, key=lambda each: each.id) if stamp(each.updated) >= call.query.get("since", "")
    ]


def comment(call: Call) -> Result:
    return 200, comment_json(call, call.comment)


def edit_comment(call: Call) -> Result:
    rights.own_or(call.repo, call.me, call.comment.user, "write")
    call.comment.body, call.comment.updated = call.body["body"], time.time()
    return comment(call)


def drop_comment(call: Call) -> Result:
    rights.own_or(call.repo, call.me, call.comment.user, "write")
    call.repo.items[call.comment.number].comments.remove(call.comment)
    return 204, None


def reactions(call: Call) -> Result:
    return 200, [reaction_json(call, each) for each in call.comment.reactions if call.query.get("content", each.content) == each.content]


def react(call: Call) -> Result:
    for each in call.comment.reactions:
        if (each.content, each.user) == (call.body["content"], call.me):
            return 200, reaction_json(call, each)
    made = Reacted(call.repo.next_id(), call.body["content"], call.me)
    call.comment.reactions.append(made)
    return 201, reaction_json(call, made)


def unreact(call: Call) -> Result:
    found = next((each for each in call.comment.reactions if each.id == int(call.words[1])), None)
    if found is None:
        raise Answer(404, "Not Found")
    rights.own_or(call.repo, call.me, found.user, "admin")
    call.comment.reactions.remove(found)
    return 204, None


ROUTES: tuple[tuple[str, str, Callable[[Call], Result]], ...] = (
    ("GET", r"", repository),
    ("GET", r"/git/ref/heads/(.+)", ref),
    ("POST", r"/git/refs", make_ref),
    ("PATCH", r"/git/refs/heads/(.+)", move_ref),
    ("DELETE", r"/git/refs/heads/(.+)", drop_ref),
    ("POST", r"/git/blobs", make_blob),
    ("POST", r"/git/trees", make_tree),
    ("POST", r"/git/commits", make_commit),
    ("GET", r"/git/commits/([0-9a-f]{40})", lambda call: (200, commit_json(call, call.words[0]))),
    ("GET", r"/commits/([0-9a-f]{40})", commit),
    ("GET", r"/commits/([0-9a-f]{40})/status", status),
    ("GET", r"/commits/([0-9a-f]{40})/check-runs", check_runs),
    ("POST", r"/statuses/([0-9a-f]{40})", make_status),
    ("GET", r"/branches/([^/]+)", branch),
    ("GET", r"/branches/([^/]+)/protection", rulesets.protection),
    ("GET", r"/rules/branches/([^/]+)", rulesets.of_branch),
    ("GET", r"/rulesets/(\d+)", rulesets.ruleset),
    ("GET", r"/collaborators/([^/]+)/permission", permission),
    ("GET", r"/pulls", pulls),
    ("POST", r"/pulls", make_pull),
    ("GET", r"/pulls/(\d+)", lambda call: (200, pull_json(call, call.pull))),
    ("PATCH", r"/pulls/(\d+)", edit_pull),
    ("GET", r"/pulls/(\d+)/files", files),
    ("PUT", r"/pulls/(\d+)/merge", merge_pull),
    ("POST", r"/pulls/(\d+)/requested_reviewers", request_review),
    ("POST", r"/pulls/(\d+)/reviews", reviews.make),
    ("GET", r"/issues/(\d+)", issue),
    ("GET", r"/issues/(\d+)/labels", labels),
    ("POST", r"/issues/(\d+)/labels", labels),
    ("GET", r"/issues/(\d+)/comments", comments),
    ("POST", r"/issues/(\d+)/comments", make_comment),
    ("GET", r"/issues/comments", all_comments),
    ("GET", r"/issues/comments/(\d+)", comment),
    ("PATCH", r"/issues/comments/(\d+)", edit_comment),
    ("DELETE", r"/issues/comments/(\d+)", drop_comment),
    ("GET", r"/issues/comments/(\d+)/reactions", reactions),
    ("POST", r"/issues/comments/(\d+)/reactions", react),
    ("DELETE", r"/issues/comments/(\d+)/reactions/(\d+)", unreact),
)
