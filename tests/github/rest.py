"""GitHub's REST API, as much of it as Rollbot uses: a table of routes over what the fake keeps."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.github.asked import asked
from tests.github.state import Answer, Comment, Item, Reacted, Repo, Rules, Status, Unknown, identity, stamp

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
    if repo is None or not repo.roles.get(me):
        raise Answer(404, "Not Found")
    repo.settle()
    if verb != "GET" and repo.roles[me] == "read" and "/comments" not in path:
        raise Answer(403, "Must have push access to the repository.")
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
    rights = {
        "push": call.repo.roles[call.me] in ("write", "maintain", "admin"),
        "pull": True,
        "admin": call.repo.roles[call.me] == "admin",
    }
    return 200, {
        "full_name": call.repo.name,
        "default_branch": call.repo.default,
        "private": call.repo.private,
        "permissions": rights,
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
        found["mergeable"], found["mergeable_state"] = repo.mergeable(item) if item.state == "open" else (None, "unknown")
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
    if call.repo.head(branch) is not None:
        raise Answer(422, "Reference already exists")
    call.repo.git("update-ref", call.body["ref"], call.body["sha"])
    return 201, {"ref": call.body["ref"], "object": {"type": "commit", "sha": call.body["sha"]}}


def move_ref(call: Call) -> Result:
    if call.repo.head(call.words[0]) is None:
        raise Answer(422, "Reference does not exist")
    call.repo.git("update-ref", f"refs/heads/{call.words[0]}", call.body["sha"])
    return ref(call)


def drop_ref(call: Call) -> Result:
    if call.repo.head(call.words[0]) is None:
        raise Answer(422, "Reference does not exist")
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
    made = Status(call.body["context"], call.body["state"], call.body.get("description", ""), call.body.get("target_url"))
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
    return 200, {"name": call.words[0], "commit": commit_of(call, head), "protected": rules is not None, "protection": protection}


def protection(call: Call) -> Result:
    rules = call.repo.rules.get(call.words[0])
    if rules is None:
        raise Answer(404, "Branch not protected")
    found: dict[str, Any] = {"required_signatures": {"enabled": False}}
    if rules.required_checks:
        found["required_status_checks"] = {"strict": rules.strict, "contexts": list(rules.required_checks), "checks": []}
    if rules.reviews:
        said = {"required_approving_review_count": rules.reviews, "require_code_owner_reviews": rules.code_owners}
        found["required_pull_request_reviews"] = said
    return 200, found


def branch_rules(call: Call) -> Result:
    rules = call.repo.rules.get(call.words[0], Rules())
    return 200, [{"type": "merge_queue", "parameters": {}}] if rules.queue else []


def permission(call: Call) -> Result:
    role = call.repo.roles.get(call.words[0], "none")
    folded = {"maintain": "write", "triage": "read"}.get(role, role)
    return 200, {"permission": folded, "role_name": role, "user": call.user(call.words[0])}


# Pull requests


def pulls(call: Call) -> Result:
    state, head = call.query.get("state", "open"), call.query.get("head", "").partition(":")[2]
    found = [item for item in call.repo.items.values() if item.head and (not head or item.head == head)]
    return 200, [pull_json(call, item, False) for item in reversed(found) if state in ("all", item.state)]


def make_pull(call: Call) -> Result:
    body, repo = call.body, call.repo
    if any(item.state == "open" and item.head == body["head"] for item in repo.items.values()):
        message = f"A pull request already exists for {repo.name.partition('/')[0]}:{body['head']}."
        raise Answer(422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": message}])
    head = repo.head(body["head"])
    if head is None:
        raise Answer(422, "Validation Failed", [{"resource": "PullRequest", "field": "head", "code": "invalid"}])
    made = call.hub.add(repo, body["title"], body.get("body") or "", call.me, body["head"], body["base"], head)
    return 201, pull_json(call, made)


def files(call: Call) -> Result:
    item = call.pull
    base = call.repo.git("merge-base", call.repo.head(item.base) or "", item.sha).strip()
    names = call.repo.git("diff", "--name-only", base, item.sha).splitlines()
    return 200, [{"filename": name, "status": "modified", "sha": call.repo.git("rev-parse", item.sha).strip()} for name in names]


def edit_pull(call: Call) -> Result:
    for name in ("title", "body", "state"):
        if name in call.body:
            setattr(call.pull, name, call.body[name])
    return 200, pull_json(call, call.pull)


def merge_pull(call: Call) -> Result:
    item, body = call.pull, call.body
    if item.state != "open":
        raise Answer(405, "Pull Request is not mergeable")
    if body["sha"] != item.sha:
        raise Answer(409, "Head branch was modified. Review and try the merge again.")
    if body["merge_method"] not in call.repo.methods:
        raise Answer(405, f"{_SAID[body['merge_method']]} are not allowed on this repository.")
    if call.repo.rules.get(item.base, Rules()).queue:
        raise Answer(405, "Changes must be made through the merge queue")
    if lacking := call.repo.lacking(item):
        raise Answer(405, "\n".join(lacking))
    if call.repo.mergeable(item)[1] != "clean":
        raise Answer(405, "Pull Request is not mergeable")
    sha = call.repo.merge(item, body["merge_method"], body.get("commit_title"), body.get("commit_message"))
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
    call.comment.body, call.comment.updated = call.body["body"], time.time()
    return comment(call)


def drop_comment(call: Call) -> Result:
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
    before = len(call.comment.reactions)
    call.comment.reactions = [each for each in call.comment.reactions if each.id != int(call.words[1])]
    if len(call.comment.reactions) == before:
        raise Answer(404, "Not Found")
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
    ("GET", r"/branches/([^/]+)/protection", protection),
    ("GET", r"/rules/branches/([^/]+)", branch_rules),
    ("GET", r"/collaborators/([^/]+)/permission", permission),
    ("GET", r"/pulls", pulls),
    ("POST", r"/pulls", make_pull),
    ("GET", r"/pulls/(\d+)", lambda call: (200, pull_json(call, call.pull))),
    ("PATCH", r"/pulls/(\d+)", edit_pull),
    ("GET", r"/pulls/(\d+)/files", files),
    ("PUT", r"/pulls/(\d+)/merge", merge_pull),
    ("POST", r"/pulls/(\d+)/requested_reviewers", request_review),
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
