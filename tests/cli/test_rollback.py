from pathlib import Path

import pytest

from bot.world import story
from bot.world.origin import Origin

FIXTURES = Path(__file__).parents[2] / "fixtures"
CANARY = "apps/checkout/overlays/prod/canary.yaml"
LEDGER = "apps/ledger/overlays/prod/deployment.yaml"
ROW = {"decision", "reason_code", "branch", "commit", "pull_request"}


def test_a_merge_changes_the_remote_and_not_the_clone(rollbot, clone, origin):
    row = rollbot("rollback", "checkout", "--env", "prod", "--mode", "merge", "--reason", "it fails", "--repo", clone, "--json").json

    assert set(row) == ROW
    assert (row["decision"], row["reason_code"], row["commit"]) == ("rollback", "merged", origin.head())
    assert row["branch"].startswith("rollbot/prod/checkout/") and origin.branches() == ("main",), "a merged branch goes"
    assert '+    newTag: "2.6.0"' in origin.diff_of(origin.head())
    assert "Rollback-Reason: it fails" in origin.message(origin.head())
    assert '"2.7.0"' in (clone / "apps/checkout/overlays/prod/kustomization.yaml").read_text()


def test_a_pull_request_leaves_the_branch_alone_and_asking_again_finds_it(rollbot, origin):
    before = origin.head()
    words = ("rollback", "checkout", "--env", "prod", "--mode", "pr", "--repo", origin.folder, "--json")

    first, second = rollbot(*words).json, rollbot(*words).json

    assert (first["decision"], first["reason_code"], first["pull_request"]) == ("rollback", "proposed", 1)
    assert (second["branch"], second["pull_request"]) == (first["branch"], 1)
    assert (origin.head(), len(origin.branches())) == (before, 2)


def test_a_push_has_no_pull_request(rollbot, origin):
    row = rollbot("rollback", "checkout", "--env", "prod", "--mode", "push", "--to", "2.5.0", "--repo", origin.folder, "--json").json

    assert (row["reason_code"], row["pull_request"], row["commit"]) == ("merged", None, origin.head())


def test_a_commit_is_undone(rollbot, origin):
    sha = next(sha for sha, _, subject in origin.log() if "2.7.0" in subject and "prod" in subject)

    row = rollbot("rollback", "--commit", sha, "--mode", "merge", "--repo", origin.folder, "--json").json

    assert row["reason_code"] == "merged"
    assert '"2.6.0"' in origin.read([(origin.head(), "apps/checkout/overlays/prod/kustomization.yaml")])[0].decode()


def test_a_rehearsal_writes_nothing(rollbot, origin):
    row = rollbot("rollback", "checkout", "--env", "prod", "--dry-run", "--repo", origin.folder, "--json").json

    assert (row["decision"], row["reason_code"], row["commit"]) == ("rollback", "would-merge", None)
    assert origin.branches() == ("main",)
    done = rollbot("explain", "prod-checkout", "--repo", origin.folder)
    assert (done.code, "no incident" in done.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        pytest.param(["chekout"], 1, "unknown-service", id="unknown service"),
        pytest.param(["checkout"], 1, "ambiguous-service", id="several"),
        pytest.param(["checkout", "--env", "prod", "--to", "9"], 1, "unknown-version", id="unknown version"),
    ],
)
def test_refused_with_the_reason(rollbot, origin, words, code, reason):
    done = rollbot("rollback", *words, "--repo", origin.folder, "--json")

    assert (done.code, done.json["decision"], done.json["reason_code"]) == (code, "refuse", reason)
    assert f"[{reason}]" in done.err
    assert origin.branches() == ("main",)


def test_the_kill_switch_is_obeyed(rollbot, origin):
    from bot.world.story import ToldCommit

    origin.tell([ToldCommit(origin.log()[-1][1] + 60, "Ada <ada@shop.example>", "Stop\n", {".rollbot/stop": "\n"})])

    done = rollbot("rollback", "checkout", "--env", "prod", "--mode", "merge", "--repo", origin.folder)

    assert done.code == 1
    assert origin.branches() == ("main",)


def test_a_remote_that_does_not_answer_is_exit_3(rollbot):
    done = rollbot("rollback", "checkout", "--repo", "http://127.0.0.1:9/x.git")

    assert (done.code, done.err.count("\n")) == (3, 1)


def test_explain_tells_why_and_that_the_record_is_whole(rollbot, origin):
    rollbot("rollback", "checkout", "--env", "prod", "--mode", "merge", "--reason", "it fails", "--repo", origin.folder)

    done = rollbot("explain", "prod-checkout", "--verify")
    assert done.code == 0
    for part in ("it fails", "2.7.0 → 2.6.0", "merged", "The record is whole"):
        assert part in done.out
    row = rollbot("explain", "prod-checkout", "--verify", "--json").json
    assert row["whole"] is True and row["record"]


def test_explain_notices_a_record_that_was_changed(rollbot, origin, database_url, monkeypatch):
    import sqlalchemy

    monkeypatch.setenv("ROLLBOT_DATABASE_URL", database_url)
    rollbot("rollback", "checkout", "--env", "prod", "--mode", "merge", "--repo", origin.folder)
    before = rollbot("explain", "prod-checkout", "--verify")
    database = sqlalchemy.create_engine(database_url)
    with database.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE rollbot_entries SET what = 'nothing happened' WHERE seq = 2"))
    database.dispose()

    done = rollbot("explain", "prod-checkout", "--verify")

    assert (before.code, "The record is whole" in before.out) == (0, True)
    assert (done.code, "entry 2 was changed" in done.err) == (1, True)


def test_without_the_store_git_still_knows(rollbot, origin, tmp_path, monkeypatch):
    rollbot("rollback", "checkout", "--env", "prod", "--mode", "merge", "--reason", "it fails", "--repo", origin.folder)
    trailer = next(line for line in origin.message(origin.head()).splitlines() if line.startswith("Rollback-Incident: "))
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))

    done = rollbot("explain", trailer.removeprefix("Rollback-Incident: "), "--repo", origin.folder)

    assert done.code == 0 and "Rollback-Reason: it fails" in done.out


class TestDoctor:
    def test_all_is_well_or_said(self, rollbot, origin):
        found = {row["check"]: row for row in rollbot("doctor", "--repo", origin.folder, "--json").json}

        assert {found[check]["state"] for check in ("git", "push", "store", "configuration", "quarantine", "trust")} == {"ok"}
        assert found["metrics"]["state"] == "note" and "ROLLBOT_PROMETHEUS_URL" in found["metrics"]["way_out"]

    def test_what_is_missing_is_exit_1_with_the_way_out(self, rollbot, origin, monkeypatch):
        monkeypatch.setenv("ROLLBOT_PROMETHEUS_URL", "http://127.0.0.1:9")
        monkeypatch.setenv("ROLLBOT_REPO_ULR", "x")

        done = rollbot("doctor", "--repo", origin.folder)

        assert done.code == 1
        assert "✗ metrics" in done.out and "ROLLBOT_REPO_URL?" in done.out and "→" in done.out

    def test_a_wrong_setting_is_exit_2(self, rollbot, monkeypatch):
        monkeypatch.setenv("ROLLBOT_FORGE", "gitolite")

        done = rollbot("doctor")

        assert (done.code, "ROLLBOT_FORGE" in done.err) == (2, True)


@pytest.fixture
def canary(tmp_path):
    told = story.load(FIXTURES / "repositories" / "canary.yaml")
    made = Origin(tmp_path / "canary.git", told.branch)
    made.tell(told.history)
    return made


def test_a_drain_is_shown_and_done_with_the_rollback(rollbot, canary):
    words = ("checkout-canary", "--env", "prod", "--drain", "--repo", canary.folder, "--json")
    canary.tell([story.ToldCommit(1781000000.0, "CI <ci@x.example>", "3.5.0\n", replace={CANARY: {"checkout:3.4.0": "checkout:3.5.0"}})])

    shown, done = rollbot("plan", *words), rollbot("rollback", *words, "--mode", "push")

    assert [(edit["from"], edit["to"]) for edit in shown.json["edits"]] == [("3.5.0", "3.4.0"), ("70", "100"), ("30", "0")]
    assert (done.json["decision"], done.json["commit"]) == ("rollback", canary.head())
    assert {path for path in canary.touched(canary.head()) if not path.startswith(".rollbot")} == {
        f"apps/checkout/overlays/prod/{name}" for name in ("canary.yaml", "route.yaml")
    }


def test_a_drain_that_cannot_be_had_is_refused_with_its_place(rollbot, canary):
    words = ("ledger", "--env", "prod", "--drain", "--repo", canary.folder)
    canary.tell([story.ToldCommit(1781000000.0, "Ada <ada@x.example>", "Ledger 2\n", replace={LEDGER: {"1.8.0": "1.9.0"}})])

    shown, done = rollbot("plan", *words), rollbot("rollback", *words, "--mode", "push", "--json")

    assert (shown.code, "no weighted route is seen to lead to what prod/ledger runs" in shown.out) == (1, True)
    assert (done.code, done.json["decision"], done.json["reason_code"]) == (1, "refuse", "no-route")
