"""What somebody reads at 03:00 who said it wrong: each sentence has its way out."""

import pytest


@pytest.mark.parametrize("verb", ["scan", "check", "doctor"])
def test_outside_of_a_repository_it_says_how_to_name_one(rollbot, verb, tmp_path):
    done = rollbot(verb)

    assert done.code in (1, 2) and "is not in a Git repository; name the manifests repository" in done.out + done.err
    assert "--repo PATH" in done.out + done.err


def test_a_folder_that_is_not_there_is_named_with_the_nearest(rollbot, clone):
    done = rollbot("scan", "--repo", clone.parent / "clon")

    assert done.code == 1
    assert f"there is no folder {clone.parent / 'clon'}; did you mean {clone}?" in done.err


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("rollback", "checkot"), id="rollback"),
        pytest.param(("plan", "checkot"), id="plan"),
        pytest.param(("history", "checkot"), id="history"),
    ],
)
def test_an_unknown_service_has_the_nearest_ones_with_their_environments(rollbot, origin, words):
    done = rollbot(*words, "--repo", origin.folder)

    assert done.code == 1
    assert "there is no service checkot" in done.err
    assert "prod/checkout" in done.err and "staging/checkout" in done.err


def test_the_versions_that_a_rollback_could_go_back_to_are_offered_as_such(rollbot, origin):
    words = ("rollback", "checkout", "--env", "prod", "--mode", "merge", "--repo", origin.folder)
    rollbot(*words)

    done = rollbot(*words)

    assert done.code == 1 and "[is-rollback]" in done.err
    assert "say which with --to:\n  2.5.0" in done.err


@pytest.mark.parametrize(
    ("text", "says"), [("nope: 1\n", ".rollbot.yaml: 1 problem\n"), ("nope: 1\nno: 2\n", ".rollbot.yaml: 2 problems\n")]
)
def test_problems_are_counted_as_one_counts(rollbot, clone, text, says):
    (clone / ".rollbot.yaml").write_text(text)

    assert rollbot("check", "--repo", clone).out.endswith(says)


def test_every_verb_s_help_has_examples(rollbot):
    verbs = [line.split()[0] for line in rollbot("--help").out.partition("Commands:\n")[2].splitlines() if line.strip()]

    assert "rollback" in verbs and "app" in verbs
    assert [verb for verb in verbs if "Examples:" not in rollbot(verb, "--help").out] == []
