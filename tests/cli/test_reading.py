import subprocess

import pytest

PINS = {"path", "document", "yaml_path", "line", "format", "pin_kind", "object_kind", "object_name", "artefact", "value"}
PINS |= {"service", "environment"}
RELEASE = {"commit", "time", "author", "bot", "pull_request", "version", "changes", "merged"}
PLAN = {"target", "alternatives", "edits", "merged", "files", "quarantine", "objections"}


def test_scan_lists_every_pin_with_its_owner(rollbot, origin):
    rows = rollbot("scan", "--repo", origin.folder, "--json").json

    assert all(set(row) == PINS for row in rows)
    found = {(row["environment"], row["service"], row["value"]) for row in rows}
    assert {("prod", "checkout", "2.7.0"), ("prod", "payments", "7.3.0"), ("staging", "search", "5.1.0")} <= found


def test_scan_for_people_is_a_table(rollbot, origin):
    done = rollbot("scan", "--repo", origin.folder)

    assert done.code == 0
    assert done.out.startswith("SERVICE") and "10 services" in done.out


def test_scan_at_a_revision(rollbot, origin):
    first = origin.log()[0][0]

    values = {
        row["value"] for row in rollbot("scan", "--repo", origin.folder, "--at", first, "--json").json if row["service"] == "checkout"
    }

    assert "2.7.0" not in values


def test_an_unreadable_manifest_is_named_and_does_not_stop_the_others(rollbot, clone):
    (clone / "broken.yaml").write_text("kind: [\n")
    subprocess.run(["git", "-C", clone, "add", "."], check=True)
    subprocess.run(["git", "-C", clone, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "Break"], check=True)

    done = rollbot("scan", "--repo", clone, "--json")

    assert done.code == 0 and len(done.json) > 10
    assert "broken.yaml:" in done.err


def test_rollbot_s_own_folder_is_no_service(rollbot, clone):
    kept_out = clone / ".rollbot/quarantine/prod-checkout-2.8.0-1a2b3c4d.yaml"
    kept_out.parent.mkdir(parents=True)
    kept_out.write_text("version: 2.8.0\nservice: checkout\nimage: registry.shop.example/checkout:2.8.0\n")
    before = rollbot("scan", "--repo", clone, "--json").json
    subprocess.run(["git", "-C", clone, "add", "."], check=True)
    subprocess.run(["git", "-C", clone, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "Keep out"], check=True)

    assert rollbot("scan", "--repo", clone, "--json").json == before


def test_history_newest_first(rollbot, origin):
    rows = rollbot("history", "checkout", "--env", "prod", "--repo", origin.folder, "--json").json

    assert all(set(row) == RELEASE for row in rows)
    bumps = [change for row in rows for change in row["changes"] if change["from"]]
    assert (bumps[0]["from"], bumps[0]["to"]) == ("2.6.0", "2.7.0")
    assert [row["time"] for row in rows] == sorted((row["time"] for row in rows), reverse=True)


def test_history_of_a_file(rollbot, origin):
    path = "apps/frontend/overlays/prod/kustomization.yaml"

    rows = rollbot("history", "--path", path, "--repo", origin.folder, "--json").json

    assert {change["path"] for row in rows for change in row["changes"]} == {path}


def test_plan_says_every_byte(rollbot, origin):
    plan = rollbot("plan", "checkout", "--env", "prod", "--repo", origin.folder, "--json").json

    assert set(plan) == PLAN
    assert plan["target"]["version"] == "2.6.0" and len(plan["alternatives"]) <= 3
    [edit] = plan["edits"]
    assert (edit["from"], edit["to"]) == ("2.7.0", "2.6.0")
    [file] = plan["files"]
    head = origin.read([(origin.head(), edit["path"])])[0].decode()
    assert file["text"] == head.replace('"2.7.0"', '"2.6.0"') != head
    assert plan["quarantine"][0]["path"].startswith(".rollbot/quarantine/")
    assert rollbot("scan", "--repo", origin.folder, "--json").json  # planning wrote nothing
    assert origin.branches() == ("main",)


def test_plan_for_people_with_its_diff(rollbot, origin):
    done = rollbot("plan", "checkout", "--env", "prod", "--to", "2.5.0", "--diff", "--repo", origin.folder)

    assert done.code == 0
    assert '-    newTag: "2.7.0"' in done.out and '+    newTag: "2.5.0"' in done.out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        pytest.param(["plan", "chekout"], 1, "checkout", id="unknown service, nearest names"),
        pytest.param(["plan", "checkout"], 1, "staging/checkout", id="several environments are listed"),
        pytest.param(["plan", "checkout", "--env", "prod", "--to", "9"], 1, "2.6.0", id="unknown version, the known ones"),
        pytest.param(["plan", "checkout", "--env", "prod", "--to", "2.7.0"], 1, "already", id="the value it has"),
        pytest.param(["plan", "--commit", "abcdef123456"], 1, "unknown-commit", id="unknown commit"),
        pytest.param(["plan", "--path", "nowhere.yaml"], 1, "nowhere.yaml", id="unknown file"),
        pytest.param(["plan"], 2, "SERVICE", id="nothing selected"),
        pytest.param(["plan", "a", "--commit", "b"], 2, "do not go together", id="two selectors"),
        pytest.param(["plan", "--commit", "b", "--env", "prod"], 2, "--env", id="environment without service"),
        pytest.param(["plan", "a", "--from", "b"], 2, "--path", id="filter without path"),
        pytest.param(["history", "chekout"], 1, "checkout", id="history of an unknown service"),
        pytest.param(["history", "checkout"], 1, "--env", id="history of several"),
        pytest.param(["history", "checkout", "--env", "dev"], 1, "prod", id="history in an unknown environment"),
        pytest.param(["history"], 2, "SERVICE", id="history of nothing"),
        pytest.param(["scan", "--at", "nowhere"], 1, "nowhere", id="unknown revision"),
        pytest.param(["scan", "--at", "--output=/tmp/x"], 1, "--output", id="a revision that looks like an option"),
        pytest.param(["scan", "--frobnicate"], 2, "frobnicate", id="unknown option"),
        pytest.param(["frobnicate"], 2, "frobnicate", id="unknown verb"),
    ],
)
def test_what_cannot_be_answered_says_why_and_the_way_out(rollbot, origin, words, code, says):
    repo = [] if words == ["frobnicate"] else ["--repo", origin.folder]

    done = rollbot(*words, *repo)

    assert (done.code, says in done.err) == (code, True), done


def test_no_repository_is_never_taken_for_an_empty_one(rollbot, tmp_path):
    done = rollbot("scan", "--repo", tmp_path / "empty")
    assert (done.code, "not in a Git repository" in done.err) == (1, True)

    subprocess.run(["git", "init", "-q", tmp_path / "bare"], check=True)
    done = rollbot("scan", "--repo", tmp_path / "bare")
    assert (done.code, "empty" in done.err) == (1, True)


def test_a_broken_configuration_is_exit_2_with_file_line_and_nearest_key(rollbot, clone):
    (clone / ".rollbot.yaml").write_text("version: 1\npolcy:\n  stop: true\n")
    done = rollbot("check", "--repo", clone)
    assert (done.code, ".rollbot.yaml:2:" in done.out, "policy" in done.out) == (2, True, True)

    subprocess.run(["git", "-C", clone, "add", "."], check=True)
    subprocess.run(["git", "-C", clone, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "Break"], check=True)
    done = rollbot("scan", "--repo", clone)
    assert (done.code, ".rollbot.yaml:2:" in done.err) == (2, True)


def test_check_of_what_is_right_and_of_what_is_not_there(rollbot, clone):
    assert rollbot("check", "--repo", clone, "--json").json["valid"] is True
    assert rollbot("check", "--repo", clone, "--at", "HEAD").code == 0


def test_schema_is_json_schema(rollbot):
    assert rollbot("schema").json["$schema"].startswith("https://json-schema.org/")


def test_every_verb_has_help_with_an_example(rollbot):
    from bot.cli.__main__ import VERBS

    for verb in VERBS:
        done = rollbot(verb.__name__, "--help")
        assert done.code == 0
        assert f"rollbot {verb.__name__}" in done.out.partition("Examples:")[2], verb.__name__


def test_control_characters_of_strangers_are_shown_and_not_obeyed(rollbot, clone):
    path = clone / "apps" / "evil" / "compose.yaml"
    path.parent.mkdir(parents=True)
    path.write_text('services:\n  "e\\e[31mvil":\n    image: registry.example/evil:1.0\n')
    subprocess.run(["git", "-C", clone, "add", "."], check=True)
    subprocess.run(["git", "-C", clone, "-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "Add"], check=True)

    assert "\x1b" not in rollbot("scan", "--repo", clone).out
