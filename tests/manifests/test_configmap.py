from __future__ import annotations

import pytest

from bot.manifests.configmap import pins


@pytest.mark.parametrize(
    ("key", "value", "pinned"),
    [
        ("instance-tag", "internal-prod", "internal-prod"),
        ("dynamic.linux-arm64.instance-tag", "prod-arm64", "prod-arm64"),
        ("RUNNER_VERSION", '"2.10"', "2.10"),
        ("RUNNER_IMAGE", "quay.io/example/runner:v2.1", "v2.1"),
        ("RUNNER_IMAGE", "quay.io/example/runner", None),
        ("notes-version", "see the wiki", None),
        ("max-instances", '"10"', None),
        ("use-tag", "true", None),
        ("release.txt", "1.2.3", None),
    ],
)
def test_keys_that_promise_a_version(key: str, value: str, pinned: str | None) -> None:
    file = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata:\n  {key}: {value}\n".encode()

    assert [pin.value for pin in pins(file, "cm.yaml")] == ([pinned] if pinned else [])


def test_other_kinds_are_left_to_other_formats() -> None:
    assert list(pins(b"kind: Thing\n# ConfigMap\ndata: {tag: 1.2.3}\n", "x.yaml")) == []
