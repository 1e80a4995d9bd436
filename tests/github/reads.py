"""What a client of GitHub may also ask for, beyond what Rollbot needs today: read from the same state, and answered whole."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.github import rest, rights, rulesets
from tests.github.asked import asked
from tests.github.rest import Call, Result
from tests.github.shapes import THEN, whole
from tests.github.state import Answer, Item, Unknown, stamp

if TYPE_CHECKING:
    from tests.github.server import FakeGitHub

_TYPES = {"100644": "file", "100755": "file", "120000": "symlink", "160000": "submodule", "040000": "dir"}
_STATUS = {"A": "added", "D": "removed", "M": "modified"}


def answer(hub: FakeGitHub, me: str, verb: str, path: str, query: Mapping[str, str], body: Any) -> Result:
    """What rest.py answers, and else what stands below. Raises Answer."""
    try:
        return rest.answer(hub, me, verb, path, query, body)
    except Unknown:
        if (verb, path) in _ANYWHERE:
            return _ANYWHERE[verb, path](hub, me)
    found = re.fullmatch(r"/repos/([^/]+/[^/]+)(/.*)", path)
    for method, pattern, act in ROUTES if found else ():
        if found and method == verb and (fits := re.fullmatch(pattern, found[2])):
            said = None if verb == "GET" else asked(body)
            repo = hub.repos.get(found[1])
            if repo is None:
                raise Answer(404, "Not Found")
            rights.check(hub, me, repo, verb, found[2])
            return act(Call(hub, me, repo, tuple(unquote(word or "") for word in fits.groups()), query, said))
    raise Unknown


def _rate_limit(hub: FakeGitHub, me: str) -> Result:
    resources = {name: hub.quota.told(me, name) for name in ("core", "graphql", "search")}
    return 200, {"resources": resources, "rate": resources["core"]}


def _meta(hub: FakeGitHub, me: str) -> Result:
    return 200, {"verifiable_password_authentication": False}


_ANYWHERE: Mapping[tuple[str, str], Callable[[FakeGitHub, str], Result]] = {
    ("GET", "/rate_limit"): _rate_limit,
    ("GET", "/meta"): _meta,
}


def _at(call: Call, path: str) -> str:
    return f"{call.hub.api}/repos/{call.repo.name}{path}"


def _html(call: Call, path: str) -> str:
    return f"{call.hub.address}/{call.repo.name}{path}"


# Branches and commits


def branches(call: Call) -> Result:
    found = [
        {
            "name": name,
            "commit": {"sha": sha, "url": _at(call, f"/commits/{sha}")},
            "protected": name in call.repo.rules,
            "protection": {"required_status_checks": {"contexts": list(rules.required_checks), "checks": []}} if rules else {},
            "protection_url": _at(call, f"/branches/{name}/protection"),
        }
        for name, sha in call.repo.heads().items()
        for rules in [call.repo.rules.get(name)]
        if call.query.get("protected") in (None, str(rules is not None).lower())
    ]
    return 200, found


def branch(call: Call) -> Result:
    status, found = rest.branch(call)
    return status, whole("branch", found, _at(call, f"/branches/{call.words[0]}"))


def refs(call: Call) -> Result:
    """Every ref that begins so: of none there is an empty list."""
    heads = {f"heads/{name}": sha for name, sha in call.repo.heads().items()}
    found = [{"ref": f"refs/{name}", "object": {"type": "commit", "sha": sha}} for name, sha in heads.items()]
    return 200, [whole("ref", each, _at(call, f"/git/{each['ref']}")) for each in found if each["ref"][5:].startswith(call.words[0])]


def _sha(call: Call, revision: str) -> str:
    """Raises Answer where there is no such commit."""
    try:
        return call.repo.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip()
    except Answer:
        raise Answer(404, "Not Found") from None


def _commit(call: Call, sha: str) -> dict[str, Any]:
    found: dict[str, Any] = whole("commit", rest.commit_of(call, sha), _at(call, f"/commits/{sha}"))
    return found


def commits(call: Call) -> Result:
    path = [f":(literal){call.query['path']}"] if call.query.get("path") else []
    words = ["--max-count=1000", _sha(call, call.query.get("sha", call.repo.default)), "--", *path]
    return 200, [_commit(call, sha) for sha in call.repo.git("rev-list", *words).split()]


def compare(call: Call) -> Result:
    """Three dots: from where both parted to the second."""
    base, head = (_sha(call, word) for word in call.words)
    try:
        parted = call.repo.git("merge-base", base, head).strip()
    except Answer:
        raise Answer(404, f"No common ancestor between {call.words[0]} and {call.words[1]}.") from None
    ahead, behind = (call.repo.git("rev-list", "--reverse", f"{one}..{other}").split() for one, other in ((base, head), (head, base)))
    how = {(False, False): "identical", (True, False): "ahead", (False, True): "behind", (True, True): "diverged"}
    at = _html(call, f"/compare/{call.words[0]}...{call.words[1]}")
    return 200, {
        "url": _at(call, f"/compare/{call.words[0]}...{call.words[1]}"),
        **{"html_url": at, "permalink_url": at, "diff_url": f"{at}.diff", "patch_url": f"{at}.patch"},
        **{"base_commit": _commit(call, base), "merge_base_commit": _commit(call, parted)},
        "status": how[bool(ahead), bool(behind)],
        **{"ahead_by": len(ahead), "behind_by": len(behind), "total_commits": len(ahead)},
        "commits": [_commit(call, sha) for sha in ahead],
        "files": [_changed(call, row, head) for row in call.repo.git("diff", "--raw", "--no-abbrev", parted, head).splitlines()],
    }


def _changed(call: Call, row: str, head: str) -> dict[str, Any]:
    about, _, path = row.partition("\t")
    _, _, before, after, how = about.split()
    lines = call.repo.git("diff", "--numstat", before, after).split() if "0" * 40 not in (before, after) else ["0", "0"]
    added, removed = (int(word) if word.isdigit() else 0 for word in lines[:2])
    said = {"filename": path, "status": _STATUS.get(how, "changed"), "sha": after if after.strip("0") else before}
    counts = {"additions": added, "deletions": removed, "changes": added + removed}
    return {**whole("file", said, _at(call, f"/contents/{path}")), **counts}


# Files


def contents(call: Call) -> Result:
    path, sha = call.words[0].strip("/"), _sha(call, call.query.get("ref", call.repo.default))
    rows = call.repo.git("ls-tree", "-z", "--full-tree", "--long", sha, path).split("\0")[:-1]
    if not rows:
        raise Answer(404, "Not Found")
    if rows[0].startswith("040000"):
        below = call.repo.git("ls-tree", "-z", "--full-tree", "--long", f"{sha}:{path}").split("\0")[:-1]
        return 200, [_entry(call, row, f"{path}/", sha) for row in below]
    found = _entry(call, rows[0], "", sha)
    text = base64.encodebytes(call.repo.git("cat-file", "blob", found["sha"]).encode()).decode()
    return 200, {**found, "encoding": "base64", "content": text}


def _entry(call: Call, row: str, folder: str, commit: str) -> dict[str, Any]:
    about, _, name = row.partition("\t")
    mode, _, sha, size = about.split()
    path, kind = f"{folder}{name}", _TYPES[mode]
    at = _at(call, f"/contents/{path}?ref={commit}")
    blob = _at(call, f"/git/{'trees' if kind == 'dir' else 'blobs'}/{sha}")
    html = _html(call, f"/{'tree' if kind == 'dir' else 'blob'}/{commit}/{path}")
    links = {"self": at, "git": blob, "html": html}
    said = {"type": kind, "name": path.rpartition("/")[2], "path": path, "sha": sha, "size": int(size) if size.isdigit() else 0}
    raw = None if kind == "dir" else _html(call, f"/raw/{commit}/{path}")
    return {**said, "url": at, "git_url": blob, "html_url": html, "download_url": raw, "_links": links}


def tree(call: Call) -> Result:
    try:
        sha = call.repo.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{call.words[0]}^{{tree}}").strip()
    except Answer:
        raise Answer(404, "Not Found") from None
    words = ["-r", "-t"] if "recursive" in call.query else []
    found = []
    for row in call.repo.git("ls-tree", "-z", "--long", *words, sha).split("\0")[:-1]:
        about, _, path = row.partition("\t")
        mode, kind, blob, size = about.split()
        entry = {"path": path, "mode": mode, "type": kind, "sha": blob, "url": _at(call, f"/git/{kind}s/{blob}")}
        found.append({**entry, **({"size": int(size)} if size.isdigit() else {})})
    return 200, {"sha": sha, "url": _at(call, f"/git/trees/{sha}"), "tree": found, "truncated": False}


# Labels, reviews, webhooks, workflows


def labels(call: Call) -> Result:
    names = dict.fromkeys(label for item in call.repo.items.values() for label in item.labels)
    return 200, [whole("label", {"name": name}, _at(call, f"/labels/{name}")) for name in names]


def reviewed(item: Item) -> list[tuple[int, str, str]]:
    """Each review's number, author and state, oldest first."""
    return [(each.id, each.user, each.state) for each in item.reviews]


def reviews(call: Call) -> Result:
    at = _html(call, f"/pull/{call.pull.number}")
    links = {"html": {"href": at}, "pull_request": {"href": _at(call, f"/pulls/{call.pull.number}")}}
    found = [
        {
            **{"id": number, "node_id": f"N review {number}", "state": state, "body": "", "commit_id": call.pull.sha},
            "user": whole("user", call.user(login), f"{call.hub.api}/users/{login}"),
            **{"html_url": f"{at}#pullrequestreview-{number}", "pull_request_url": links["pull_request"]["href"], "_links": links},
            **{"author_association": "COLLABORATOR", "submitted_at": stamp(call.pull.created)},
        }
        for number, login, state in reviewed(call.pull)
    ]
    return 200, found


def hooks(call: Call) -> Result:
    """The one webhook, where there is a receiver; its secret is never told."""
    sent, at = call.hub.webhooks, _at(call, "/hooks/1")
    if not sent.address:
        return 200, []
    done = [each for each in sent.made if each.posted]
    last = {"code": done[-1].status, "status": "active", "message": "OK"} if done else {"code": None, "status": "unused", "message": None}
    config = {"url": sent.address, "content_type": "json", "insecure_ssl": "0", "secret": "********"}
    said = {"type": "Repository", "id": 1, "name": "web", "active": True, "events": ["*"], "config": config, "last_response": last}
    urls = {"url": at, "test_url": f"{at}/test", "ping_url": f"{at}/pings", "deliveries_url": f"{at}/deliveries"}
    return 200, [{**said, **urls, "created_at": THEN, "updated_at": THEN}]


def deliveries(call: Call) -> Result:
    """What became of each delivery, newest first."""
    if call.words[0] != "1" or not call.hub.webhooks.address:
        raise Answer(404, "Not Found")
    of_this = [each for each in call.hub.webhooks.made if each.posted and each.payload["repository"]["full_name"] == call.repo.name]
    found = [
        {
            **{"id": number, "guid": each.id, "delivered_at": THEN, "redelivery": False, "duration": 0.1, "status_code": each.status},
            **{"status": "OK" if 200 <= each.status < 300 else "Invalid HTTP Response", "event": each.event},
            **{"action": each.payload.get("action"), "installation_id": None, "repository_id": each.payload["repository"]["id"]},
        }
        for number, each in enumerate(of_this, 1)
    ]
    return 200, found[::-1]


def dispatch(call: Call) -> Result:
    """Start a workflow by hand: it must be there, on a branch that is."""
    ref, name = str(call.body["ref"]).removeprefix("refs/heads/"), call.words[0]
    head = call.repo.head(ref)
    if head is None:
        raise Answer(422, f"No ref found for: {ref}")
    try:
        call.repo.git("cat-file", "-e", f"{head}:.github/workflows/{name}")
    except Answer:
        raise Answer(404, "Not Found") from None
    call.hub.dispatched.append((call.repo.name, name, ref, dict(call.body.get("inputs") or {})))
    return 204, None


ROUTES: tuple[tuple[str, str, Callable[[Call], Result]], ...] = (
    ("GET", r"/branches", branches),
    ("GET", r"/branches/(.+)/protection", rulesets.protection),
    ("GET", r"/branches/(.+)", branch),
    ("GET", r"/git/matching-refs/(.*)", refs),
    ("GET", r"/commits", commits),
    ("GET", r"/compare/(.+)\.\.\.(.+)", compare),
    ("GET", r"/contents/(.+)", contents),
    ("GET", r"/git/trees/([^/]+)", tree),
    ("GET", r"/labels", labels),
    ("GET", r"/pulls/(\d+)/reviews", reviews),
    ("GET", r"/hooks", hooks),
    ("GET", r"/hooks/(\d+)/deliveries", deliveries),
    ("POST", r"/actions/workflows/([^/]+)/dispatches", dispatch),
)
