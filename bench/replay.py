"""Real rollbacks, replayed: Rollbot's plans for 776 changes that people made, judged by bytes.

Data, questions and judge are the shared folder's own `replay/replay.py` (ROLLBOT_SHARED, default ../shared); every case becomes a
real bare Git repository, read as `rollbot plan --repo` reads one. Run: make bench-replay
"""

from __future__ import annotations

import collections
import contextlib
import difflib
import importlib.util
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from bot.adapters.git.repository import GitRepository
from bot.adapters.pins import SqlitePinCache
from bot.manifests.pin import Pin
from bot.manifests.rules import ManifestRules
from bot.plans.make import make
from bot.plans.plan import ByCommit, ByPath, Plan, Unplanned
from bot.reconciler.look import look
from bot.releases.release import DesiredState

SHARED = Path(os.environ.get("ROLLBOT_SHARED", Path(__file__).parents[2] / "shared"))


@dataclass(frozen=True, slots=True)
class Answered:
    """One question: its kind and row, the judge's verdict, whether the person's target was among the alternatives, why not exact."""

    kind: str
    row: str
    case: str
    verdict: str
    among: bool
    reason: str


def replay() -> ModuleType:
    """Load the shared judge as it is."""
    spec = importlib.util.spec_from_file_location("replay", SHARED / "replay" / "replay.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["replay"] = module
    spec.loader.exec_module(module)
    return module


def answers(case: dict[str, Any]) -> list[Answered]:
    """Build the case's repository, ask its questions, judge the answers."""
    judge = replay()
    with tempfile.TemporaryDirectory() as folder:
        names = judge.build(case, Path(folder, "repo.git"))
        with opened(Path(folder)) as state:
            return [_answered(judge, case, question, state) for question in judge.questions(case, names)]


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[DesiredState]:
    """Look at the built repository the way the command line does."""
    with contextlib.ExitStack() as stack:
        repository = stack.enter_context(contextlib.closing(GitRepository(str(folder / "repo.git"), "main")))
        cache = stack.enter_context(contextlib.closing(SqlitePinCache(folder / "pins.sqlite")))
        yield look(repository, cache, ManifestRules())


def ask(question: Any, state: DesiredState) -> Plan | Unplanned:
    """Put the question as the command line would: by commit, or by the file, artefact, place and value of a pin."""
    if question.kind == "undo":
        return make(ByCommit(question.commit), state)
    pin = asked(question, state)
    if pin is None:
        return make(ByPath(question.path, value=question.old), state, to=question.new if question.kind == "to" else None)
    selector = ByPath(question.path, pin.artefact or None, pin.yaml_path, question.old)
    return make(selector, state, to=question.new if question.kind == "to" else None)


def asked(question: Any, state: DesiredState) -> Pin | None:
    """Find the pin of the file that holds the old value; where several do, the one nearest to the miner's own name for it."""
    blob = state.tree.get(question.path)
    reading = state.readings.get((question.path, blob)) if blob else None
    pins = [pin for pin in (reading.pins if reading else ()) if pin.value == question.old]
    return max(pins, key=lambda pin: _likeness(pin, question.yaml_path), default=None)


def _likeness(pin: Pin, name: str) -> int:
    plain = name.replace("/", ".").lstrip(".")
    return (
        3 * (pin.yaml_path in name or plain.endswith(pin.yaml_path))
        + 2 * bool(pin.artefact and pin.artefact in name)
        + bool(pin.object_name and pin.object_name in name)
        + plain.endswith(pin.yaml_path.split(".", 1)[-1])
    )


def _answered(judge: ModuleType, case: dict[str, Any], question: Any, state: DesiredState) -> Answered:
    plan = ask(question, state)
    produced = {path: None if text is None else text.decode() for path, text in plan.files.items()} if isinstance(plan, Plan) else None
    verdict = judge.judge(case, question, produced)
    among = isinstance(plan, Plan) and any(target.version == question.new for target in plan.alternatives)
    row = "configuration" if case["kind"] == "config" else case["format"]
    reason = "" if verdict == "exact" else why(case, question, plan, produced or {})
    return Answered(question.kind, row, case["id"], verdict, among, reason)


def why(case: dict[str, Any], question: Any, plan: Plan | Unplanned, produced: dict[str, str | None]) -> str:
    """Group a miss: what the person did that the plan does not."""
    if isinstance(plan, Unplanned):
        return f"no plan: {plan.objections[0].code}"
    if question.kind != "undo" and plan.target and plan.target.version != question.new:
        return "the person went to another version"
    if set(produced) - set(case["expected"]):
        return "the person left files of the commit as they were"
    ours, theirs = (lines(case["parent"], files) for files in (produced, case["expected"]))
    if question.kind != "undo" and len(case["scalars"]) != len(plan.edits):
        return "the person changed " + ("more" if len(case["scalars"]) > len(plan.edits) else "fewer") + " scalars than moved together"
    if not theirs - ours:
        return "the person left lines of the commit as they were"
    return "the person changed other lines as well" if not ours - theirs else "the person both left and changed other lines"


def lines(parent: dict[str, str | None], files: dict[str, str | None]) -> set[tuple[str, str]]:
    """The changed lines, signed, by file."""
    found = set()
    for path, text in files.items():
        for line in difflib.ndiff((parent.get(path) or "").splitlines(), (text or "").splitlines()):
            if line[:2] in ("- ", "+ "):
                found.add((path, line))
    return found


def shares(done: list[Answered]) -> dict[str, float]:
    """The figures of the RESULT line, shares from 0 to 1."""

    def share(kinds: list[Answered], *verdicts: str) -> float:
        return round(sum(a.verdict in verdicts for a in kinds) / len(kinds), 4) if kinds else 0.0

    kind = {name: [a for a in done if a.kind == name] for name in ("to", "back", "undo")}
    return {
        "to": share(kind["to"], "exact"),
        "back": share(kind["back"], "exact"),
        "back3": round(sum(a.among for a in kind["back"]) / len(kind["back"]), 4) if kind["back"] else 0.0,
        "undo": share(kind["undo"], "exact"),
        "undo_config": share([a for a in kind["undo"] if a.row == "configuration"], "exact"),
        "undo_refused": share(kind["undo"], "refused"),
        "collateral": share(kind["to"] + kind["back"], "collateral"),
    }


def main() -> int:
    """Ask all questions on all cores and print the tables, the misses by reason, and the RESULT line."""
    if not (SHARED / "replay" / "replay.py").is_file():
        print(f"no replay data at {SHARED}; set ROLLBOT_SHARED", file=sys.stderr)
        return 1
    judge, began = replay(), time.monotonic()
    cases = list(judge.load(SHARED / "replay"))
    done: list[Answered] = []
    with multiprocessing.Pool() as pool:
        for number, answered in enumerate(pool.imap(answers, cases, chunksize=8), 1):
            done += answered
            if number % 100 == 0 or number == len(cases):
                print(f"{number}/{len(cases)} cases, {time.monotonic() - began:.0f} s", file=sys.stderr)
    for row in ("kind", "row"):
        print(judge.table((f"{a.kind} {a.row}" if row == "row" else a.kind, a.verdict) for a in done) + "\n")
    print("misses by reason")
    for (kind, reason), count in sorted(
        collections.Counter((a.kind, a.reason) for a in done if a.reason).items(), key=lambda item: -item[1]
    ):
        cases_of = [a.case for a in done if (a.kind, a.reason) == (kind, reason)]
        print(f"{count:5}  {kind:5} {reason}   e.g. {', '.join(cases_of[:2])}")
    print("RESULT " + json.dumps(shares(done)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
