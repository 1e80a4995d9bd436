"""Pipelines are known by where they lie; elsewhere the same keys mean nothing."""

from __future__ import annotations

import pytest

from bot.manifests.ci import pins
from bot.manifests.read import read

STEPS = b"jobs:\n  a:\n    env: {IMAGE_TAG: v1.4.2}\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./local\n"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".github/workflows/deploy.yaml", ["v4"]),
        ("modules/web/.github/workflows/deploy.yml", ["v4"]),
        (".gitea/workflows/deploy.yml", ["v4"]),
        ("deploy/action.yml", ["v4"]),
        ("deploy/values.yaml", []),
    ],
)
def test_actions_are_pinned_in_workflows(path: str, found: list[str]) -> None:
    assert [pin.value for pin in pins(STEPS, path)] == found


def test_a_workflow_has_its_other_versions_too() -> None:
    assert [pin.value for pin in read(STEPS, ".github/workflows/deploy.yaml").pins] == ["v1.4.2", "v4"]


def test_hooks_are_pinned_by_their_revision() -> None:
    (pin,) = pins(b"repos:\n  - repo: https://git.example.org/hooks\n    rev: 24.10.0\n    hooks: [{id: x}]\n", ".pre-commit-config.yaml")

    assert (pin.artefact, pin.value) == ("https://git.example.org/hooks", "24.10.0")
