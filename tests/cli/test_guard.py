"""`rollbot guard` on real repositories: a rollback that Rollbot made, and what people and bots then propose."""

import json
import subprocess

import pytest

from bot.world.story import ToldCommit
from tests.actions.job import obeyed

ADA = "Ada <ada@shop.example>"
FOLDER = "apps/checkout/overlays/prod"
FILE = f"{FOLDER}/kustomization.yaml"


@pytest.fixture
def rolled(rollbot, origin):
    """checkout in prod was taken back from 2.7.0 to 2.6.0; its quarantine stands on main."""
    rollbot("rollback", "checkout", "--env", "prod", "--mode", "merge", "--reason", "fails since 14:02", "--repo", origin.folder)
    return origin


@pytest.fixture
def propose(origin):
    """Put a commit on a branch and answer its name; texts of files by path, None deletes."""

    def made(files, message="Change\n", branch="change", author=ADA):
        origin.tell([ToldCommit(origin.log()[-1][1] + 60, author, message, files)], branch)
        return branch

    return made


@pytest.fixture
def text(origin):
    def read(path=FILE):
        return origin.read([(origin.head(), path)])[0].decode()

    return read


@pytest.fixture
def guard(rollbot, origin):
    def run(*words, head="change"):
        return rollbot("guard", "--repo", origin.folder, "--base", "main", "--head", head, *words)

    return run


def quarantine_of(origin):
    return origin.paths(origin.head(), ".rollbot/quarantine")[0]


def test_a_bot_that_bumps_to_the_bad_version_is_stopped_and_told_by_whom(rolled, propose, text, guard):
    propose({FILE: text().replace("2.6.0", "2.7.0")}, "chore: bump checkout\n", author="renovate[bot] <bot@shop.example>")

    done = guard()

    line = 1 + text().splitlines().index(next(row for row in text().splitlines() if "2.6.0" in row))
    assert done.code == 1
    for part in (f"{FILE}:{line}: ", "2.7.0 of checkout in prod", "by rollbot", "fails since 14:02", "incident prod-checkout-", "until 20"):
        assert part in done.out
    assert quarantine_of(rolled) in done.out


def test_its_json_says_where_and_whose(rolled, propose, text, guard):
    propose({FILE: text().replace("2.6.0", "2.7.0")})

    row = guard("--json").json

    assert (row["schema_version"], row["operation"], row["decision"], row["reason_code"]) == (1, "guard", "fail", "quarantined")
    [found] = row["returns"]
    assert (found["path"], found["value"], found["service"], found["environment"]) == (FILE, "2.7.0", "checkout", "prod")
    assert (found["owner"], found["reason"], found["quarantine"]) == ("rollbot", "fails since 14:02", quarantine_of(rolled))
    assert found["incident"].startswith("prod-checkout-") and found["since"] < found["expires"]


def _fix_forward(read):
    return {FILE: read().replace("2.6.0", "2.7.1")}


def _other_environment(read):
    path = FILE.replace("prod", "staging")
    return {path: read(path).replace("2.7.0", "2.8.0").replace("2.6.0", "2.7.0")}


def _comment(read):
    return {FILE: "# 2.7.0 was bad\n" + read()}


def _unrelated(read):
    return {"README.md": "2.7.0\n"}


@pytest.mark.parametrize("change", [_fix_forward, _other_environment, _comment, _unrelated])
def test_what_does_not_bring_it_back_passes(rolled, propose, text, guard, change):
    propose(change(text))

    done = guard("--json")

    assert (done.code, done.json["decision"], done.json["reason_code"], done.json["returns"]) == (0, "pass", "nothing-returns", [])


def _again(read):
    return {FILE: read().replace("2.6.0", "2.7.0")}


def _unquoted(read):
    return {FILE: read().replace('"2.6.0"', "2.7.0")}


def _with_digest(read):
    return {FILE: read().replace('"2.6.0"', '"2.7.0@sha256:' + "a" * 64 + '"')}


def _moved_file(read):
    return {FILE: None, f"{FOLDER}/kustomization.yml": read().replace("2.6.0", "2.7.0")}


def _moved_folder(read):
    return {FILE: None, FILE.replace("apps/", "services/"): read().replace("2.6.0", "2.7.0")}


def _reordered(read):
    return {FILE: "# moved\n\n" + read().replace("2.6.0", "2.7.0")}


@pytest.mark.parametrize("change", [_again, _unquoted, _with_digest, _moved_file, _moved_folder, _reordered])
def test_it_comes_back_however_it_is_written(rolled, propose, text, guard, change):
    propose(change(text))

    done = guard("--json")

    assert (done.code, done.json["reason_code"]) == (1, "quarantined"), done.out + done.err


def test_a_branch_from_before_the_rollback_that_leaves_it_alone_passes(origin, propose, text, guard, rollbot):
    propose({"README.md": "x\n"})
    rollbot("rollback", "checkout", "--env", "prod", "--mode", "merge", "--repo", origin.folder)

    assert guard().code == 0


def test_the_rollback_itself_passes(origin, rollbot, guard):
    row = rollbot("rollback", "checkout", "--env", "prod", "--mode", "pr", "--repo", origin.folder, "--json").json

    assert guard(head=row["branch"]).code == 0


class TestLifting:
    def test_alone_it_passes_and_is_said(self, rolled, propose, guard):
        propose({quarantine_of(rolled): None})

        done = guard()

        assert done.code == 0
        assert "lifts the quarantine by rollbot" in done.out and "fails since 14:02" in done.out

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


class TestInActions:
    """What GitHub gives a `pull_request` job: the merge commit checked out, the event file, the base's name."""

    @pytest.fixture
    def pull(self, rolled, tmp_path, monkeypatch, propose):
        def opened(files, message="Change\n", merged=True):
            branch = propose(files, message)
            head, clone = rolled.head(branch), tmp_path / "checkout"
            subprocess.run(["git", "clone", "-q", rolled.folder, clone], check=True, timeout=30)
            git = ["git", "-C", clone, "-c", "user.name=GitHub", "-c", "user.email=noreply@github.com"]
            subprocess.run([*git, "checkout", "-q", "--detach", "origin/main"], check=True)
            if merged:
                subprocess.run([*git, "merge", "-q", "--no-ff", "-m", "Merge", head], check=True)
            event = {"pull_request": {"number": 7, "head": {"sha": head, "ref": branch}, "base": {"sha": rolled.head(), "ref": "main"}}}
            (tmp_path / "event.json").write_text(json.dumps(event))
            said = {"ACTIONS": "true", "BASE_REF": "main", "EVENT_NAME": "pull_request", "EVENT_PATH": str(tmp_path / "event.json")}
            for name, value in said.items():
                monkeypatch.setenv(f"GITHUB_{name}", value)
            monkeypatch.chdir(clone)
            return clone

        return opened

    def test_it_needs_no_words_and_annotates_the_line(self, pull, text, rollbot):
        pull({FILE: text().replace("2.6.0", "2.7.0")})

        done = rollbot("guard")

        [said] = [line for line in done.out.splitlines() if line.startswith("::error ")]
        assert done.code == 1
        assert said.startswith(f"::error file={FILE},line=") and "title=Rollbot guard::2.7.0 of checkout in prod comes back" in said

    def test_what_strangers_wrote_is_no_command(self, pull, text, rollbot):
        name = f"{FOLDER}/x,title=y::z%0A::error::owned ::add-mask::prod.yaml"
        pull({name: text().replace("2.6.0", "2.7.0"), FILE: None})

        done = rollbot("guard")

        [said] = obeyed(done.out)
        assert done.code == 1
        assert said.startswith(f"::error file={FOLDER}/x%2Ctitle=y%3A%3Az%250A%3A%3Aerror%3A%3Aowned %3A%3Aadd-mask%3A%3Aprod.yaml,line=")

    def test_a_checkout_without_the_pull_request_does_not_pass(self, pull, text, rollbot):
        pull({FILE: text().replace("2.6.0", "2.7.0")}, merged=False)

        done = rollbot("guard")

        assert done.code == 1 and "does not hold the pull request's head" in done.err

    def test_a_pull_request_does_not_switch_its_guard_off(self, pull, text, rollbot):
        files = {FILE: text().replace("2.6.0", "2.7.0"), ".rollbot.yaml": "version: 1\nmanifests:\n  ignore: ['**']\n"}
        pull(files | {".env": "ROLLBOT_BRANCH=change\n"})

        assert rollbot("guard").code == 1

    def test_the_undo_is_known_by_a_commit_behind_the_merge(self, pull, rolled, text, rollbot):
        files = {quarantine_of(rolled): None, FILE: text().replace("2.6.0", "2.7.0")}
        pull(files, "Undo the rollback\n\nRollback-Undo: rollbot/prod/checkout/x\n")

        assert rollbot("guard").code == 0


def test_nothing_to_compare_with_is_said(rollbot, tmp_path):
    subprocess.run(["git", "init", "-q", "-b", "trunk", tmp_path / "bare"], check=True)
    git = ["git", "-C", tmp_path / "bare", "-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)

    done = rollbot("guard", "--repo", tmp_path / "bare")

    assert done.code == 1 and "--base" in done.err
