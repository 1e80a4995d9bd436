"""Months of virtual time with random releases, outages, kills and people's words: is a law ever broken?

The reconciler is driven as the server drives it, over a store on disk and Git in memory; Hypothesis chooses what happens
(tests/reconciler/months.py says what may, laws.py how the laws are judged). Run: python bench/month.py [--months N]
"""

from __future__ import annotations

import argparse
import collections
import json
import multiprocessing
import os
import re
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import ClassVar

sys.path.insert(0, str(Path(__file__).parents[1]))

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.reconciler import months
from tests.reconciler.breaks import BREAKS, broken

PART = 20
"""Months of one seed."""


class Counted(months.Month):
    """The same months, counted."""

    seen: ClassVar[collections.Counter[str]] = collections.Counter()

    def over(self) -> None:
        super().over()
        incidents = self.living.incidents()
        self.seen["months"] += 1
        self.seen["deaths"] += self.living.deaths
        self.seen["incidents"] += len(incidents)
        for incident in incidents:
            self.seen[f"end {incident.end or 'open'}"] += 1


def part(number: int, break_: str = "") -> tuple[int, collections.Counter[str], str | None]:
    """Live through the months of one seed: which, what was seen, and the first thing that must not be. `break_`: of BREAKS, on purpose."""
    Counted.seen = collections.Counter()
    told = settings(
        max_examples=PART,
        stateful_step_count=20,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    try:
        with broken(break_) if break_ else nullcontext():
            run_state_machine_as_test(seed(number)(Counted), settings=told)
    except Exception as error:  # whatever comes out of a month must not
        return number, Counted.seen, _said(error)
    return number, Counted.seen, None


def _said(error: BaseException) -> str:
    """The words of the failure and how it came to it."""
    first = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
    notes = [line for note in getattr(first, "__notes__", ()) for line in note.splitlines()]
    return "\n".join([f"{type(first).__name__}: {first}".splitlines()[0], *(f"    {line}" for line in notes)])


def lived(months: int, workers: int, first: int) -> Iterator[tuple[int, collections.Counter[str], str | None]]:
    os.environ["PYTHONHASHSEED"] = "0"  # of the processes that live through them: a seed is then the same months again
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap_unordered(part, range(first, first + (months + PART - 1) // PART))


def live(months: int, workers: int, first: int = 1) -> dict[str, int]:
    """Live through so many months; print progress and what broke; answer `month_runs` and `law_breaks`."""
    seen: collections.Counter[str] = collections.Counter()
    breaks: list[str] = []
    began = time.monotonic()
    for number, counted, why in lived(months, workers, first):
        seen += counted
        if why:
            breaks.append(f"seed {number}: {why}")
            print(breaks[-1], flush=True)
        elif sys.stderr.isatty() or seen["months"] % 100 < PART:
            print(f"{seen['months']:>6} months, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(f"{seen['months']} months, {seen['incidents']} incidents, {seen['deaths']} deaths of the bot, {time.monotonic() - began:.0f} s")
    for name, times in sorted(seen.items()):
        if name.startswith("end "):
            print(f"  {times:>6}  {name.removeprefix('end ')}")
    for law, times in sorted(collections.Counter(found[0] for text in breaks if (found := re.search(r"law \d", text))).items()):
        print(f"  {law} broken in {times} parts")
    return {"month_runs": seen["months"], "law_breaks": len(breaks)}


def found_out(name: str, months: int, first: int) -> bool:
    """Live with Rollbot broken on purpose until a month says so."""
    for number in range(first, first + (months + PART - 1) // PART):
        _, counted, why = part(number, name)
        print(f"seed {number}: {counted['months']} months, {why.splitlines()[0] if why else 'nothing found'}", flush=True)
        if why and BREAKS[name][0] in why:
            return True
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--months", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=1, help=f"the first seed; each is good for {PART} months")
    parser.add_argument("--broken", choices=BREAKS, help="break Rollbot on purpose and see that the months find it")
    told = parser.parse_args()
    if told.broken:
        sys.exit(not found_out(told.broken, told.months, told.seed))
    print(f"RESULT {json.dumps(live(told.months, told.workers, told.seed))}")


if __name__ == "__main__":
    main()
