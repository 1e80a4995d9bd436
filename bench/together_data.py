"""A bad release migrates a real PostgreSQL under writes and is rolled back with its down Job: the table of what is left of the data.

Run: python bench/together_data.py (needs PostgreSQL's initdb and postgres)
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping
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


def measure() -> Mapping[str, object]:
    """Print the table, and return the `rows_lost` (None where there is no PostgreSQL) of the `rows` that were acknowledged."""
    began = time.monotonic()
    try:
        with postgres(durable=False) as server:
            found = list(every(server))
    except Absent as why:
        print(f"skipped: {why}")
        return {"rows_lost": None}
    for line in table(found):
        print(line)
    lost, rows = sum(one.lost for one in found), sum(one.written for one in found)
    print(f"{lost} rows lost of {rows} in {len(found)} cases, {time.monotonic() - began:.1f} s")
    return {"rows_lost": lost, "rows": rows}


if __name__ == "__main__":
    sys.exit(1 if measure()["rows_lost"] else 0)
