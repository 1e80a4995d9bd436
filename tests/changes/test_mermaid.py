"""Our diagrams, strangers' words in them, given to Mermaid itself (fetched from npm into .cache; skipped where that cannot be had)."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bot.attribution.onset import Onset
from bot.changes.brief import Brief
from bot.changes.mermaid import chart, timeline
from bot.incidents.incident import Symptom
from tests.github.packages import Unobtainable, installed

PACKAGES = ("mermaid@11", "jsdom@26")
PARSE = """
import { JSDOM } from 'jsdom';
import { readFileSync } from 'fs';
const { window } = new JSDOM('<body></body>', { pretendToBeVisual: true });
globalThis.window = window; globalThis.document = window.document;
const { default: mermaid } = await import('mermaid');
mermaid.initialize({ startOnLoad: false, securityLevel: 'strict' });
const answers = [];
for (const diagram of JSON.parse(readFileSync(0, 'utf8'))) {
  try { answers.push((await mermaid.parse(diagram)).diagramType); }
  catch (error) { answers.push('refused: ' + error.message.slice(0, 200)); }
}
console.log(JSON.stringify(answers));
"""
EVIL = [
    "2.8.0",
    '"; click x "http://evil"',
    "a: crit, done, 2026-01-01, 1d",
    "%%{init: {'securityLevel': 'loose'}}%%",
    "x\n    section y\n    end",
    "#quot; #35; `b` {c} <d>",
    "title section gantt end click",
    "",
    "日本語 é 🚀",
    "--> [1, 2",
    "x" * 500,
]


@pytest.fixture(scope="module")
def mermaid() -> Path:
    try:
        folder = installed("mermaid", PACKAGES)
    except Unobtainable as error:
        pytest.skip(f"diagrams are not given to Mermaid itself: {error}")
    (folder / "parse.mjs").write_text(PARSE)
    return folder


def parsed(folder: Path, diagrams: list[str]) -> list[str]:
    done = subprocess.run(["node", "parse.mjs"], cwd=folder, input=json.dumps(diagrams).encode(), capture_output=True, timeout=100)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    answers: list[str] = json.loads(done.stdout)
    return answers


def a_brief(text: str) -> Brief:
    return Brief(
        reason="",
        alerts=(Symptom("k", "s", text, {}, 1_773_000_100.0),),
        onset=Onset(1_773_000_000.0, 1_773_000_060.0, ""),
        released=1_772_999_900.0,
        decided=1_773_000_200.0,
        metric=text,
        samples=tuple((1_773_000_000.0 + at, value) for at, value in ((-600, 0.0), (0, 2e-9), (30, 1e9), (60, -3.5), (90, 0.31))),
    )


@pytest.mark.timeout(300)
def test_mermaid_reads_every_diagram_as_what_it_is(mermaid: Path) -> None:
    briefs = [a_brief(text) for text in EVIL] + [replace(a_brief("x"), released=None), replace(a_brief("x"), alerts=())]
    lines = [timeline(brief, text, text) for brief, text in zip(briefs, [*EVIL, "x", "x"], strict=True)]
    charts = [chart(brief) for brief in briefs]

    found = parsed(mermaid, [*lines, *charts, "gantt\n    section a\n    b c d"])

    assert found[:-1] == ["gantt"] * len(lines) + ["xychart"] * len(charts)
    assert found[-1].startswith("refused")
