"""A plan × the desired state → what a person types where Git's host is away: for a clone, and for the cluster meanwhile.

Every word that comes from the repository is quoted for a shell. Nothing here is run by Rollbot.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from shlex import quote
from typing import Any

import yaml

from bot.plans.plan import Plan
from bot.releases.release import DesiredState

MOST = 8
"""Edits, and objects that deliver them, beyond which the rest is only counted: more is not typed at night."""
_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
"""Of an object in a cluster; what is none is no word for a shell either."""
_LARGEST = 256 * 1024


def commands(plan: Plan, state: DesiredState) -> tuple[str, ...]:
    """In the order of typing. First the edit in a clone, then what keeps the cluster from going back, then the cluster itself."""
    paths = sorted(path for path in plan.files if path in state.tree)
    if not all(path.isprintable() for path in paths):
        return ("# a file's name holds what cannot be typed: go back by hand",)
    edits = [f"# {_line(e.path)}:{e.line} {_line(e.yaml_path)}: {_line(e.before)} -> {_line(e.after)}" for e in plan.moves]
    shown = edits[:MOST] + ([f"# and {len(edits) - MOST} more"] if len(edits) > MOST else [])
    branch = f"break-glass-{plan.key()[:8]}"
    delivering = list(dict.fromkeys(each for path in paths for each in _delivering(path, state)))[:MOST]
    return (
        f"git switch -c {branch} {plan.base}",
        *shown,
        f"git commit -m {quote(f'Roll back {_line(plan.undone_version)}')} -- {' '.join(map(quote, paths))}",
        *(hold for hold, _ in delivering),
        *dict.fromkeys(_apply(path, state) for path in paths),
        f"# when the host is back: git push origin {branch}, and merge it" + (", then:" if delivering else ""),
        *(release for _, release in delivering),
    )


def _apply(path: str, state: DesiredState) -> str:
    """What brings a file to the cluster: the nearest kustomization above it, else the file."""
    folder = PurePosixPath(path).parent
    for name in _KUSTOMIZATIONS:
        if str(folder / name) in state.tree:
            return f"kubectl apply -k {quote(f'./{folder}')}"
    text = state.file(path) or b""
    if b"apiVersion:" in text and b"kind:" in text:
        return f"kubectl apply -f {quote(f'./{path}')}"
    return f"# {path} is rendered by a tool (a chart's values?): apply it the way that does"


def _delivering(path: str, state: DesiredState) -> Iterator[tuple[str, str]]:
    """Argo CD's Applications and Flux's Kustomizations whose folder holds the file: how each is held, and let go again."""
    for each in sorted(state.tree):
        text = state.file(each) if each.endswith((".yaml", ".yml")) else None
        if text is None or len(text) > _LARGEST or (b"kind: Application" not in text and b"kustomize.toolkit.fluxcd.io" not in text):
            continue
        for document in _documents(text):
            match document:
                case {"kind": "Application", "metadata": {"name": str(name)}, "spec": {"source": {"path": str(folder)}}}:
                    held = f"argocd app set {name} --sync-policy none", f"argocd app set {name} --sync-policy automated"
                case {"kind": "Kustomization", "metadata": {"name": str(name), **more}, "spec": {"path": str(folder)}}:
                    within = str(more.get("namespace", "default"))
                    held = f"flux suspend kustomization {name} -n {within}", f"flux resume kustomization {name} -n {within}"
                    name = name if _NAME.fullmatch(within) else ""
                case _:
                    continue
            if _in(path, folder) and _NAME.fullmatch(name):
                yield held


def _documents(text: bytes) -> list[Any]:
    try:
        return list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return []


def _in(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(PurePosixPath(folder.removeprefix("./").strip("/") or "."))


def _line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:200]
