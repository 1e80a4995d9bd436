"""A plan and its brief → what the pull request says: first the decision, then one screen, the rest folded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.changes.brief import Accused, Brief
from bot.changes.diff import unified
from bot.changes.markdown import code, fenced, folded, joined, listed, prose
from bot.changes.mermaid import chart, timeline
from bot.changes.moments import utc
from bot.plans.plan import Plan, Target
from bot.plans.targets import spoken
from bot.quarantine import FOLDER

_DIFF_LINES = 120
_DIFF_WIDTH = 300
_OPEN_DIFF = 30
"""A diff no longer than this is not folded."""


def body(plan: Plan, brief: Brief, marker: str, subject: str) -> str:
    """Tell all of it, what has to be seen at once first, and no more than a forge takes; `subject` is the decision in a few words."""
    return joined(
        [
            marker,
            f"**{prose(subject)}** {_merging(brief)}",
            _section("Why", why(brief, plan)),
            _section("What changes", _changes(plan, brief)),
            _differing(plan, brief),
            _section("To look at", [prose(line) for line in brief.against or tuple(str(each) for each in plan.objections)]),
            _stopping(brief),
            _section("What happens next", _next(brief)),
            _drawn(timeline(brief, ", ".join(sorted({each.name for each in plan.services})[:3]), plan.undone_version)),
            *_folds(plan, brief),
        ]
    )


def undo_body(plan: Plan, brief: Brief, marker: str, subject: str) -> str:
    """Tell of the undo of a rollback."""
    return joined(
        [
            marker,
            f"**{prose(subject)}** {_merging(brief)}",
            _section("Why", [prose(brief.reason)]),
            _section("What changes", ["Every byte that the rollback changed is as it was before, and its quarantine is lifted."]),
            _differing(plan, brief),
            _section("To look at", [prose(line) for line in brief.against]),
            _section(
                "What happens next",
                ["Rollbot waits until the cluster has applied it; where an alert still fires, the next suspect follows."],
            ),
            _stopping(brief, undoing=True),
        ]
    )


def why(brief: Brief, plan: Plan) -> list[str]:
    """The evidence, each line of it Markdown: alerts, onset, suspects with how sure, and that it may be none of them."""
    said = "" if brief.reason == f"asked for by {brief.asked_by}" else f": {prose(brief.reason)}"
    lines = [f"Asked for by {code(brief.asked_by)}{said}"] if brief.asked_by else []
    for alert in brief.alerts[:5]:
        told = f": {prose(alert.summary)}" if alert.summary else ""
        lines.append(f"Alert {code(alert.name)}{f' ({prose(alert.severity)})' if alert.severity else ''} since {utc(alert.started)}{told}")
    if not brief.asked_by and not brief.alerts:
        lines.append(prose(brief.reason))
    if brief.onset is not None:
        began, ended = utc(brief.onset.earliest), utc(brief.onset.latest)
        when = began if began == ended else f"between {began} and {ended}"
        lines.append(f"The symptom began {when}: {prose(brief.onset.why)}")
    lines += [f"{'Suspect' if each.commit == plan.undone else 'Also suspected'}: {accused(each)}" for each in brief.suspects[:3]]
    if brief.suspects:
        lines.append(_none(brief))
    elif plan.undone and brief.released is not None:
        lines.append(f"What goes back is {code(plan.undone_version)} (commit {code(plan.undone[:12])}), released {utc(brief.released)}")
    return lines


def accused(each: Accused) -> str:
    """A release that was looked at, and how sure we are of it."""
    released = f", released {utc(each.released)}" if each.released is not None else ""
    doubt = "" if each.sure else "; not certain"
    sure = doubt if each.chance is None else f"; probability {each.chance:.0%}"
    return f"{code(each.version)} (commit {code(each.commit[:12])}){released}: {prose(each.why)}{sure}"


def difference(plan: Plan, brief: Brief, paths: Iterable[str]) -> str:
    """The bytes that the commit changes in some of its files, secret values masked; beyond a cap it says how much more there is."""
    written = plan.written()
    lines = [_shown(line) for path in paths if path in brief.before for line in unified(path, brief.before[path], written[path])]
    if not lines:
        return ""
    more = [f"… and {len(lines) - _DIFF_LINES} more lines"] if len(lines) > _DIFF_LINES else []
    return fenced([*lines[:_DIFF_LINES], *more], "diff")


def _differing(plan: Plan, brief: Brief) -> str:
    diff = difference(plan, brief, sorted(plan.files, key=lambda path: (path.startswith(f"{FOLDER}/"), path)))
    return diff if diff.count("\n") <= _OPEN_DIFF else folded("The exact difference", diff)


def _shown(line: str) -> str:
    text = line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text if len(text) <= _DIFF_WIDTH else f"{text[:_DIFF_WIDTH]}… ({len(text)} characters)"


def _merging(brief: Brief) -> str:
    return f"Merges by itself: {'yes' if brief.merging.alone else 'no'}, because {prose(brief.merging.why)}."


def _none(brief: Brief) -> str:
    if brief.none is not None:
        return f"None of them: probability {brief.none:.0%}. {prose(brief.thresholds)}".rstrip()
    lacking = f" ({prose(brief.lacking)})" if brief.lacking else ""
    unsaid = f"No probability was worked out{lacking}"
    return f"None of them: not ruled out. {unsaid}; whether the rollback helps is the test, and it is undone if not"


def _drawn(diagram: str) -> str:
    return fenced(diagram.splitlines(), "mermaid") if diagram else ""


def _changes(plan: Plan, brief: Brief) -> list[str]:
    edits = [f"{code(f'{e.path}:{e.line}')} {code(e.yaml_path)}: {code(e.before)} → {code(e.after)}" for e in plan.edits]
    lines = [f"{code(m.path)}: +{m.added} −{m.removed} lines that came with the release" for m in plan.merged]
    kept = [f"{code(q.path)}: keeps the bad release out until {utc(q.expires)}" for q in plan.quarantine[:5]]
    return [*edits, *lines, *kept, f"Data compatibility: {prose(brief.data.sentence)}"]


def _next(brief: Brief) -> list[str]:
    steps = [
        "After the merge Rollbot waits until the cluster has applied it, then whether the symptom ends. "
        + ("What a person asked for is not undone." if brief.asked_by else "If it does not help, it is undone and the next suspect tried."),
    ]
    if brief.culprit is not None:
        steps.append(f"Pull request #{brief.culprit}, which released it, is told what happened and how to land it again.")
    if brief.expires is not None:
        steps.append(f"The bad release is kept out until {utc(brief.expires)}; `/rollback allow VERSION` lets it back earlier.")
    return steps


def _stopping(brief: Brief, undoing: bool = False) -> str:
    """An undo is not undone: a rollback is taken back at most once."""
    first = "/rollback cancel" if brief.merging.alone else "/rollback approve"
    ways = [
        "`/rollback approve`: merge it, as it stands now",
        "`/rollback cancel`, or close this pull request: do not; it is not proposed again by the next alert",
        *([] if undoing else ["`/rollback undo`: after the merge, restore every byte"]),
        "`.rollbot/stop`: a file of that name on the branch stops everything",
    ]
    return "\n\n".join(["### Stop" if undoing else "### Stop or undo", "As a comment here:", fenced([first], "text"), listed(ways)])


def _folds(plan: Plan, brief: Brief) -> list[str]:
    folds = []
    if brief.weighed:
        folds.append(folded("How likely each is, and what speaks for and against it", listed([prose(line) for line in brief.weighed], 10)))
    if brief.cleared:
        folds.append(folded("Not suspected, and why", listed([accused(each) for each in brief.cleared], 10)))
    others = [other for other in plan.alternatives if plan.target is None or other.version != plan.target.version]
    if plan.target is not None:
        chosen = f"{_alternative(plan.target)} (chosen)"
        folds.append(folded("Where else it could go back to", listed([chosen, *(_alternative(other) for other in others)], 10)))
    if diff := difference(plan, brief, sorted(plan.written().keys() - plan.files.keys())):
        folds.append(folded("The quarantine, exactly", diff))
    if drawing := chart(brief):
        folds.append(folded("The metric around the symptom's beginning", _drawn(drawing)))
    return folds


def _alternative(target: Target) -> str:
    commit = f" (commit {code(target.commit[:12])})" if target.commit else ""
    served = f", served {spoken(target.served)}" if target.served is not None and "served" not in target.why else ""
    return f"{code(target.version)}{commit}: {prose(target.why)}{served}"


def _section(title: str, lines: Sequence[str]) -> str:
    return f"### {title}\n\n{listed(lines)}" if lines else ""
