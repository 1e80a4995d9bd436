"""Live through every scenario and print the table: rules, decisions, actions, ends, and whether that is what it should be.

Run: python bench/scenarios.py [NAME …] [--rule scar-3]
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import yaml

from tests.scenarios.scenario import FIXTURES, Lived, live, names, told

RULES = yaml.safe_load((FIXTURES / "rules.yaml").read_text())
HEAD = ("scenario", "rules", "decision", "actions", "end", "ok")


def table(lived: Iterable[Lived]) -> Iterator[str]:
    """The rows as Markdown."""
    yield "| " + " | ".join(HEAD) + " |"
    yield "| " + " | ".join("---" for _ in HEAD) + " |"
    for one in lived:
        ok = "not built" if one.missing and one.wrong else "no" if one.wrong or one.missing else "yes"
        yield f"| {one.name} | {' '.join(one.rules)} | {one.decisions or '–'} | {one.actions or '–'} | {one.ends or '–'} | {ok} |"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*", help="these only")
    options.add_argument("--rule", help="those that name this rule only")
    wanted = options.parse_args()
    chosen = [name for name in wanted.names or names() if wanted.rule in (None, *told(name)["rules"])]
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        lived = pool.map(live, chosen, chunksize=1)
    print("\n".join(table(lived)))
    wrong = [one for one in lived if bool(one.wrong) != bool(one.missing)]
    missing = [one for one in lived if one.missing]
    print(f"\n{len(lived)} scenarios in {time.monotonic() - began:.0f} s; {len(wrong)} wrong; {len(missing)} not built yet")
    shown = {rule for one in lived if not one.wrong for rule in one.rules}
    if not wanted.rule and not wanted.names:
        bare = ", ".join(rule for rule in RULES if rule not in shown)
        print(f"{len(shown)} of {len(RULES)} rules are shown by a scenario that holds; not {bare}")
    for one in wrong:
        print(f"{one.name}: {one.wrong or 'built meanwhile: take its `missing` away'}", file=sys.stderr)
    for one in missing:
        print(f"- {one.name} ({' '.join(one.rules)}): {one.missing}")
    for rule, said in RULES.items():
        if "missing" in said and wanted.rule in (None, rule) and not wanted.names:
            print(f"- {rule}: {said['missing']}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
