"""A plan that begins with a down Job → the commits before and instead of the rollback: the Job goes in, or comes out again."""

from __future__ import annotations

from dataclasses import replace

from bot.changes.body import difference, why
from bot.changes.brief import Brief
from bot.changes.change import Change
from bot.changes.compose import branch_of, labels
from bot.changes.markdown import code, fenced, joined, listed, prose, unlinked
from bot.plans.plan import Down, Plan
from bot.releases.schema import TRAILER

_SUBJECT = 72


def compose_down(plan: Plan, brief: Brief, *, branch: str, incident: str, attempt: int) -> Change:
    """Make the change that has the down Job run; it takes no version back, and says what follows it."""
    down, service = plan.down, plan.services[0]
    assert down is not None  # it is this plan's whole sense
    to = plan.target.version if plan.target else "what was before"
    marker = f"<!-- rollbot:{plan.key(attempt)} -->"
    subject = _cut(f"Run the down Job of {service.name} before it goes back to {to}")
    title = f"Down Job of {service.name} {plan.undone_version}{_span(down)}, then back to {to} ({service.environment})"
    return Change(
        branch=f"{branch_of(plan, attempt)}-down",
        target=branch,
        base=plan.base,
        message=_message(subject, f"The database has to go back before {to} can run on it.", [("Job", down.name), ("Incident", incident)]),
        files=plan.files,
        title=unlinked(title)[:200],
        body=_body(plan, down, brief, marker, subject, to),
        marker=marker,
        labels=labels(plan),
        reviewers=brief.reviewers,
    )


def compose_lift(plan: Plan, reason: str, job: str, *, branch: str, incident: str, attempt: int) -> Change:
    """Make the change that takes the down Job out again: every byte as it was before it."""
    name, service = branch_of(plan, attempt), plan.services[0]
    marker, subject = f"<!-- rollbot:undo:{plan.key(attempt)} -->", _cut(f"Take the down Job of {service.name} out again")
    lines = [marker, f"**{prose(subject)}.** Every byte is as it was before it; the service itself was not changed.", prose(reason)]
    trailers = [("Undo", name), ("Job", job), ("Incident", incident)]
    why_not = "The service stays as it is; what is left is a person's."
    return Change(
        f"{name}-undo", branch, plan.base, _message(subject, why_not, trailers), plan.files, subject, joined(lines), marker, labels(plan)
    )


def with_schema(change: Change, schema: str) -> Change:
    """The rollback's own commit says where the down Job left the database: the annotations that went back do not."""
    return replace(change, message=f"{change.message}{TRAILER}: {schema}\n") if schema else change


def _body(plan: Plan, down: Down, brief: Brief, marker: str, subject: str, to: str) -> str:
    writers = [f"{', '.join(map(code, down.writers))} stand still first, and run again with the rollback."] if down.writers else []
    steps = [
        f"The Job {code(down.name)}, a copy of {code(down.template)}, runs {code(down.image)} by {down.by}{_span(down)}. "
        f"It gets one try and {down.deadline / 60:.0f} minutes.",
        *writers,
        f"Once the cluster says that it succeeded, Rollbot merges the rollback to {code(to)} **without asking again**: "
        "the older version is what the database is made for by then.",
        "Where it fails or does not end, it is taken out of Git again, the service stays on "
        f"{code(plan.undone_version)}, and people are told where the database may be.",
    ]
    ways = [
        "`/rollback approve`, or merging this: run it, and go on as said",
        "`/rollback cancel`, or closing this: do neither",
        "`.rollbot/stop`: a file of that name on the branch stops everything",
    ]
    return joined(
        [
            marker,
            f"**{prose(subject)}.** Merges by itself: never. A person has to approve what changes data.",
            f"### Why\n\n{listed([f'Data: {prose(brief.data.sentence)}', *why(brief, plan)])}",
            f"### What happens\n\n{listed(steps)}",
            difference(plan, brief, sorted(plan.files)),
            f"### To look at\n\n{listed([prose(line) for line in brief.against])}" if brief.against else "",
            "### Stop\n\nAs a comment here:",
            fenced(["/rollback approve"], "text"),
            listed(ways),
        ]
    )


def _span(down: Down) -> str:
    return f": schema {down.came} → {down.leaves}" if down.came and down.leaves else ""


def _message(subject: str, text: str, trailers: list[tuple[str, str]]) -> str:
    said = "".join(f"Rollback-{key}: {' '.join(value.split())}\n" for key, value in trailers)
    return f"{unlinked(subject)}\n\n{unlinked(text)}\n\n{said}"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SUBJECT else f"{line[: _SUBJECT - 1]}…"
