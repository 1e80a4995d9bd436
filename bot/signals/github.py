"""GitHub's webhooks → commands, hints that something changed, deployments that failed, or nothing, with the reason.

https://docs.github.com/en/webhooks/webhook-events-and-payloads. What we do not read of a payload may be anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from bot.errors import Refused
from bot.refs import Instant
from bot.signals.chat import read
from bot.signals.lines import LONGEST_COMMENT
from bot.signals.payload import event as made
from bot.signals.payload import instant
from bot.signals.signal import Alert, ChangeEvent, Command, Ignored, Thread

SOURCE = "github"
MOST = 100
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_QUEUED = re.compile(r"/pr-(\d{1,9})-[0-9a-f]{40}")
_HEADS = "refs/heads/"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

Short = Annotated[str, StringConstraints(max_length=1000)]
Login = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}(?:\[bot\])?$")]
FullName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}/[A-Za-z0-9._-]{1,100}$")]
Number = Annotated[int, Field(ge=1, le=2**53)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Account(_Part):
    login: Login
    id: Number
    type: Short | None = None


class _Repository(_Part):
    full_name: FullName


class _Comment(_Part):
    id: Number
    body: Annotated[str, BeforeValidator(lambda value: value[:LONGEST_COMMENT] if isinstance(value, str) else value)] | None = None
    user: _Account | None = None
    html_url: Short | None = None
    performed_via_github_app: dict[str, Any] | None = None


class _Numbered(_Part):
    number: Number


class _Tip(_Part):
    ref: Short | None = None
    sha: Short | None = None


class _Pull(_Numbered):
    head: _Tip | None = None
    merge_commit_sha: Short | None = None


class _Payload(_Part):
    """What every event may say of itself."""

    action: Short | None = None
    repository: _Repository | None = None


class _IssueComment(_Payload):
    repository: _Repository
    issue: _Numbered
    comment: _Comment


class _PullRequest(_Payload):
    repository: _Repository
    pull_request: _Pull


class _Push(_Payload):
    repository: _Repository
    ref: Short
    after: Short | None = None


class _Run(_Part):
    """A check run, check suite or workflow run."""

    head_sha: Short | None = None
    head_branch: Short | None = None
    pull_requests: list[_Numbered] | None = None
    check_suite: _Run | None = None


class _Status(_Payload):
    repository: _Repository
    sha: Short


class _Group(_Part):
    head_sha: Short | None = None
    head_ref: Short | None = None


class _Deployment(_Part):
    id: Number | None = None
    sha: Short | None = None
    ref: Short | None = None
    environment: Short | None = None


class _Stage(_Part):
    state: Short | None = None
    description: Short | None = None
    environment: Short | None = None
    target_url: Short | None = None
    created_at: datetime | None = None


class _Runs(_Payload):
    repository: _Repository
    check_run: _Run | None = None
    check_suite: _Run | None = None
    workflow_run: _Run | None = None


class _MergeGroup(_Payload):
    repository: _Repository
    merge_group: _Group


class _DeploymentStatus(_Payload):
    repository: _Repository
    deployment: _Deployment
    deployment_status: _Stage | None = None


Heard = Command | ChangeEvent | Ignored | tuple[Alert | ChangeEvent, ...]


def parse(body: bytes, received_at: Instant, event: str) -> tuple[Command | ChangeEvent | Alert, ...] | Ignored:
    """Read the payload of one event. Raises Refused for what is no such payload, saying where it differs."""
    row = _EVENTS.get(event)
    try:
        if row is None:
            _Payload.model_validate_json(body)
            return Ignored(_LEFT_ALONE.get(event, f"{event} is not followed"))
        model, hear = row
        found = hear(model.model_validate_json(body), event, received_at)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise Refused(f"not a payload of GitHub's {event or 'webhooks'}: {where}: {first['msg']}") from error
    return found if isinstance(found, Ignored | tuple) else (found,)


def about(body: bytes) -> str | None:
    """Name the repository that a payload is about; None where it is about none. Raises Refused."""
    try:
        found = _Payload.model_validate_json(body).repository
    except ValidationError as error:
        raise Refused("not a payload of GitHub's webhooks") from error
    return found.full_name if found else None


def _commented(payload: _IssueComment, event: str, at: Instant) -> Heard:
    comment, author = payload.comment, payload.comment.user
    if payload.action != "created":
        return Ignored(f"a comment was {payload.action or 'touched'}; only new ones are read")
    if author is None or author.type != "User" or author.login.endswith("[bot]"):
        return Ignored("the comment is not by a person")
    if comment.performed_via_github_app:
        return Ignored("the comment was made by an App in a person's name")
    text = comment.body or ""
    if read(text) is None:
        return Ignored("the comment is no command")
    thread = Thread(payload.repository.full_name, payload.issue.number)
    key = f"{SOURCE}:{thread.repository.lower()}:{comment.id}"
    url = comment.html_url if (comment.html_url or "").startswith(("https://", "http://")) else None
    return Command(key, at, author.login, author.id, thread, comment.id, _CONTROL.sub("\ufffd", text), url)


def _pulled(payload: _PullRequest, event: str, at: Instant) -> Heard:
    pull = payload.pull_request
    head = pull.head or _Tip()
    return _changed(f"{event} {payload.action or ''}".strip(), at, [head.ref], [head.sha, pull.merge_commit_sha], [pull.number])


def _pushed(payload: _Push, event: str, at: Instant) -> Heard:
    if not payload.ref.startswith(_HEADS):
        return Ignored("no branch was pushed")
    return _changed(event, at, [payload.ref.removeprefix(_HEADS)], [payload.after], [])


def _ran(payload: _Runs, event: str, at: Instant) -> Heard:
    run = payload.check_run or payload.check_suite or payload.workflow_run or _Run()
    branch = run.head_branch or (run.check_suite.head_branch if run.check_suite else None)
    return _changed(
        f"{event} {payload.action or ''}".strip(), at, [branch], [run.head_sha], [pull.number for pull in run.pull_requests or ()]
    )


def _stated(payload: _Status, event: str, at: Instant) -> Heard:
    return _changed(event, at, [], [payload.sha], [])


def _queued(payload: _MergeGroup, event: str, at: Instant) -> Heard:
    ref = payload.merge_group.head_ref or ""
    pulls = [int(number) for number in _QUEUED.findall(ref)]
    return _changed(f"{event} {payload.action or ''}".strip(), at, [ref.removeprefix(_HEADS)], [payload.merge_group.head_sha], pulls)


def _deployed(payload: _DeploymentStatus, event: str, at: Instant) -> Heard:
    """A deployment that failed is evidence, whichever repository its commit is of: a service whose tag is that commit is found by it."""
    deployment, stage = payload.deployment, payload.deployment_status or _Stage()
    hint = _changed(event, at, [deployment.ref], [deployment.sha], [])
    hints = () if isinstance(hint, Ignored) else (hint,)
    state = (stage.state or "").lower()
    if state not in ("failure", "error", "success"):
        return hints or hint
    environment = stage.environment or deployment.environment or ""
    told = made(
        SOURCE,
        "DeploymentFailed" if state != "success" else "DeploymentSucceeded",
        firing=state != "success",
        about=("deployment", payload.repository.full_name.lower(), environment),
        which=(str(deployment.id),) if state != "success" else (),
        at=instant(stage.created_at),
        received_at=at,
        labels={
            "env": environment,
            "revision": deployment.sha,
            "app": payload.repository.full_name.rpartition("/")[2],
            "repository": payload.repository.full_name,
        },
        severity="error" if state != "success" else "",
        summary=stage.description or "",
        link=stage.target_url,
    )
    return (told, *hints)


def _changed(what: str, at: Instant, branches: list[str | None], commits: list[str | None], pulls: list[int]) -> ChangeEvent | Ignored:
    named = tuple(branch for branch in branches if branch)
    shas = tuple(sha for sha in commits if sha and _COMMIT.fullmatch(sha) and set(sha) != {"0"})
    if not (named or shas or pulls):
        return Ignored(f"{what} names no branch, commit or pull request")
    key = f"{SOURCE}:{what}:{'|'.join((*named, *shas, *map(str, pulls[:MOST])))}"
    return ChangeEvent(key, at, what, named, shas, tuple(pulls[:MOST]))


_EVENTS: Mapping[str, tuple[type[_Payload], Callable[[Any, str, Instant], Heard]]] = {
    "issue_comment": (_IssueComment, _commented),
    "pull_request": (_PullRequest, _pulled),
    "push": (_Push, _pushed),
    "check_run": (_Runs, _ran),
    "check_suite": (_Runs, _ran),
    "workflow_run": (_Runs, _ran),
    "status": (_Status, _stated),
    "merge_group": (_MergeGroup, _queued),
    "deployment_status": (_DeploymentStatus, _deployed),
}
_LEFT_ALONE: Mapping[str, str] = {
    "ping": "GitHub asks whether we are here: yes",
    "installation": "an installation changed; who may do what is asked when it matters",
    "installation_repositories": "an installation changed; which repositories are watched is said by ROLLBOT_REPO_URL",
}
