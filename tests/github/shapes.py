"""The rest of what GitHub says: the fields that Rollbot does not read, so that an answer has the shape that GitHub describes.

What the fake keeps is said by rest.py; this adds to it by the answer's kind and never changes it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

THEN = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class Shape:
    """`links`: fields named …_url; `rest`: what is always the same; `parts`: the kinds of fields that are things themselves."""

    links: str = ""
    rest: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    ids: tuple[str, ...] = ("id", "node_id")


def whole(kind: str, said: Any, where: str) -> Any:
    """`where`: the address of the thing, from which its other addresses are made."""
    if isinstance(said, list):
        return [whole(kind, each, where) for each in said]
    if not isinstance(said, dict) or kind not in SHAPES:
        return said
    shape = SHAPES[kind]
    found: dict[str, Any] = {f"{name}_url": f"{where}/{name}" for name in shape.links.split()}
    number = zlib.crc32(f"{where} {said.get('name') or said.get('number') or ''}".encode())
    found |= {name: number if name == "id" else f"N {kind} {number}" for name in shape.ids}
    if "url" not in shape.rest:
        found["url"] = where
    found |= {name: value for name, value in shape.rest.items() if value is not ABSENT}
    found |= said
    for name, inner in shape.parts.items():
        if name in found:
            found[name] = whole(inner, found[name], f"{where}/{name}")
    return found


ABSENT = object()
"""Of a thing without an address of its own."""
_PERSON = "avatar events followers following gists html organizations received_events repos starred subscriptions"
_REPO = (
    "archive assignees blobs branches collaborators comments commits compare contents contributors deployments downloads events forks "
    "git_commits git_refs git_tags hooks html issue_comment issue_events issues keys labels languages merges milestones notifications "
    "pulls releases stargazers statuses subscribers subscription tags teams trees clone git ssh svn mirror"
)
_COUNTS = ("forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count", "watchers", "watchers_count")
_SWITCHES = ("fork", "has_pages", "has_discussions", "archived", "disabled")
_DATES = {"created_at": THEN, "updated_at": THEN}
_REPOSITORY: dict[str, Any] = {
    "name": "repository",
    "description": None,
    "homepage": None,
    "language": None,
    "license": None,
    "pushed_at": THEN,
    "private": True,
    "default_branch": "main",
    "owner": {"login": "acme", "id": 1, "type": "Organization"},
    "has_downloads": True,
    "has_issues": True,
    "has_projects": True,
    "has_wiki": True,
    **dict.fromkeys(_COUNTS, 0),
    **dict.fromkeys(_SWITCHES, False),
    **_DATES,
}
_BESIDE = "comments commits diff html issue patch review_comment review_comments statuses"
_LINKS = ("comments", "commits", "statuses", "html", "issue", "review_comments", "review_comment", "self")
_PULL: dict[str, Any] = {
    "_links": {name: {"href": f"https://github.example/{name}"} for name in _LINKS},
    "assignee": None,
    "closed_at": None,
    "milestone": None,
    "locked": False,
    "author_association": "COLLABORATOR",
}
_SIZES = ("additions", "changed_files", "comments", "commits", "deletions", "review_comments")
_PULL_PARTS = {
    "user": "user",
    "head": "side",
    "base": "side",
    "labels": "label",
    "requested_reviewers": "user",
    "auto_merge": "auto merge",
}
_VERIFICATION = {"verified": False, "reason": "unsigned", "signature": None, "payload": None, "verified_at": None}
_PARENTS = {"tree": "tree of commit", "parents": "parent", "author": "signature", "committer": "signature"}
_APP = {
    "owner": {"login": "acme", "id": 1, "type": "Organization"},
    "name": "app",
    "description": None,
    "external_url": "https://app.example",
    "events": [],
    **_DATES,
}
_INSTALLED = {
    "app_id": 1,
    "app_slug": "app",
    "target_id": 1,
    "target_type": "Organization",
    "single_file_name": None,
    "repository_selection": "selected",
    "events": [],
    "account": {"login": "acme", "id": 1, "type": "Organization"},
    "suspended_by": None,
    **_DATES,
}
_ORGANISATION = {
    "login": "acme",
    "description": None,
    "has_organization_projects": True,
    "has_repository_projects": True,
    **dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0),
    "type": "Organization",
    "archived_at": None,
    **_DATES,
}
_OF_USER = {
    **dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location", "name")),
    **dict.fromkeys(("followers", "following", "public_gists", "public_repos"), 0),
    "gravatar_id": "",
    "site_admin": False,
    **_DATES,
}
_NAMELESS: dict[str, Any] = {"url": ABSENT}
_FACES = ("total_count", "+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
_DELIVERY = {
    **_NAMELESS,
    "guid": "0b989ba4-242f-11e5-81e1-c7b6966d2516",
    "delivered_at": THEN,
    "redelivery": False,
    "duration": 0.1,
    "status": "OK",
    "action": None,
    "installation_id": 1,
    "repository_id": 1,
}

_OF_REVIEW = {"_links": {"html": {"href": ""}, "pull_request": {"href": ""}}, "author_association": "COLLABORATOR"}
_REACTIONS = {"url": "https://github.example/reactions", **dict.fromkeys(_FACES, 0)}
_ISSUE_OF_EVENT = {
    **dict.fromkeys(("assignee", "milestone", "closed_at", "active_lock_reason")),
    "assignees": [],
    "comments": 1,
    "locked": False,
    "author_association": "COLLABORATOR",
    "reactions": _REACTIONS,
}
_REPOSITORY_OF_EVENT = {
    **_REPOSITORY,
    "is_template": False,
    "web_commit_signoff_required": False,
    "topics": [],
    "visibility": "private",
    "custom_properties": {},
}

SHAPES: dict[str, Shape] = {
    "user": Shape(_PERSON, {"gravatar_id": "", "site_admin": False}),
    "account": Shape(_PERSON, _OF_USER),
    "repository": Shape(_REPO, _REPOSITORY, {"owner": "user"}),
    "whole repository": Shape(_REPO, {**_REPOSITORY, "network_count": 0, "subscribers_count": 0}, {"owner": "user"}),
    "side": Shape(
        "",
        {**_NAMELESS, "label": "acme:branch", "user": {"login": "acme", "id": 1, "type": "Organization"}},
        {"repo": "repository", "user": "user"},
        ids=(),
    ),
    "auto merge": Shape("", {**_NAMELESS, "commit_title": "", "commit_message": ""}, {"enabled_by": "user"}, ids=()),
    "pull": Shape(_BESIDE, _PULL, _PULL_PARTS),
    "whole pull": Shape(
        _BESIDE,
        {**_PULL, **dict.fromkeys(_SIZES, 0), "maintainer_can_modify": False, "merged_by": None},
        {**_PULL_PARTS, "merged_by": "user"},
    ),
    "label": Shape("", {"description": "", "color": "ededed", "default": False}),
    "issue": Shape(
        "comments events html labels repository",
        {"assignee": None, "closed_at": None, "comments": 0, "milestone": None, "locked": False, **_DATES},
        {"user": "user", "labels": "label", "pull_request": "pull of issue"},
    ),
    "issue event": Shape("", {"commit_id": None, "commit_url": None, "performed_via_github_app": None}, {"actor": "user"}),
    "pull of issue": Shape("diff html patch", ids=()),
    "comment": Shape("html issue", {}, {"user": "user"}),
    "reaction": Shape("", {**_NAMELESS, "created_at": THEN}, {"user": "user"}),
    "ref": Shape("", {}, {"object": "object"}, ids=("node_id",)),
    "object": Shape(ids=()),
    "blob": Shape(ids=()),
    "made tree": Shape("", {"tree": [], "truncated": False}, ids=()),
    "tree of commit": Shape(ids=()),
    "parent": Shape("html", ids=()),
    "signature": Shape("", _NAMELESS, ids=()),
    "git commit": Shape("html", {"verification": _VERIFICATION}, _PARENTS, ids=("node_id",)),
    "commit": Shape(
        "html comments",
        {},
        {"commit": "commit of commit", "author": "user", "committer": "user", "parents": "parent"},
        ids=("node_id",),
    ),
    "commit of commit": Shape("", {"comment_count": 0, "verification": _VERIFICATION}, {"tree": "tree of commit"}, ids=()),
    "combined status": Shape(
        "commit",
        {"state": "success", "total_count": 0, "repository": {}},
        {"statuses": "status", "repository": "repository"},
        ids=(),
    ),
    "status": Shape("avatar", _DATES),
    "made status": Shape("avatar", {**_DATES, "creator": None}, {"creator": "user"}),
    "check runs": Shape("", _NAMELESS, {"check_runs": "check run"}, ids=()),
    "check run": Shape(
        "html details",
        {
            "head_sha": "0" * 40,
            "started_at": None,
            "completed_at": None,
            "external_id": None,
            "check_suite": None,
            "output": {"title": None, "summary": None, "text": None, "annotations_count": 0, "annotations_url": ""},
            "app": None,
            "pull_requests": [],
        },
    ),
    "branch": Shape("protection", {**_NAMELESS, "_links": {"html": "", "self": ""}}, {"commit": "commit"}, ids=()),
    "protection": Shape(
        "", {}, {"required_signatures": "switch", "required_status_checks": "checks", "required_pull_request_reviews": "switch"}, ids=()
    ),
    "switch": Shape(ids=()),
    "checks": Shape("contexts", ids=()),
    "delivery": Shape("", _DELIVERY, ids=("id",)),
    "permission": Shape("", _NAMELESS, {"user": "collaborator"}, ids=()),
    "collaborator": Shape(_PERSON, {"gravatar_id": "", "site_admin": False, "role_name": "read"}),
    "review": Shape("html", {**_NAMELESS, **_OF_REVIEW}, {"user": "user"}, ids=("node_id",)),
    "file": Shape("blob contents raw", {**_NAMELESS, "additions": 0, "changes": 0, "deletions": 0}, ids=()),
    "team": Shape(
        "members html repositories",
        {
            "description": None,
            "permission": "pull",
            "type": "organization",
            "members_count": 1,
            "repos_count": 1,
            **_DATES,
            "organization": _ORGANISATION,
        },
        {"organization": "organisation"},
    ),
    "organisation": Shape("repos events hooks issues members public_members avatar html"),
    "app": Shape("html", {**_NAMELESS, **_APP}, {"owner": "user"}),
    "installation": Shape("access_tokens html repositories", {**_NAMELESS, **_INSTALLED}, {"account": "user"}, ids=("id",)),
    "issue of event": Shape(
        "comments events html labels repository", _ISSUE_OF_EVENT, {"user": "user", "labels": "label", "pull_request": "pull of issue"}
    ),
    "comment of event": Shape(
        "html issue",
        {"author_association": "COLLABORATOR", "performed_via_github_app": None, "reactions": _REACTIONS},
        {"user": "user"},
    ),
    "repository of event": Shape(_REPO, _REPOSITORY_OF_EVENT, {"owner": "user"}),
}
