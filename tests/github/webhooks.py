"""What GitHub's webhooks say: payloads of what the fake keeps, in the shape that GitHub describes, and the judging of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from json import loads
from typing import TYPE_CHECKING, Any

from jsonschema import Draft7Validator

from tests.github.packages import package
from tests.github.shapes import whole
from tests.github.state import Comment, stamp

if TYPE_CHECKING:
    from tests.github.server import FakeGitHub


def issue_comment(hub: FakeGitHub, name: str, said: Comment, action: str = "created") -> dict[str, Any]:
    """The event of a comment, on an issue or a pull request, as it is now."""
    item, at = hub.repos[name].items[said.number], f"{hub.api}/repos/{name}/issues/{said.number}"
    issue = {
        "number": item.number,
        "title": item.title,
        "state": item.state,
        "body": item.body,
        "user": hub.account(item.user),
        "labels": [{"name": label} for label in item.labels],
        "created_at": stamp(item.created),
        "updated_at": stamp(said.updated),
        **({"pull_request": {"html_url": f"{hub.address}/{name}/pull/{item.number}"}, "draft": item.draft} if item.head else {}),
    }
    comment = {
        "id": said.id,
        "body": said.body,
        "user": hub.account(said.user),
        "created_at": stamp(said.created),
        "updated_at": stamp(said.updated),
        "html_url": f"{hub.address}/{name}/issues/{said.number}#issuecomment-{said.id}",
        "issue_url": at,
    }
    return {
        "action": action,
        **({"changes": {"body": {"from": said.body}}} if action == "edited" else {}),
        "issue": whole("issue of event", issue, at),
        "comment": whole("comment of event", comment, f"{hub.api}/repos/{name}/issues/comments/{said.id}"),
        "repository": whole("repository of event", {"full_name": name, "name": name.partition("/")[2]}, f"{hub.api}/repos/{name}"),
        "sender": whole("user", hub.account(said.user), f"{hub.api}/users/{said.user}"),
    }


def differs(event: str, payload: Any) -> Iterator[str]:
    """How a payload differs from GitHub's schema of the event; of an action's own schema where there is one. Raises Unobtainable."""
    known = _described()
    action = f"{event}${payload.get('action')}" if isinstance(payload, dict) else event
    name = action if action in known else f"{event}_event" if f"{event}_event" in known else f"{event}$event"
    if name not in known:
        yield "GitHub has no such event"
        return
    for error in Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": known}).iter_errors(payload):
        yield f"{'.'.join(map(str, error.absolute_path)) or 'it'}: {error.message[:200]}"


@cache
def _described() -> dict[str, Any]:
    found: dict[str, Any] = loads((package("webhooks-schemas") / "schema.json").read_text())["definitions"]
    return found
