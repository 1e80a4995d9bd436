"""Releases that moved no version."""

import subprocess

import pytest

from bot.world.story import ToldCommit
from tests.cli.guard.shop import ADA


class TestConfigurationOnly:
    """A release that moved no version (F4): its lines are what is kept out."""

    PATH = "apps/checkout/overlays/prod/limits.yaml"
    GOOD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: limits\ndata:\n  workers: '8'\n  queue: '100'\n  timeout: 30s\n"
    BAD = GOOD.replace("workers: '8'", "workers: '800'")

    @pytest.fixture
    def undone(self, origin, rollbot):
        at = origin.log()[-1][1]
        for number, (subject, body) in enumerate((("Limits", self.GOOD), ("More workers", self.BAD)), 1):
            origin.tell([ToldCommit(at + number * 3600, ADA, f"{subject}\n", {self.PATH: body})])
        done = rollbot("rollback", "--commit", origin.head(), "--mode", "merge", "--repo", origin.folder, "--json")
        assert done.json["reason_code"] == "merged", done.err
        return origin

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            pytest.param(BAD, 1, id="the same change"),
            pytest.param(BAD.replace("timeout: 30s", "timeout: 60s"), 1, id="with another"),
            pytest.param("# tuned\n" + BAD, 1, id="further down"),
            pytest.param(GOOD.replace("workers: '8'", "workers: '16'"), 0, id="another value"),
            pytest.param(GOOD.replace("timeout: 30s", "timeout: 60s"), 0, id="another line"),
        ],
    )
    def test_its_lines_do_not_come_back(self, undone, propose, guard, body, code):
        propose({self.PATH: body})

        done = guard("--json")

        assert done.code == code, done.out + done.err
        assert [each["path"] for each in done.json["returns"]] == [self.PATH] * code

    def test_nor_in_a_file_that_moved(self, undone, propose, guard):
        moved = self.PATH.replace("limits.yaml", "tuning/limits.yaml")
        propose({self.PATH: None, moved: self.BAD})

        row = guard("--json").json

        assert [(each["path"], each["line"]) for each in row["returns"]] == [(moved, 6)]

    def test_a_clone_without_that_history_does_not_pass(self, undone, propose, rollbot, tmp_path):
        propose({self.PATH: self.BAD})
        clone = tmp_path / "shallow"
        words = ["git", "clone", "-q", "--depth=1", "--no-single-branch", f"file://{undone.folder}", clone]
        subprocess.run(words, check=True, timeout=30)

        done = rollbot("guard", "--repo", clone, "--base", "origin/main", "--head", "origin/change")

        assert done.code == 1 and "fetch-depth: 0" in done.err
