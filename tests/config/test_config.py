"""`.rollbot.yaml`: what it says, all that can be wrong with it, and that its page and its schema say the same."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.config import Config, json_schema, parse, problems
from bot.config.models import ConfigModel
from bot.errors import BadConfig
from bot.incidents.rules import AlertRule
from bot.manifests.rules import PinRule, ServiceRule
from bot.policy.settings import PolicyRules, Trust

ROOT = Path(__file__).parents[2]
EVERYTHING = (ROOT / "fixtures" / "config" / "everything.yaml").read_bytes()
PAGE = (ROOT / "docs" / "configuration.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", [b"", b"# nothing\n", b"---\n", b"version: 1\n", b"policy:\nalerts:\n  rules:\n"])
def test_without_words_the_defaults_hold(text):
    assert parse(text) == Config()


def test_everything_arrives_where_it_belongs():
    config = parse(EVERYTHING)

    assert config.manifests.pins[1] == PinRule("worker", "deploy/worker.json", yaml_path="worker.image.tag", artefact="ghcr.io/acme/worker")
    assert config.manifests.services[0] == ServiceRule("legacy/*/*.env", name="{2}", environment="{1}")
    assert config.manifests.environments == {"live": "prod", "shop-qa": "staging"}
    assert config.manifests.ignore == ("archive/**",)
    assert config.alerts.rules == (AlertRule({"alertname": "Slo*", "team": "shop"}, "{app}", "prod", True),)
    assert config.alerts.environments == {"live": "prod", "shop-qa": "staging", "p": "prod"}
    assert "my-exporter" in config.alerts.ignore_values
    assert "kubelet" in config.alerts.ignore_values
    assert "prometheus" not in config.alerts.ignore_values
    assert config.attribution.good_after == 5400
    assert config.policy.trust == {"prod": Trust.PROPOSE, "staging": Trust.MERGE, "*": Trust.NOTIFY}
    assert [each.rollbacks for each in config.policy.freezes] == [True, False]
    assert config.policy.freezes[1].window.start == 1797724800.0
    assert config.policy.hours[0].trust is Trust.PROPOSE
    assert {"billing*", "argocd*"} <= set(config.policy.protected)
    assert "redis*" not in config.policy.protected
    assert config.outcomes.settle == 90


def test_every_value_of_the_example_differs_from_its_default():
    config, default = parse(EVERYTHING), Config()
    same = [
        f"{stage.name}.{rule.name}"
        for stage in dataclasses.fields(Config)
        for rule in dataclasses.fields(getattr(config, stage.name))
        if getattr(getattr(config, stage.name), rule.name) == getattr(getattr(default, stage.name), rule.name)
    ]

    assert same == ["alerts.act_by_default", "policy.stop"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        pytest.param("a: [\n", 2, "not YAML", id="broken"),
        pytest.param("version: 1\n\tx: 1", 2, "not YAML", id="tab"),
        pytest.param("a: \xff".encode("latin-1"), 1, "not UTF-8", id="not UTF-8"),
        pytest.param("- a", 1, "the file: expected a mapping", id="a list"),
        pytest.param("a: 1\n---\nb: 1", 3, "expected one YAML document", id="two documents"),
        pytest.param("\npolcy: {}", 2, "unknown key polcy (did you mean policy?)", id="unknown key"),
        pytest.param("policy:\n  cooldwn: 1h", 2, "unknown key cooldwn in policy (did you mean cooldown?)", id="unknown key inside"),
        pytest.param("outcomes:\n  zzz: 1", 2, "valid here: arrive_within, settle", id="nothing near"),
        pytest.param(
            "pins:\n- name: x\n  files: a\n  regexp: (?P<version>.)", 4, "unknown key regexp in pins[0] (did you mean regex?)", id="item"
        ),
        pytest.param("version: 2", 1, "version: expected one of 1", id="version"),
        pytest.param("policy:\n  cooldown: 90", 2, "expected a duration such as 90s", id="no unit"),
        pytest.param("policy:\n  cooldown: -5m", 2, "expected a duration", id="negative"),
        pytest.param("policy:\n  cooldown: 99999d", 2, "less than or equal", id="too long"),
        pytest.param("policy:\n  trust:\n    prod: merg", 3, "(did you mean merge?)", id="trust"),
        pytest.param("policy:\n  trust: merge", 2, "policy.trust: expected a mapping", id="trust without environment"),
        pytest.param("policy:\n  stop: perhaps", 2, "policy.stop: expected true or false", id="bool"),
        pytest.param("policy:\n  frozen: prod", 2, "policy.frozen: expected a list", id="list"),
        pytest.param("policy:\n  freezes:\n  - cron: 0 18 * * FRI", 3, "either cron and lasts, or start and end", id="half a window"),
        pytest.param("policy:\n  freezes:\n  - lasts: 1h\n    cron: 0 25 * * *", 4, "five fields such as", id="no such hour"),
        pytest.param("policy:\n  freezes:\n  - lasts: 1h\n    cron: 0 0 1 * * *", 4, "wrong number of fields", id="six fields"),
        pytest.param("policy:\n  freezes:\n  - lasts: 1h\n    cron: 0 0 1 * *\n    timezone: ../x", 5, "a time zone", id="no zone"),
        pytest.param("policy:\n  maintenance:\n  - start: 2026-12-20\n    end: 2026-12-19", 3, "end after the start", id="backwards"),
        pytest.param("policy:\n  maintenance:\n  - start: soon\n    end: 2026-12-19", 3, "a date or a time such as", id="no date"),
        pytest.param("policy:\n  hours:\n  - start: 2026-12-20\n    end: 2026-12-21", 3, "trust is missing", id="hours without trust"),
        pytest.param("outcomes:\n  min_samples: many", 2, "expected a whole number", id="number"),
        pytest.param("ignore: [/a]", 1, "expected a glob from the repository's root", id="absolute glob"),
        pytest.param("ignore: [a/../b]", 1, "expected a glob", id="dots"),
        pytest.param("pins: [{name: x, files: a, regex: '('}]", 1, "Python's syntax: missing )", id="regex"),
        pytest.param("pins: [{name: x, files: a, regex: 'v(.*)'}]", 1, "a group named version", id="no group"),
        pytest.param("pins: [{name: x, files: a}]", 1, "exactly one of yaml_path and regex", id="neither"),
        pytest.param("pins: [{name: x, files: a, yaml_path: b, regex: '(?P<version>.)'}]", 1, "exactly one of", id="both"),
        pytest.param("pins:\n- name: x\n  yaml_path: b", 2, "pins[0].files is missing", id="missing"),
        pytest.param("services: [{files: 'a/*'}]", 1, "expected name, environment or primary", id="says nothing"),
        pytest.param("services: [{files: 'a/*', name: '{2}'}]", 1, "{2} refers to no star of a/*", id="no such star"),
        pytest.param("groups:\n- service: a\n  requires: b ^2", 3, "groups[0].requires: expected `>=`", id="requirement"),
        pytest.param("groups: [{service: a, versions: x y}]", 1, "expected `>=`, `>`, `<=`, `<`, `=` or `!=` before `x`", id="bounds"),
        pytest.param("alerts: {rules: [{match: {}}]}", 1, "at least 1 item", id="empty match"),
        pytest.param("policy: {}\npolicy: {}", 2, "policy stands here twice", id="twice"),
        pytest.param(
            "x: &a [1, 1]\ny: &b [*a, *a]\n" + "a: &c [*b]\n" * 5 + "z: [" + ", ".join(["*b"] * 4000) + "]", None, "aliases", id="aliases"
        ),
        pytest.param("a: " + "x" * 300_000, None, "expected at most 256 KiB", id="too large"),
    ],
)
def test_problems_say_where_and_what_was_expected(text, line, says):
    found = problems(text if isinstance(text, bytes) else text.encode(), "x/.rollbot.yaml")

    assert any(says in str(problem) and problem.line == line and problem.path == "x/.rollbot.yaml" for problem in found), list(
        map(str, found)
    )


def test_all_problems_are_told_in_the_files_order():
    text = b"polcy: {}\npins:\n- name: x\n  files: a\n  regex: x\nservices:\n- {}\noutcomes: {soak: 5}\n"

    assert [problem.line for problem in problems(text)] == [1, 5, 7, 8]
    with pytest.raises(BadConfig, match="3 more in this file"):
        parse(text)


@given(st.binary(max_size=100) | st.text(alphabet="policy:alertspins \n-[]{}&*'1m", max_size=60).map(str.encode))
@settings(max_examples=100, deadline=None)
def test_any_text_is_read_or_its_problems_told(text):
    found = problems(text)

    if found:
        with pytest.raises(BadConfig):
            parse(text)
    else:
        assert isinstance(parse(text), Config)


def test_stages_have_no_setting_that_the_file_cannot_set():
    for stage in dataclasses.fields(Config):
        keys = set(ConfigModel.model_fields)
        if stage.name in ConfigModel.model_fields:
            keys = set(ConfigModel.model_fields[stage.name].annotation.model_fields)
        assert {rule.name for rule in dataclasses.fields(stage.default_factory)} <= keys, stage.name


def test_the_schema_knows_every_key_and_default():
    schema = json_schema()
    text = json.dumps(schema)

    assert schema["properties"].keys() == ConfigModel.model_fields.keys()
    assert schema["$defs"]["PolicyModel"]["properties"]["cooldown"]["default"] == "1h"
    assert PolicyRules().cooldown == 3600
    assert '"additionalProperties": false' in text


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_pages_examples_are_right(example):
    assert problems(example.encode()) == ()


def test_the_page_names_every_key():
    schema = json_schema()
    keys = {*schema["properties"], *(key for part in schema["$defs"].values() for key in part.get("properties", ()))}

    assert [key for key in keys if f"`{key}`" not in PAGE and f"{key}:" not in PAGE] == []
    assert all(f"\n{key}:" in PAGE for key in schema["properties"])
