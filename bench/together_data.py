"""A bad release migrates a real PostgreSQL under writes and is rolled back with its down Job: the table of what is left of the data.

Run: python bench/together_data.py (needs PostgreSQL's initdb and postgres)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.live.ledger import Counted, Told, every
from tests.postgres import Absent, postgres

HEAD = ("case", "approved at", "afterwards", "those rows afterwards", "written", "refused", "lost", "serves", "end")


def table(found: Iterable[Told]) -> Iterator[str]:
    """The rows as Markdown; below it, what the person reads."""
    yield "| " + " | ".join(HEAD) + " |"
    yield "| " + " | ".join("---" for _ in HEAD) + " |"
    texts = []
    for one in found:
        cells = (
            one.case.name,
            *map(_counted, (one.before, one.after, one.kept)),
            one.written,
            one.refused,
            one.lost,
            one.version,
            one.end,
        )
        yield "| " + " | ".join(map(str, cells)) + " |"
        texts.append(f"{one.case.name}: {one.text}")
    yield ""
    yield from texts


def _counted(found: Counted) -> str:
    return f"schema {found.schema}, {found.rows} rows, {found.checksum}"


def main() -> int:
    began, lost = time.monotonic(), 0
    try:
        with postgres(durable=False) as server:
            found = list(every(server))
    except Absent as why:
        print(f"skipped: {why}")
        return 0
    for line in table(found):
        print(line)
    lost = sum(one.lost for one in found)
    print(f"{lost} rows lost of {sum(one.written for one in found)} in {len(found)} cases, {time.monotonic() - began:.1f} s")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
