"""A job of GitHub Actions, as far as one step that `uses:` this action: its files, its variables, its shell.

https://docs.github.com/en/actions/reference/workflows-and-actions: composite actions, default variables, workflow commands.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
_STOP = re.compile(r"::stop-commands::(.+)")


@dataclass
class Step:
    """What the runner knows of the step once it has ended."""

    code: int
    log: str
    outputs: dict
    summary: str
    commands: list

    @property
    def json(self):
        return json.loads(self.outputs["json"])


@dataclass
class Job:
    """`variables` are the runner's own; nothing else of this machine's environment gets in but the path to programs."""

    folder: Path
    variables: dict
    token: str = "job-token-0123456789"
    event: dict = field(default_factory=dict)
    python: str = sys.executable

    def __post_init__(self):
        for name in ("temp", "workspace", "home"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def uses(self, given, environment=None):
        """Run the steps of `action.yml` with these inputs, each in bash as the runner starts it, until one fails."""
        declared = {name: str(about.get("default", "")) for name, about in ACTION["inputs"].items()}
        undeclared = set(given) - set(declared)
        assert not undeclared, f"action.yml has no input {undeclared}"
        known = {"github.token": self.token}
        inputs = {name: _filled(value, known) for name, value in (declared | {k: str(v) for k, v in given.items()}).items()}
        known |= {f"inputs.{name}": value for name, value in inputs.items()}
        done = None
        for step in ACTION["runs"]["steps"]:
            if "uses" in step:
                known["steps.python.outputs.python-path"] = self.python
                continue
            said = {name: _filled(str(value), known) for name, value in step.get("env", {}).items()}
            done = self._run(step["run"], said | (environment or {}))
            known |= {f"steps.{step.get('id')}.outputs.{name}": value for name, value in done.outputs.items()}
            if done.code:
                break
        outputs = {name: _filled(about["value"], known) for name, about in ACTION["outputs"].items()}
        return Step(done.code, done.log, outputs, done.summary, done.commands)

    def _run(self, script, environment):
        files = {name: self.folder / name for name in ("output", "summary", "event.json", "script.sh")}
        for name in ("output", "summary"):
            files[name].write_text("")
        files["event.json"].write_text(json.dumps(self.event))
        files["script.sh"].write_text(script)
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_EVENT_PATH": str(files["event.json"]),
            "GITHUB_OUTPUT": str(files["output"]),
            "GITHUB_STEP_SUMMARY": str(files["summary"]),
            "RUNNER_TEMP": str(self.folder / "temp"),
            **self.variables,
            **environment,
        }
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(files["script.sh"])]
        ran = subprocess.run(
            shell,
            cwd=self.folder / "workspace",
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=300,
        )
        log = ran.stdout.decode()
        return Step(ran.returncode, log, outputs_of(files["output"].read_text()), files["summary"].read_text(), obeyed(log))

    def installed(self):
        """Have this test's own Rollbot stand where the action would install it: as on the second use in one job."""
        crc = subprocess.run(["cksum"], input=str(ROOT).encode(), capture_output=True, check=True).stdout.split()[0].decode()
        programs = self.folder / "temp" / "rollbot" / f"venv-{crc}" / "bin"
        programs.mkdir(parents=True)
        for name in ("python", "rollbot"):
            (programs / name).write_text(f'#!/bin/sh\nexec "{Path(sys.executable).with_name(name)}" "$@"\n')
            (programs / name).chmod(0o755)
        return self


def _filled(text, known):
    """Replace `${{ a.b }}`; what is unknown is empty, as in GitHub's expressions."""
    return _EXPRESSION.sub(lambda match: known.get(match[1], ""), text)


def outputs_of(text):
    """Read a file of outputs as the runner does: `name=value`, or `name<<END`, lines, `END`."""
    found, lines = {}, iter(text.split("\n"))
    for line in lines:
        name, heredoc, end = line.partition("<<")
        if heredoc and "=" not in name:
            value = []
            for row in lines:
                if row == end:
                    break
                value.append(row)
            else:
                raise AssertionError(f"output {name} has no end")
            found[name] = "\n".join(value)
        elif "=" in line:
            name, _, found[name] = line.partition("=")
        elif line:
            raise AssertionError(f"no output: {line!r}")
    return found


def obeyed(log):
    """The commands that the runner would obey in a log: `::name …::…` at the start of a line, `##[name]` anywhere, unless stopped."""
    found, stopped = [], None
    for line in log.split("\n"):
        text = line.strip()
        if stopped is not None:
            stopped = None if text == f"::{stopped}::" else stopped
            continue
        stop = _STOP.fullmatch(text)
        if stop:
            stopped = stop[1]
        elif text.startswith("::") or "##[" in text:
            found.append(text)
    return found
