"""Reviews of a pull request: who approved it, or asked for changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.github.state import Answer, Item, Repo, Review

if TYPE_CHECKING:
    from tests.github.rest import Call

_STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def review(repo: Repo, item: Item, login: str, event: str, body: str = "") -> Review:
    """Nobody reviews his own. Raises Answer."""
    if event not in _STATES:
        raise Answer(422, "Unprocessable Entity", ["Variable $event of type PullRequestReviewEvent was provided invalid value"])
    if item.user == login and event != "COMMENT":
        how = "approve" if event == "APPROVE" else "request changes on"
        raise Answer(422, "Unprocessable Entity", [f"Can not {how} your own pull request"])
    item.reviews.append(Review(repo.next_id(), login, _STATES[event], item.sha, body))
    return item.reviews[-1]


def make(call: Call) -> tuple[int, Any]:
    made = review(call.repo, call.pull, call.me, call.body["event"], call.body.get("body") or "")
    at = f"{call.hub.api}/repos/{call.repo.name}/pulls/{call.pull.number}"
    said = {
        "id": made.id,
        "user": call.user(made.user),
        "body": made.body,
        "state": made.state,
        "commit_id": made.sha,
        "pull_request_url": at,
    }
    return 200, said
