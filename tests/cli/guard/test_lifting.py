"""Quarantines that a change lifts, weakens, breaks or mends; and one that expired."""

import pytest

from bot.world.story import ToldCommit
from tests.cli.guard.shop import ADA, FILE, quarantine_of


class TestLifting:
    def test_alone_it_passes_and_is_said(self, rolled, propose, guard):
        propose({quarantine_of(rolled): None})

        done = guard()

        assert done.code == 0
        assert "lifts the quarantine by ada" in done.out and "fails since 14:02" in done.out

    def test_with_its_release_it_takes_a_word(self, rolled, propose, text, guard):
        propose({quarantine_of(rolled): None, FILE: text().replace("2.6.0", "2.7.0")})

        refused, allowed = guard("--json"), guard("--json", "--allow-lift")

        assert (refused.code, refused.json["reason_code"]) == (1, "lifts-and-returns")
        assert (allowed.code, allowed.json["decision"], allowed.json["returns"][0]["lifted"]) == (0, "pass", True)

    def test_after_it_was_lifted_the_release_may_come(self, rolled, propose, text, guard):
        rolled.tell([ToldCommit(rolled.log()[-1][1] + 60, ADA, "Lift\n", {quarantine_of(rolled): None})])
        propose({FILE: text().replace("2.6.0", "2.7.0")})

        assert guard().code == 0

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param('expires: "2', 'expires: "1', id="made to expire"),
            pytest.param('"2.7.0"]', '"0.0.0"]', id="about another version"),
        ],
    )
    def test_weakening_it_is_lifting_it(self, rolled, propose, text, guard, old, new):
        path = quarantine_of(rolled)
        changed = text(path).replace(old, new)
        assert changed != text(path)
        propose({path: changed, FILE: text().replace("2.6.0", "2.7.0")})

        assert guard("--json").json["reason_code"] == "lifts-and-returns"

    def test_in_another_file_it_still_holds(self, rolled, propose, text, guard):
        path = quarantine_of(rolled)
        propose({path: None, ".rollbot/quarantine/by-hand.yaml": text(path), FILE: text().replace("2.6.0", "2.7.0")})

        row = guard("--json").json

        assert (row["reason_code"], row["lifted"]) == ("quarantined", [])

    def test_rollbots_own_undo_passes(self, rolled, propose, text, guard):
        message = "Undo the rollback of checkout in prod to 2.6.0\n\nIt did not help.\n\nRollback-Undo: rollbot/prod/checkout/x\n"
        propose({quarantine_of(rolled): None, FILE: text().replace("2.6.0", "2.7.0")}, message)

        done = guard("--json")

        assert (done.code, done.json["decision"]) == (0, "pass") and "undo" in done.json["why"]

    def test_one_that_cannot_be_read_stops_all_but_who_mends_it(self, rolled, propose, guard):
        path = quarantine_of(rolled)
        rolled.tell([ToldCommit(rolled.log()[-1][1] + 60, ADA, "Break\n", {path: "x: [\n"})])
        propose({"README.md": "x\n"}, branch="bystander")
        propose({path: None}, branch="mender")

        stopped, mended = guard(head="bystander"), guard(head="mender")

        assert (stopped.code, path in stopped.err) == (1, True)
        assert (mended.code, "mends or deletes it" in mended.out) == (0, True)

    def test_breaking_one_is_refused(self, rolled, propose, guard):
        propose({quarantine_of(rolled): "gone: true\n"})

        assert guard().code == 1


def test_one_that_expired_says_so_and_passes(rolled, propose, text, guard):
    path = quarantine_of(rolled)
    old = text(path)
    expires = next(line for line in old.splitlines() if line.startswith("expires:"))
    files = {path: old.replace(expires, 'expires: "2026-01-01T00:00:00Z"')}
    rolled.tell([ToldCommit(rolled.log()[-1][1] + 60, ADA, "Age it\n", files)])
    propose({FILE: text().replace("2.6.0", "2.7.0")})

    done = guard()

    assert done.code == 0
    assert "expired 2026-01-01T00:00:00Z" in done.out
