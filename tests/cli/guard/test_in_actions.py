"""In a job of GitHub Actions."""

import json
import subprocess

import pytest

from tests.actions.job import obeyed
from tests.cli.guard.shop import FILE, FOLDER, quarantine_of


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
