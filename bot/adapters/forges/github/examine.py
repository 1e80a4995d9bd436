"""GitHub as it is set up → findings for `rollbot doctor`, each with its remedy. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from bot.adapters.forges.github.access import AppAccess
from bot.adapters.forges.github.answers import Denied
from bot.adapters.forges.github.client import Client
from bot.adapters.forges.github.gates import Gates, gates
from bot.adapters.forges.github.merging import METHODS
from bot.errors import RollbotError

ACTIONS = "github-actions[bot]"
SKEW = 20.0
"""An App's login is refused when the clock is a minute off."""

RIGHTS = (
    ("contents", "write", "it commits rollbacks and merges them"),
    ("pull_requests", "write", "it opens and closes pull requests"),
    ("issues", "write", "it comments, reacts and labels"),
    ("statuses", "write", "it marks the bad commit"),
    ("checks", "read", "it says which check a merge waits for"),
    ("metadata", "read", "it sees the repository and who may do what"),
)
"""What an App needs, and what for; docs/github.md has the same table."""

OPTIONAL = (("members", "read", "it sees who is in a team, where .rollbot.yaml names teams"),)
_GREATER = {"read": 0, "write": 1, "admin": 2}


@dataclass(frozen=True, slots=True)
class Finding:
    """`state`: `ok`, `note` (works, but know it) or `bad`."""

    check: str
    state: str
    what: str
    way_out: str = ""


def examine(client: Client, branch: str, code_owners: bool) -> Iterator[Finding]:
    """`code_owners`: whether the branch has a CODEOWNERS file. One part that cannot be seen does not hide the others."""
    try:
        repository = client.read(client.at(""))
        login = client.identity().login
    except RollbotError as error:
        yield Finding("github", "bad", str(error), "see docs/github.md: how to log in")
        return
    yield Finding("github", "ok", f"we are {login}; the API is at {client.repository}'s service")
    yield from _skew(client, repository.headers.get("date"))
    yield from _rights(client, repository.body, repository.headers.get("x-oauth-scopes"), login)
    try:
        found = gates(client, branch)
    except RollbotError as error:
        yield Finding("protection", "note", f"cannot be read: {error}")
        found = Gates(blind=True)
    parts: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _protection(found, branch, code_owners),
        lambda: _checks(found, login),
        lambda: _methods(found, repository.body),
        lambda: _deliveries(client),
        lambda: _verdict(client, found, branch, code_owners),
    )
    for part in parts:
        try:
            yield from part()
        except RollbotError as error:
            yield Finding("github", "note", f"not all can be seen: {error}")


def _skew(client: Client, date: str | None) -> Iterator[Finding]:
    if date is None:
        return
    try:
        off = client.timing.now() - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return
    if abs(off) > SKEW:
        way_out = "let this machine take its time from NTP: an App's login is refused when it is a minute off"
        yield Finding("clock", "bad", f"it is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} GitHub's", way_out)
    else:
        yield Finding("clock", "ok", "agrees with GitHub's")


def _rights(client: Client, repository: Any, scopes: str | None, login: str) -> Iterator[Finding]:
    if repository.get("archived") or repository.get("disabled"):
        yield Finding(
            "repository", "bad", "it is archived: nothing can be changed there", "unarchive it, or point ROLLBOT_REPO_URL elsewhere"
        )
    if isinstance(client.access, AppAccess):
        yield from _app(client.access)
        return
    if login == ACTIONS:
        way_out = "use a GitHub App's token (ROLLBOT_GITHUB_APP_ID), whose pull requests start workflows as anybody's"
        yield Finding("token", "note", "this is a workflow's GITHUB_TOKEN: pull requests that it opens start no workflows", way_out)
    elif not (repository.get("permissions") or {}).get("push"):
        yield Finding("token", "bad", f"{login} may not push to {client.repository}", "give it write access, and the token contents: write")
    elif scopes and "repo" not in scopes.split(", ") and "public_repo" not in scopes.split(", "):
        yield Finding("token", "bad", f"its scopes are {scopes}", "a classic token needs the scope `repo`; better: a GitHub App")
    else:
        yield Finding("token", "ok", f"{login} may push to {client.repository}")
        yield Finding("token", "note", "commits by a person's token are not signed", "a GitHub App's are, and its rights are fewer")


def _app(access: AppAccess) -> Iterator[Finding]:
    installation = access.installation()
    if installation.get("suspended_at"):
        yield Finding("app", "bad", "its installation is suspended", "unsuspend it in the organisation's settings, under GitHub Apps")
    given = installation.get("permissions") or {}
    missing = False
    for name, level, why in RIGHTS:
        if _GREATER.get(str(given.get(name)), -1) < _GREATER[level]:
            missing = True
            way_out = f"App settings, Permissions, {name}: {level}; then accept it for the installation"
            yield Finding("app", "bad", f"it lacks {name}: {level} ({why})", way_out)
    if not missing:
        yield Finding("app", "ok", "it has every permission it needs")
    for name, level, why in OPTIONAL:
        if name not in given:
            yield Finding("app", "note", f"it has no {name}: {level} ({why})")
    for name in sorted(set(given) & {"administration", "organization_administration", "secrets", "workflows"}):
        yield Finding("app", "note", f"it has {name}: {given[name]}, which Rollbot never uses", "take it away: least privilege")


def _protection(found: Gates, branch: str, code_owners: bool) -> Iterator[Finding]:
    if found.blind:
        yield Finding("protection", "note", f"{branch} is protected, but how cannot be read", "administration: read lets doctor see it")
    if found.bypassed:
        yield Finding("protection", "note", f"a ruleset of {branch} does not hold for us: what we merge says that it was bypassed")
    if found.locked:
        yield Finding("protection", "bad", f"{branch} is locked: nobody can merge", "unlock it, or let the App bypass the rule")
    if found.restricted:
        yield Finding("protection", "note", f"only some may push to {branch}", "add the App to those who may, or people have to merge")
    if found.owners and code_owners:
        way_out = "a person has to approve each rollback; or let the App bypass the ruleset, or leave the pinned files out of CODEOWNERS"
        yield Finding("code owners", "note", "a code owner has to approve, which no App can", way_out)
    if found.reviews and not (found.owners and code_owners):
        plural = "s" if found.reviews > 1 else ""
        way_out = "a person has to approve each rollback, or let the App bypass the ruleset (for pull requests only)"
        yield Finding("reviews", "note", f"{found.reviews} approving review{plural} needed; our own never counts", way_out)
    if found.strict:
        way_out = "a merge queue does the same without making each rollback wait for one more round of checks"
        yield Finding(
            "protection", "note", "branches have to be up to date: each commit to the target makes a rollback start over", way_out
        )


def _checks(found: Gates, login: str) -> Iterator[Finding]:
    if not found.checks:
        yield Finding("checks", "ok", "no required check")
        return
    names = ", ".join(sorted(found.checks))
    if login == ACTIONS:
        way_out = "use a GitHub App's token: what GITHUB_TOKEN opens starts no workflow, so required checks never report"
        yield Finding("checks", "bad", f"required: {names}; our pull requests will wait for ever", way_out)
    else:
        yield Finding("checks", "ok", f"required: {names}")


def _methods(found: Gates, repository: Any) -> Iterator[Finding]:
    named = {"squash": "allow_squash_merge", "rebase": "allow_rebase_merge", "merge": "allow_merge_commit"}
    allowed = [method for method in METHODS if repository.get(named[method], True)]
    if found.linear:
        allowed = [method for method in allowed if method != "merge"]
    if found.signed:
        allowed = [method for method in allowed if method != "rebase"]
    if allowed:
        yield Finding("merge method", "ok", f"{allowed[0]}, with our message and trailers")
    elif not found.queue:
        yield Finding("merge method", "bad", "the settings and the branch's rules together allow none", "allow squash merging")
    if not repository.get("allow_auto_merge") and (found.checks or found.reviews) and not found.queue:
        way_out = "Settings, General, Allow auto-merge: GitHub then merges the moment it may; without it Rollbot looks once a minute"
        yield Finding("auto-merge", "note", "is off", way_out)
    if found.queue:
        yield Finding("merge queue", "ok", "rollbacks go to its front where the App may jump it, else to its end")


def _deliveries(client: Client) -> Iterator[Finding]:
    try:
        if isinstance(client.access, AppAccess):
            sent = client.access.ask("/app/hook/deliveries?per_page=50")
            codes = [(int(each.get("status_code") or 0), str(each.get("event"))) for each in sent]
        else:
            hooks = [each for each in client.get(client.at("/hooks")) if "/hooks/github" in str((each.get("config") or {}).get("url"))]
            codes = [(int((each.get("last_response") or {}).get("code") or 0), "the last delivery") for each in hooks]
    except Denied:
        yield Finding("webhook", "note", "whether its deliveries arrive cannot be seen", "Settings, Webhooks, Recent Deliveries shows it")
        return
    failed = [(code, event) for code, event in codes if not 200 <= code < 300]
    if failed:
        code, event = failed[0]
        why = f"the newest: {event}, {f'answered {code}' if code else 'no answer'}"
        way_out = "is /hooks/github reachable from GitHub, and ROLLBOT_GITHUB_WEBHOOK_SECRET the App's secret?"
        yield Finding(
            "webhook",
            "bad" if len(failed) * 2 > len(codes) else "note",
            f"{len(failed)} of {len(codes)} deliveries failed ({why})",
            way_out,
        )
    elif codes:
        yield Finding("webhook", "ok", f"the last {len(codes)} deliveries arrived")
    else:
        yield Finding(
            "webhook", "note", "nothing was delivered yet", "point a webhook at /hooks/github (docs/chat.md); the sweep works without"
        )


def _verdict(client: Client, found: Gates, branch: str, code_owners: bool) -> Iterator[Finding]:
    """How long a rollback takes to merge, or whom it needs (F17)."""
    needs = []
    if found.locked:
        needs.append("somebody to unlock the branch")
    if found.owners and code_owners:
        needs.append("a code owner's approval")
    elif found.reviews:
        needs.append(f"{found.reviews} approving review{'s' if found.reviews > 1 else ''}")
    if found.restricted:
        needs.append("somebody who may push, unless the App may")
    if found.blind:
        needs.append("what the protection asks for (it cannot be read)")
    if needs:
        yield Finding("merge", "note", f"a rollback to {branch} needs {' and '.join(needs)}")
    elif not found.checks and not found.queue:
        yield Finding("merge", "ok", f"a rollback to {branch} merges at once")
    else:
        minutes = _minutes(client, branch, set(found.checks))
        how = (
            f"in about {minutes} minute{'s' if minutes != 1 else ''}"
            if minutes
            else "when its checks are green; how long they take is not known"
        )
        yield Finding("merge", "ok", f"a rollback to {branch} merges {how}")


def _minutes(client: Client, branch: str, names: set[str]) -> int | None:
    """How long the required checks took for the last merged pull requests: the middle one, in minutes."""
    took = []
    pulls = client.get(client.at("/pulls"), state="closed", base=branch, sort="updated", direction="desc", per_page=10)
    for pull in [each for each in pulls if each.get("merged_at")][:5]:
        runs = client.get(client.at(f"/commits/{pull['head']['sha']}/check-runs"), per_page=100).get("check_runs", ())
        timed = [each for each in runs if each.get("completed_at") and each.get("started_at") and (not names or each["name"] in names)]
        if timed:
            took.append(max(map(_end, timed)) - min(map(_begin, timed)))
    return max(1, round(sorted(took)[len(took) // 2] / 60)) if took else None


def _begin(run: Any) -> float:
    return datetime.fromisoformat(str(run["started_at"])).timestamp()


def _end(run: Any) -> float:
    return datetime.fromisoformat(str(run["completed_at"])).timestamp()
