"""The very steps of `action.yml`, in bash, with what GitHub Actions gives a job, against a real Git server; no Rollbot server anywhere."""

import json
import re

import pytest
from markdown_it import MarkdownIt

from bot.world.story import ToldCommit

PROD = {"service": "checkout", "environment": "prod"}
KUSTOMIZATION = "apps/checkout/overlays/prod/kustomization.yaml"


def test_a_pull_request_is_what_the_dispatch_ends_in(job, origin):
    before = origin.head()

    step = job.uses({**PROD, "mode": "pr", "reason": "fails since 14:02"})

    assert step.code == 0, step.log
    assert (step.outputs["decision"], step.outputs["reason_code"], step.outputs["pull_request"]) == ("rollback", "proposed", "1")
    assert step.outputs["branch"] in origin.branches() and origin.head() == before
    assert step.outputs["commit"] == origin.head(step.outputs["branch"])
    assert "fails since 14:02" in origin.message(step.outputs["commit"])
    assert '+    newTag: "2.6.0"' in origin.diff_of(step.outputs["commit"])


def test_its_json_says_everything_and_what_version_it_is(job, origin):
    step = job.uses({**PROD, "mode": "merge", "reason": "it fails"})

    row = step.json
    assert {name: row[name] for name in ("schema_version", "decision", "reason_code", "operation", "service", "environment", "actor")} == {
        "schema_version": 1,
        "decision": "rollback",
        "reason_code": "merged",
        "operation": "rollback",
        "service": "checkout",
        "environment": "prod",
        "actor": "ada",
    }
    assert (row["sha"], row["from"], row["to"], row["repository"]) == (origin.head(), "2.7.0", "2.6.0", "acme/shop")


def test_the_summary_says_the_decision_first_and_shows_the_exact_diff(job, origin):
    step = job.uses({**PROD, "mode": "merge"})

    lines = step.summary.splitlines()
    setter = '{"$imagepolicy": "flux-system:checkout:tag"}'
    assert lines[0] == "## Rolled back `checkout` in `prod`: `2.7.0` → `2.6.0`"
    edit = lines.index(f'-    newTag: "2.7.0"  # {setter}')
    assert re.fullmatch(rf'\+    newTag: "2\.6\.0"  # rollbot held until \S+: {re.escape(setter)}', lines[edit + 1])
    assert lines.index("```diff") < edit < len(lines) - 1 - lines[::-1].index("```")


def test_a_dry_run_writes_nothing_and_shows_what_it_would(job, origin):
    step = job.uses({**PROD, "mode": "merge", "dry-run": "true"})

    assert (step.code, step.outputs["reason_code"], origin.branches()) == (0, "would-merge", ("main",))
    assert step.summary.startswith("## Would roll back") and '+    newTag: "2.6.0"' in step.summary


def test_the_dispatch_speaks_where_the_step_was_given_nothing(job, origin):
    job.event = {"inputs": {**PROD, "to": "2.5.0", "mode": "merge", "dry-run": False}, "sender": {"login": "ada"}}

    step = job.uses({})

    assert (step.code, step.json["to"]) == (0, "2.5.0")
    assert '"2.5.0"' in origin.read([(origin.head(), KUSTOMIZATION)])[0].decode()


def test_what_the_workflow_fixed_is_not_undone_by_the_dispatch(job, origin):
    job.event = {"inputs": {**PROD, "mode": "merge", "dry-run": True}}

    step = job.uses({"mode": "pr"})

    assert (step.code, step.outputs["reason_code"], origin.branches()) == (0, "would-propose", ("main",))


def test_the_same_attempt_run_again_finds_the_same_branch(job, origin):
    first, second = job.uses({**PROD, "mode": "pr"}), job.uses({**PROD, "mode": "pr"})

    assert (first.outputs["branch"], first.outputs["pull_request"]) == (second.outputs["branch"], second.outputs["pull_request"])
    assert len(origin.branches()) == 2


def test_each_step_of_a_job_gets_its_own_answer(job, origin):
    first = job.uses({**PROD, "mode": "pr"})
    second = job.uses({"service": "payments", "environment": "prod", "mode": "pr"})
    third = job.uses({"service": "nothing", "environment": "prod", "mode": "pr"})

    assert (first.code, second.code, second.outputs["pull_request"], third.code) == (0, 0, "2", 1)
    assert second.outputs["branch"].startswith("rollbot/prod/payments/")
    assert third.outputs["reason_code"] == "unknown-service"


def test_on_a_fresh_runner_the_same_dispatch_finds_the_same_branch(job, origin, tmp_path):
    first = job.uses({**PROD, "mode": "pr"})
    fresh = type(job)(tmp_path / "another", job.variables | {"GITHUB_RUN_ID": "4712"}).installed()

    second = fresh.uses({**PROD, "mode": "pr"})

    assert (second.code, second.outputs["branch"]) == (0, first.outputs["branch"])
    assert len(origin.branches()) == 2


def test_nothing_of_the_checkout_is_believed(job, origin):
    workspace = job.folder / "workspace"
    (workspace / ".env").write_text("ROLLBOT_REPO_URL=http://127.0.0.1:9/evil.git\nROLLBOT_GITHUB_URL=http://127.0.0.1:9\n")
    (workspace / "bot").mkdir()
    (workspace / "bot" / "__init__.py").write_text("raise SystemExit('the checkout was imported')\n")

    step = job.uses({**PROD, "dry-run": "true"})

    assert (step.code, step.outputs["decision"]) == (0, "rollback"), step.log


def test_the_token_is_nowhere_in_log_summary_or_outputs(job):
    step = job.uses({**PROD, "mode": "pr"})

    assert job.token not in step.log + step.summary + json.dumps(step.outputs)


@pytest.mark.parametrize(
    ("given", "code", "reason", "says"),
    [
        pytest.param({}, 2, "bad-input", "service is missing", id="nothing"),
        pytest.param({"service": "checkout"}, 2, "bad-input", "environment is missing", id="no environment"),
        pytest.param({"service": "-x", "environment": "prod"}, 2, "bad-input", "input service", id="an option"),
        pytest.param({"service": "--repo=/", "environment": "prod"}, 2, "bad-input", "input service", id="an option with a value"),
        pytest.param({"service": "../x", "environment": "prod"}, 2, "bad-input", "input service", id="a way out of a folder"),
        pytest.param({"service": "a/../x", "environment": "prod"}, 2, "bad-input", "input service", id="a way out, later"),
        pytest.param({"service": "a;b", "environment": "prod"}, 2, "bad-input", "input service", id="two commands"),
        pytest.param({"service": "$(touch pwned)", "environment": "prod"}, 2, "bad-input", "input service", id="a substitution"),
        pytest.param({"service": "`touch pwned`", "environment": "prod"}, 2, "bad-input", "input service", id="backticks"),
        pytest.param({"service": "a\nb", "environment": "prod"}, 2, "bad-input", "input service", id="two lines"),
        pytest.param({"service": "checkout\n", "environment": "prod"}, 2, "bad-input", "input service", id="a line end"),
        pytest.param({"service": "x" * 70_000, "environment": "prod"}, 2, "bad-input", "input service", id="70 kB"),
        pytest.param({**PROD, "environment": "prod;x"}, 2, "bad-input", "input environment", id="environment"),
        pytest.param({**PROD, "to": "--force"}, 2, "bad-input", "input to", id="version that is an option"),
        pytest.param({**PROD, "to": "2.6.0 && x"}, 2, "bad-input", "input to", id="version with a command"),
        pytest.param({**PROD, "mode": "force"}, 2, "bad-input", "none of pr, merge, push", id="no such mode"),
        pytest.param({**PROD, "dry-run": "perhaps"}, 2, "bad-input", "none of true, false", id="neither true nor false"),
        pytest.param({**PROD, "repository": "../../etc"}, 2, "bad-input", "owner/name", id="no repository"),
        pytest.param({**PROD, "repository": "acme/.."}, 2, "bad-input", "owner/name", id="a repository that is a folder"),
        pytest.param({**PROD, "branch": "--upload-pack=x"}, 2, "bad-input", "ROLLBOT_BRANCH", id="branch that is an option"),
        pytest.param({**PROD, "command": "serve"}, 2, "bad-input", "command", id="no such command"),
        pytest.param({"service": "chekout", "environment": "prod"}, 1, "unknown-service", "checkout", id="no such service"),
        pytest.param({**PROD, "to": "9.9.9"}, 1, "unknown-version", "2.6.0", id="no such version"),
        pytest.param({**PROD, "repository": "acme/gone"}, 1, "refused", "", id="no such repository"),
    ],
)
def test_what_is_refused_says_so_everywhere(job, origin, given, code, reason, says):
    step = job.uses(given)

    assert (step.code, step.outputs["reason_code"]) == (code, reason), step.log
    assert step.json["schema_version"] == 1 and step.outputs["branch"] == ""
    assert says in step.json["why"] + step.summary
    assert step.summary.startswith(("## Failed", "## Not rolled back"))
    assert origin.branches() == ("main",)
    assert not list(job.folder.rglob("pwned"))


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param("ok\ndecision=merged\nreason_code=forged", id="outputs"),
        pytest.param("x\n::set-output name=decision::forged\n::add-mask::prod", id="commands"),
        pytest.param("##[error]x ##[add-mask]prod", id="commands of old"),
        pytest.param("Rollback-Release: " + "0" * 40 + "\n\nRollback-To: evil", id="trailers"),
        pytest.param("```\n# @everyone <img src=x onerror=alert(1)> [x](javascript:1)", id="markup"),
        pytest.param("$(touch pwned) `touch pwned` ; touch pwned", id="shell"),
        pytest.param("\x1b[31mred\x07 \u202e backwards", id="terminal"),
        pytest.param("y" * 70_000, id="70 kB"),
    ],
)
def test_a_reason_stays_a_reason(job, origin, reason):
    step = job.uses({**PROD, "mode": "merge", "reason": reason})

    assert (step.code, step.outputs["decision"], step.outputs["reason_code"]) == (0, "rollback", "merged"), step.log
    assert [line for line in step.commands if not line.startswith("::notice ")] == []
    trailers = [line for line in origin.message(origin.head()).splitlines() if line.startswith("Rollback-To:")]
    assert trailers == ["Rollback-To: 2.6.0"]
    shown = MarkdownIt("commonmark").render(step.summary)
    assert "<img" not in shown and "href" not in shown
    assert "@everyone" not in re.sub(r"<pre>.*?</pre>", "", shown, flags=re.DOTALL)
    assert len(step.summary) < 60_000
    assert not list(job.folder.rglob("pwned"))


@pytest.mark.parametrize("actor", ["", "ada;x", "-x", "a" * 200, "ada\nx"])
def test_who_asked_is_a_login_or_nothing_is_done(job, origin, actor):
    job.variables["GITHUB_ACTOR"] = actor

    step = job.uses(PROD)

    assert (step.code, step.outputs["reason_code"], origin.branches()) == (2, "bad-input", ("main",))


def test_a_server_that_does_not_answer_is_exit_3(job):
    job.variables["GITHUB_SERVER_URL"] = "http://127.0.0.1:9"

    step = job.uses(PROD)

    assert (step.code, step.outputs["decision"], step.outputs["reason_code"]) == (3, "failure", "unavailable"), step.log


def test_another_repository_of_manifests_may_be_named(job, origin):
    job.variables |= {"GITHUB_REPOSITORY": "acme/rollbot"}

    by_variable = job.uses({**PROD, "dry-run": "true"}, {"ROLLBOT_REPO_URL": f"{job.variables['GITHUB_SERVER_URL']}/acme/shop.git"})
    by_input = job.uses({**PROD, "dry-run": "true", "repository": "acme/shop"}, {"ROLLBOT_REPO_URL": ""})

    assert (by_variable.code, by_input.code) == (0, 0), by_variable.log + by_input.log


def test_a_runner_that_makes_no_sense_is_exit_2(job):
    job.variables["GITHUB_ACTIONS"] = "perhaps"

    step = job.uses(PROD)

    assert (step.code, [line[:8] for line in step.commands]) == (2, ["::error "])


def test_the_kill_switch_is_obeyed(job, origin):
    origin.tell([ToldCommit(origin.log()[-1][1] + 60, "Ada <ada@shop.example>", "Stop\n", {".rollbot/stop": "\n"})])

    step = job.uses({**PROD, "mode": "merge"})

    assert (step.code, step.outputs["decision"], origin.branches()) == (1, "refuse", ("main",))


class TestApproval:
    """An environment's protection rules are the approval: nothing is merged under another one's."""

    DEPLOYMENT = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n"
        "      containers:\n        - name: web\n          image: ghcr.io/acme/web:{}\n"
    )

    @pytest.fixture
    def told(self, origin):
        def release(*paths, **others):
            at = origin.log()[-1][1]
            for number, version in enumerate(("1.0.0", "1.1.0"), 1):
                files = {path: self.DEPLOYMENT.format(version) for path in paths} | (others if number == 1 else {})
                origin.tell([ToldCommit(at + number * 86_400, "Ada <ada@shop.example>", f"web {version}\n", files)])

        return release

    def test_an_environment_goes_by_its_own_name_not_by_its_clusters(self, job, origin, told):
        told("clusters/prod-eu1/web/deployment.yaml", "clusters/prod-us1/web/deployment.yaml")

        step = job.uses({"service": "web", "environment": "prod-eu1", "mode": "merge"})

        assert (step.code, step.outputs["decision"], origin.branches()) == (1, "refuse", ("main",)), step.log
        assert "prod-eu1 stands for prod" in step.json["why"]

    def test_what_changes_another_environment_too_is_proposed_at_most(self, job, origin, told):
        overlay = "resources:\n  - ../../base\n"
        base = {"apps/web/base/kustomization.yaml": "resources:\n  - deployment.yaml\n"}
        overlays = {f"apps/web/overlays/{name}/kustomization.yaml": overlay for name in ("prod", "staging")}
        told("apps/web/base/deployment.yaml", **base, **overlays)

        refused = job.uses({"service": "web", "environment": "staging", "mode": "merge"})
        proposed = job.uses({"service": "web", "environment": "staging", "mode": "pr"})

        assert (refused.code, refused.outputs["decision"]) == (1, "refuse"), refused.log
        assert "this changes prod too" in refused.json["why"]
        assert (proposed.code, proposed.outputs["reason_code"]) == (0, "proposed"), proposed.log
