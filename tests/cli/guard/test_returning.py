"""A quarantined version that comes back, and what is none."""

import subprocess

import pytest

from tests.cli.guard.shop import FILE, FOLDER, quarantine_of


def test_a_bot_that_bumps_to_the_bad_version_is_stopped_and_told_by_whom(rolled, propose, text, guard):
    propose({FILE: text().replace("2.6.0", "2.7.0")}, "chore: bump checkout\n", author="renovate[bot] <bot@shop.example>")

    done = guard()

    line = 1 + text().splitlines().index(next(row for row in text().splitlines() if "2.6.0" in row))
    assert done.code == 1
    for part in (f"{FILE}:{line}: ", "2.7.0 of checkout in prod", "by ada", "fails since 14:02", "incident prod-checkout-", "until 20"):
        assert part in done.out
    assert quarantine_of(rolled) in done.out


def test_its_json_says_where_and_whose(rolled, propose, text, guard):
    propose({FILE: text().replace("2.6.0", "2.7.0")})

    row = guard("--json").json

    assert (row["schema_version"], row["operation"], row["decision"], row["reason_code"]) == (1, "guard", "fail", "quarantined")
    [found] = row["returns"]
    assert (found["path"], found["value"], found["service"], found["environment"]) == (FILE, "2.7.0", "checkout", "prod")
    assert (found["owner"], found["reason"], found["quarantine"]) == ("ada", "fails since 14:02", quarantine_of(rolled))
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


def test_nothing_to_compare_with_is_said(rollbot, tmp_path):
    subprocess.run(["git", "init", "-q", "-b", "trunk", tmp_path / "bare"], check=True)
    git = ["git", "-C", tmp_path / "bare", "-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)

    done = rollbot("guard", "--repo", tmp_path / "bare")

    assert done.code == 1 and "--base" in done.err
