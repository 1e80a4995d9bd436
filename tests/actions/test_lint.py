"""The workflows and the action are what GitHub takes, and do what security reviews ask for. Nothing here needs a network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.actions.job import ACTION, ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FILES = [*WORKFLOWS, ROOT / "action.yml"]


def run(program, *words):
    return subprocess.run([Path(sys.executable).with_name(program), *words], capture_output=True, text=True, timeout=100, cwd=ROOT)


def test_zizmor_finds_nothing():
    done = run("zizmor", "--offline", "--no-progress", "--strict-collection", "--persona", "pedantic", "action.yml", ".github")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("schema", "files"), [("vendor.github-workflows", WORKFLOWS), ("vendor.github-actions", [ROOT / "action.yml"])])
def test_the_published_schemas_are_satisfied(schema, files):
    done = run("check-jsonschema", "--builtin-schema", schema, *map(str, files))

    assert done.returncode == 0, done.stdout + done.stderr


EXAMPLES = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "github-actions.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: yaml.safe_load(text)["name"])
def test_what_the_documentation_has_people_copy_is_as_clean(tmp_path, example):
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "w.yml").write_text(example.replace("COMMIT", "0" * 40 + " # v1.0.0"))

    judged = run("zizmor", "--offline", "--no-progress", "--strict-collection", "--persona", "pedantic", str(tmp_path))
    fits = run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", str(folder / "w.yml"))

    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert fits.returncode == 0, fits.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: yaml.safe_load(text)["name"])
def test_and_gives_the_action_only_inputs_that_it_has(example):
    called = yaml.safe_load((ROOT / ".github/workflows/rollback.yml").read_text())[True]["workflow_call"]
    for job in yaml.safe_load(example)["jobs"].values():
        given = [step["with"] for step in job.get("steps", ()) if step["uses"].startswith("OWNER/rollbot@")]
        assert all(set(words) <= set(ACTION["inputs"]) for words in given)
        assert set(job.get("with", ())) <= set(called["inputs"]) and set(job.get("secrets", ())) <= set(called["secrets"])


@pytest.mark.parametrize("breach", ["run: echo ${{ github.event.issue.title }}", "uses: actions/checkout@v4"])
def test_a_breach_would_be_found(tmp_path, breach):
    (tmp_path / "w.yml").write_text(
        f"name: w\non: issues\npermissions: {{}}\njobs:\n  a:\n    name: a\n    runs-on: ubuntu-24.04\n    steps:\n      - {breach}\n"
    )

    done = run("zizmor", "--offline", "--no-progress", str(tmp_path / "w.yml"))

    assert done.returncode != 0


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_expression_stands_in_a_script_and_every_action_has_its_commit(file):
    steps = list(_steps(yaml.safe_load(file.read_text())))

    assert steps
    for step in steps:
        assert "${{" not in step.get("run", "")
        if "uses" in step and not step["uses"].startswith("./"):
            assert re.fullmatch(r"[\w/.-]+@[0-9a-f]{40}", step["uses"]), step["uses"]
            assert re.search(re.escape(step["uses"]) + r" # v\d+\.\d+\.\d+\n", file.read_text())


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_every_job_has_an_end_and_no_more_rights_than_it_names(file):
    workflow = yaml.safe_load(file.read_text())

    assert workflow["permissions"] in ({}, {"contents": "read"})
    assert all(job["timeout-minutes"] <= 20 for job in workflow["jobs"].values())


def test_a_rollback_waits_for_its_environment_and_is_never_cancelled():
    workflow = yaml.safe_load((ROOT / ".github/workflows/rollback.yml").read_text())
    on = workflow[True]

    assert workflow["concurrency"] == {"group": "rollback-${{ inputs.environment }}", "cancel-in-progress": False}
    assert workflow["jobs"]["rollback"]["environment"] == "${{ inputs.environment }}"
    wanted = ["service", "environment", "to", "mode", "reason", "dry-run"]
    assert list(on["workflow_dispatch"]["inputs"]) == list(on["workflow_call"]["inputs"]) == wanted
    assert all(on[door]["inputs"][name]["required"] for door in on for name in ("service", "environment"))


def _steps(read):
    for job in (read.get("jobs") or {"action": read["runs"]}).values():
        yield from job["steps"]
