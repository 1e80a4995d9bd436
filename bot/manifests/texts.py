"""Files that are no YAML and may yet hold versions: which they are by their names."""

from __future__ import annotations

import re

BRACES = (".tf", ".tfvars", ".hcl", ".nomad", ".libsonnet", ".jsonnet", ".cue", ".nix")
"""Languages of assignments in braces."""

_LINES = (".toml", ".sh", ".bash", ".mk", ".dockerfile", ".properties")
_LINE_NAMES = re.compile(r"(?:Dockerfile|Containerfile)(?:\..+)?|(?:GNU)?[Mm]akefile|[Jj]ustfile|\.tool-versions")
_PACKAGES = frozenset({"pyproject.toml", "Cargo.toml", "Pipfile", "book.toml", "netlify.toml", "clippy.toml", "rustfmt.toml", "uv.lock"})
"""They say what a program is built from, not what runs; only what is annotated there counts."""

_NO_STATE = re.compile(
    r"(?:^|/)(?:package(?:-lock)?|composer|tsconfig[^/]*|\.?renovate[^/]*|\.?eslintrc|lerna|nx|project|angular|manifest|bun|deno)\.json$"
    r"|dashboard|schema|swagger|openapi|node_modules/|\.vscode/|\.devcontainer|(?:^|/)tests?/|testdata/|fixtures/.*/payload"
)


def is_text(path: str) -> bool:
    """Say by its name whether a file is read as text, and never as YAML."""
    return has_braces(path) or has_lines(path)


def has_braces(path: str) -> bool:
    return path.endswith(BRACES)


def has_lines(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.endswith(_LINES) or _LINE_NAMES.fullmatch(name) is not None


def is_json(path: str) -> bool:
    """Say whether a JSON file may be desired state: not what packages, editors, dashboards and schemas are kept in."""
    return path.endswith(".json") and _NO_STATE.search(path.lower()) is None


def of_packages(path: str) -> bool:
    """Say whether a file lists what a program is built from."""
    return path.rpartition("/")[2] in _PACKAGES
