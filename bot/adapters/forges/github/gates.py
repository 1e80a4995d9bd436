"""What a branch asks for before it takes a change: classic protection and rulesets, as far as we may see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.adapters.forges.github.answers import Denied
from bot.adapters.forges.github.client import Client, branch_path


@dataclass(slots=True)
class Gates:
    """`blind`: classic protection is there and may not be read whole. `bypassed`: rulesets hold, but not for us."""

    checks: dict[str, int | None] = field(default_factory=dict)
    """Required checks, each with the App that alone may report it."""
    reviews: int = 0
    owners: bool = False
    strict: bool = False
    signed: bool = False
    linear: bool = False
    queue: bool = False
    locked: bool = False
    conversations: bool = False
    restricted: bool = False
    """Only some people, teams and Apps may push."""
    blind: bool = False
    bypassed: bool = False


def gates(client: Client, branch: str) -> Gates:
    """Raises Unavailable where GitHub does not answer."""
    found = Gates()
    summary = client.get(client.at(f"/branches/{branch_path(branch)}"))
    passes: dict[Any, bool] = {}
    for rule in client.maybe(client.at(f"/rules/branches/{branch_path(branch)}")) or ():
        number = rule.get("ruleset_id")
        if number not in passes:
            passes[number] = _bypass(client, number)
        if passes[number]:
            found.bypassed = True
        else:
            _ruled(found, rule.get("type"), rule.get("parameters") or {})
    classic = summary.get("protection") or {}
    if summary.get("protected") and classic.get("enabled", True):
        try:
            _protected(found, client.get(client.at(f"/branches/{branch_path(branch)}/protection")))
        except Denied:
            found.blind = bool(classic.get("enabled")) or not _any(found)
            for name in (classic.get("required_status_checks") or {}).get("contexts", ()):
                found.checks.setdefault(str(name), None)
    return found


def _any(found: Gates) -> bool:
    return bool(found.checks or found.reviews or found.queue or found.bypassed)


def _ruled(found: Gates, kind: Any, said: Any) -> None:
    match kind:
        case "required_status_checks":
            found.strict = found.strict or bool(said.get("strict_required_status_checks_policy"))
            for check in said.get("required_status_checks", ()):
                found.checks[str(check["context"])] = check.get("integration_id")
        case "pull_request":
            found.reviews = max(found.reviews, int(said.get("required_approving_review_count") or 0))
            found.owners = found.owners or bool(said.get("require_code_owner_review"))
            found.conversations = found.conversations or bool(said.get("required_review_thread_resolution"))
        case "required_signatures":
            found.signed = True
        case "required_linear_history":
            found.linear = True
        case "merge_queue":
            found.queue = True
        case "update":
            found.locked = True
        case _:
            return


def _protected(found: Gates, said: Any) -> None:
    checks = said.get("required_status_checks") or {}
    found.strict = found.strict or bool(checks.get("strict"))
    for name, app in _contexts(checks):
        found.checks.setdefault(name, app)
    reviews = said.get("required_pull_request_reviews") or {}
    found.reviews = max(found.reviews, int(reviews.get("required_approving_review_count") or 0))
    found.owners = found.owners or bool(reviews.get("require_code_owner_reviews"))
    for flag, name in _FLAGS:
        if (said.get(name) or {}).get("enabled"):
            setattr(found, flag, True)
    found.restricted = found.restricted or said.get("restrictions") is not None


_FLAGS = (
    ("signed", "required_signatures"),
    ("linear", "required_linear_history"),
    ("locked", "lock_branch"),
    ("conversations", "required_conversation_resolution"),
)


def _contexts(checks: Any) -> Iterator[tuple[str, int | None]]:
    for check in checks.get("checks", ()):
        yield str(check["context"]), check.get("app_id")
    for name in checks.get("contexts", ()):
        yield str(name), None


def _bypass(client: Client, number: Any) -> bool:
    """Whether a ruleset lets us past it: the repository's own, or one of its organisation, which GitHub tells of here as well."""
    if number is None:
        return False
    try:
        said = client.maybe(client.at(f"/rulesets/{number}"))
    except Denied:
        return False
    return bool(said) and said.get("current_user_can_bypass") in ("always", "pull_requests_only", "exempt")
