"""Real rollbacks, found again: does a backtest see, in the history alone, that people rolled back, and what?

Data are the shared folder's `replay/` (ROLLBOT_SHARED, default ../shared): each case's repository with the person's own commit on top.
Run: python bench/taken_back.py [--every N] [--show] (every Nth case; `--show` lists what else counts as a rollback, to be judged by eye)
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from replay import SHARED, opened, replay

from bot.refs import Sha
from bot.releases.history import history
from bot.releases.release import DesiredState
from bot.releases.taken_back import TakenBack, taken_back


@dataclass(frozen=True, slots=True)
class Seen:
    """`owned`: a service has the person's commit among its releases (the cases carry few files, so some are nobody's).

    `found`: it counts as a rollback; `named`: the commit that people undid is among what it took back; `others`: what else counts."""

    row: str
    owned: bool
    found: bool
    named: bool
    others: tuple[TakenBack, ...]
    case: str


def seen(case: dict[str, Any]) -> Seen | None:
    """Look for the person's commit; None where the commit that it undoes is older than what the case carries."""
    judge = replay()
    with tempfile.TemporaryDirectory() as folder:
        names = judge.build(case, Path(folder, "repo.git"))
        if case["undo"] not in names:
            return None
        persons = acted(case, Path(folder, "repo.git"))
        with opened(Path(folder)) as state:
            backs = tuple(rollbacks(state))
            owned = any(each.commit == persons for service in state.estate.services for each in history(service.ref, state).releases)
    mine = [each for each in backs if each.commit == persons]
    undone = {commit for each in mine for commit in each.undone}
    others = tuple(each for each in backs if each.commit != persons)
    return Seen(
        f"{case['kind']} {'revert' if says(case) else 'silent'}", owned, bool(mine), names[case["undo"]] in undone, others, case["id"]
    )


def says(case: dict[str, Any]) -> bool:
    return str(case["subject"]).startswith("Revert")


def acted(case: dict[str, Any], repo: Path) -> Sha:
    """Put the person's commit on top."""
    at, subject = int(datetime.fromisoformat(case["date"]).timestamp()), case["subject"].encode()
    at = max(at, case["history"][-1]["time"] + 2)
    head = b"commit refs/heads/main\ncommitter person <person@example.org> %d +0000\ndata %d\n%s\nfrom refs/heads/main^0\n"
    out = [head % (at, len(subject), subject)]
    for path, text in case["expected"].items():
        name = json.dumps(path, ensure_ascii=False).encode()
        raw = b"" if text is None else text.encode()
        out.append(b"D %s\n" % name if text is None else b"M 100644 inline %s\ndata %d\n%s\n" % (name, len(raw), raw))
    git = ["git", "--git-dir", str(repo)]
    subprocess.run([*git, "fast-import", "--quiet"], input=b"".join(out), check=True)
    return Sha(subprocess.run([*git, "rev-parse", "main"], capture_output=True, text=True, check=True).stdout.strip())


def rollbacks(state: DesiredState) -> Iterator[TakenBack]:
    messages = {commit.sha: commit.message for commit in state.log}
    for service in state.estate.services:
        yield from taken_back(history(service.ref, state), messages)


def _of(count: collections.Counter[str], name: str) -> str:
    return f"{count[name] / max(1, count['owned']):.1%}"


def main() -> None:
    told = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    told.add_argument("--every", type=int, default=1)
    told.add_argument("--show", action="store_true")
    asked = told.parse_args()
    if not (SHARED / "replay" / "replay.py").exists():
        sys.exit(f"no data in {SHARED / 'replay'}: set ROLLBOT_SHARED")
    rows: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    others = 0
    for number, case in enumerate(replay().load()):
        if number % asked.every:
            continue
        with contextlib.suppress(UnicodeEncodeError):
            if (each := seen(case)) is None:
                continue
            rows[each.row].update({"cases": 1, "owned": each.owned, "found": each.found, "named": each.named})
            others += len(each.others)
            if asked.show:
                for back in each.others:
                    print(f"  also {each.case}: {back.service} {back.left} → {back.to} ({back.why}): {back.subject[:90]}")
                if not each.named:
                    what = "not named" if each.found else "not found" if each.owned else "nobody's"
                    print(f"  {what} {each.case}: {case['subject'][:90]}")
    for row, count in sorted(rows.items()):
        print(
            f"{row:18} {count['cases']:5} cases, found {count['found'] / count['cases']:.1%}, named {count['named'] / count['cases']:.1%}"
        )
    total = sum(rows.values(), collections.Counter[str]())
    shares = {name: round(total[name] / max(1, total["owned"]), 3) for name in ("found", "named")}
    print("RESULT " + json.dumps({"cases": total["cases"], "owned": total["owned"], **shares, "others": others}))


if __name__ == "__main__":
    main()
