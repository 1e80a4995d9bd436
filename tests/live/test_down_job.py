"""A real PostgreSQL, migrated 40 → 43 by the bad release under a stream of writes, and rolled back with its down Job: no row is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.util import CommandError

from tests.live.ledger import CASES, Case, Ledger, Told, every
from tests.postgres import Server


@pytest.fixture(scope="module")
def found(postgres_server: Server) -> Iterator[dict[str, Told]]:
    yield {one.case.name: one for one in every(postgres_server)}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_row_is_lost_and_the_service_is_as_it_should_be(found: dict[str, Told], case: Case) -> None:
    one = found[case.name]
    goes_back = not case.hurts and case.annotation == "contract"

    assert one.before.schema == "43" and one.before.rows > 0 and one.written > one.before.rows
    assert (one.kept.rows, one.kept.checksum, one.lost) == (one.before.rows, one.before.checksum, 0)
    assert one.after.rows == one.written
    assert one.after.schema == ("40" if goes_back else "42" if case.hurts == "fails" else "43")
    assert one.version == ("2.7.0" if goes_back else "2.8.0")
    assert one.end == ("recovered" if goes_back else "escalated" if case.hurts else "declined")
    assert one.actions == (["down", "rollback"] if goes_back else ["down", "undo"] if case.hurts else ["rollback"])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("the down Job fails half-way", "2.8.0 stays, and its database may be anywhere between schema 43 and 40: its down Job failed"),
        ("the down Job fails half-way", "42: memos of closed accounts are archived elsewhere"),
        ("the down Job hangs", "its down Job has not ended after 20 minutes"),
        ("the down Job hangs", "may still be at work, look for it first; then fix forward, shift traffic away, or restore the snapshot"),
        (
            "the migration is irreversible",
            "a migration (irreversible) came since 2.7.0: fix forward, shift traffic away, or restore the snapshot",
        ),
    ],
)
def test_what_the_person_reads(found: dict[str, Told], name: str, says: str) -> None:
    assert says in found[name].text


def test_writers_that_stand_still_are_refused_nothing(found: dict[str, Told]) -> None:
    assert found["rolled back by its down Job"].refused > 0
    assert found["the same, writers standing still"].refused == 0


def test_the_older_image_could_not_have_done_it(postgres_url: str) -> None:
    ledger = Ledger(postgres_url)
    ledger.migrate("2.8.0", "43")

    with pytest.raises(CommandError, match="Can't locate revision identified by '43'"):
        ledger.migrate("2.7.0", "40", down=True)
