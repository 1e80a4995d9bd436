"""What guards a branch, told: the rules of its rulesets to whoever may read, classic protection to administrators only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.github import rights
from tests.github.state import Answer, Rules, Ruleset

if TYPE_CHECKING:
    from tests.github.rest import Call

_QUEUE = {
    "check_response_timeout_minutes": 60,
    "grouping_strategy": "ALLGREEN",
    "max_entries_to_build": 5,
    "max_entries_to_merge": 5,
    "merge_method": "SQUASH",
    "min_entries_to_merge": 1,
    "min_entries_to_merge_wait_minutes": 5,
}


def of_branch(call: Call) -> tuple[int, Any]:
    """Every rule that holds for a branch, whether `me` may get past it or not."""
    return 200, [
        {**rule, "ruleset_source_type": each.source, "ruleset_source": _source(call, each), "ruleset_id": each.number}
        for each in call.repo.rulesets
        if each.branch == call.words[0]
        for rule in _ruled(each.rules)
    ]


def ruleset(call: Call) -> tuple[int, Any]:
    found = next((each for each in call.repo.rulesets if each.number == int(call.words[0])), None)
    if found is None:
        raise Answer(404, "Not Found")
    said = {
        "id": found.number,
        "name": f"guard {found.branch}",
        "target": "branch",
        "source_type": found.source,
        "source": _source(call, found),
        "enforcement": "active",
        "conditions": {"ref_name": {"include": [f"refs/heads/{found.branch}"], "exclude": []}},
        "rules": list(_ruled(found.rules)),
        "current_user_can_bypass": found.bypass.get(call.me, "never"),
    }
    return 200, said


def protection(call: Call) -> tuple[int, Any]:
    """Who does not administer the repository does not learn whether there is any."""
    if not rights.may(call.repo, call.me, "admin"):
        raise Answer(404, "Not Found")
    rules = call.repo.rules.get(call.words[0])
    if rules is None:
        raise Answer(404, "Branch not protected")
    at = f"{call.hub.api}/repos/{call.repo.name}/branches/{call.words[0]}/protection"
    found: dict[str, Any] = {
        "required_signatures": {"enabled": False},
        "enforce_admins": {"url": f"{at}/enforce_admins", "enabled": rules.enforce_admins},
        "required_linear_history": {"enabled": rules.linear},
        "allow_force_pushes": {"enabled": rules.force_pushes},
        "allow_deletions": {"enabled": False},
        "lock_branch": {"enabled": rules.locked},
    }
    if rules.required_checks or rules.strict:
        checks = [{"context": name, "app_id": None} for name in rules.required_checks]
        found["required_status_checks"] = {"strict": rules.strict, "contexts": list(rules.required_checks), "checks": checks}
    if rules.reviews or rules.code_owners:
        found["required_pull_request_reviews"] = {
            "required_approving_review_count": rules.reviews,
            "require_code_owner_reviews": rules.code_owners,
            "dismiss_stale_reviews": rules.dismiss_stale,
        }
    if rules.restricted is not None:
        there = {f"{name}_url": f"{at}/restrictions/{name}" for name in ("users", "teams", "apps")}
        people = [call.user(login) for login in rules.restricted]
        found["restrictions"] = {"url": f"{at}/restrictions", **there, "users": people, "teams": [], "apps": []}
    return 200, found


def _source(call: Call, found: Ruleset) -> str:
    return call.repo.name if found.source == "Repository" else call.repo.name.partition("/")[0]


def _ruled(rules: Rules) -> Iterator[dict[str, Any]]:
    yield from ({"type": kind} for kind in ("deletion", *(() if rules.force_pushes else ("non_fast_forward",))))
    if rules.required_checks or rules.strict:
        checks = [{"context": name} for name in rules.required_checks]
        said = {"strict_required_status_checks_policy": rules.strict, "required_status_checks": checks}
        yield {"type": "required_status_checks", "parameters": said}
    if rules.reviews or rules.code_owners:
        reviews = {
            "required_approving_review_count": rules.reviews,
            "require_code_owner_review": rules.code_owners,
            "dismiss_stale_reviews_on_push": rules.dismiss_stale,
            "require_last_push_approval": False,
            "required_review_thread_resolution": False,
        }
        yield {"type": "pull_request", "parameters": reviews}
    if rules.linear:
        yield {"type": "required_linear_history"}
    if rules.queue:
        yield {"type": "merge_queue", "parameters": _QUEUE}
    if rules.locked or rules.restricted is not None:
        yield {"type": "update", "parameters": {"update_allows_fetch_and_merge": False}}
