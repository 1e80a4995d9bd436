"""Every pin of every real manifest, changed once: does exactly that place change? And are the versions that people rolled back found?"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.manifests import spans
from bot.manifests.pin import Pin, PinKind
from bot.manifests.read import is_manifest, read

HERE = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("ROLLBOT_SHARED", str(HERE.parent / "shared")))
NUMERIC = "1.10"
"""Every fourth pin is set to this: a version that YAML would take for a number where it is not quoted."""


@dataclass
class Tally:
    pins: Counter[str] = field(default_factory=Counter)
    exact: Counter[str] = field(default_factory=Counter)
    misses: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        self.pins += other.pins
        self.exact += other.exact
        self.misses += other.misses
        self.unread += other.unread
        self.examples = other.examples | self.examples


def cases() -> list[dict[str, Any]]:
    """Load the replay cases; none, said aloud, where the folder is absent."""
    source = SHARED / "replay" / "replay.py"
    if not source.is_file():
        print(f"no {source}: fixtures only (set ROLLBOT_SHARED)", file=sys.stderr)
        return []
    spec = importlib.util.spec_from_file_location("replay", source)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["replay"] = module
    spec.loader.exec_module(module)
    return list(module.load(source.parent))


def texts(found: list[dict[str, Any]]) -> list[tuple[str, bytes]]:
    """Return every distinct manifest text with its path, of the cases and of our fixtures."""
    distinct: dict[tuple[str, str], None] = {}
    for case in found:
        for files in (case["parent"], case["expected"], *(commit["files"] for commit in case["history"])):
            distinct.update({(path, text): None for path, text in files.items() if text is not None and is_manifest(path)})
    out = [(path, text.encode()) for path, text in distinct]
    for file in sorted((HERE / "fixtures").rglob("*")):
        if file.is_file() and not file.name.endswith(".expected.json") and is_manifest(file.name):
            out.append((file.relative_to(HERE / "fixtures").as_posix(), file.read_bytes()))
    return out


def new_value(pin: Pin, number: int) -> str:
    """Return another version of the same shape, or a number-like one."""
    if number % 4 == 0 and pin.kind is not PinKind.DIGEST and "@" not in pin.value and "sha256" not in pin.value and "." in pin.value:
        return NUMERIC if pin.value != NUMERIC else "1.20"
    last = pin.value[-1]
    turned = {"9": "8", "f": "e"}.get(last, chr(ord(last) + 1) if last.isdigit() or last in "abcde" else f"{last}1")
    return pin.value[:-1] + turned


def judge(file: bytes, pin: Pin, pins: tuple[Pin, ...], value: str) -> str | None:
    """Say why the edit of one pin is not exact; None where it is. Looks at bytes and at a second reading, not at edit's own proof."""
    answer = spans.edit(file, {pin: value})
    if not isinstance(answer, bytes):
        return f"refused: {answer.why}"
    tail = len(file) - pin.end
    if answer[: pin.start] != file[: pin.start] or answer[len(answer) - tail :] != file[pin.end :]:
        return "bytes outside the pin differ"
    if answer[pin.start : len(answer) - tail] not in (value.encode(), f'"{value}"'.encode()):
        return "the pin does not hold the new text"
    after = read(answer, pin.path).pins
    wanted = [(one.yaml_path, value if one is pin else one.value) for one in pins]
    return None if [(one.yaml_path, one.value) for one in after] == wanted else "a second reading shows other pins"


def check(batch: list[tuple[str, bytes]]) -> Tally:
    tally = Tally()
    for path, file in batch:
        reading = read(file, path)
        for objection in reading.objections:
            tally.unread[objection.why] += 1
        for number, pin in enumerate(reading.pins):
            tally.pins[pin.format] += 1
            value = new_value(pin, number)
            reason = judge(file, pin, reading.pins, value)
            if reason is None:
                tally.exact[pin.format] += 1
            else:
                key = f"{pin.format}: {reason}"
                tally.misses[key] += 1
                tally.examples.setdefault(key, f"{path} {pin.yaml_path} {pin.value} → {value}")
    return tally


def found_share(found: list[dict[str, Any]]) -> tuple[int, int, Counter[str]]:
    """Return how many of the scalars that people rolled back the reading lists with their value, of how many, and which not."""
    total = hits = 0
    missed: Counter[str] = Counter()
    known: dict[tuple[str, str], frozenset[str]] = {}
    for case in found:
        for scalar in case.get("scalars") or ():
            path, text = scalar["path"], case["parent"].get(scalar["path"])
            if text is None:
                continue
            if (path, text) not in known:
                pins = read(text.encode(), path).pins if is_manifest(path) else ()
                known[path, text] = frozenset(pin.value for pin in pins)
            total += 1
            if scalar["from"] in known[path, text]:
                hits += 1
            else:
                missed[f"{case['repo']}: {path}: {scalar['yaml_path']} = {scalar['from']}"] += 1
    return hits, total, missed


def batches(all_texts: list[tuple[str, bytes]], size: int = 60) -> Iterator[list[tuple[str, bytes]]]:
    """Deal the texts out evenly, so that one repository's large files do not fall into one batch."""
    dealt = sorted(all_texts, key=lambda item: hashlib.sha256(item[1]).digest())
    for start in range(0, len(dealt), size):
        yield dealt[start : start + size]


def run(all_texts: list[tuple[str, bytes]]) -> Tally:
    tally, done, began = Tally(), 0, time.monotonic()
    with ProcessPoolExecutor(max_workers=2) as pool:
        for part in pool.map(check, batches(all_texts)):
            tally.add(part)
            done += 1
            if done % 20 == 0:
                print(f"{min(done * 60, len(all_texts)):>6}/{len(all_texts)} texts, {time.monotonic() - began:.0f} s", file=sys.stderr)
    return tally


def show(tally: Tally, missed: Counter[str]) -> None:
    print(f"{'format':14}{'pins':>9}{'exact':>9}")
    for name, count in tally.pins.most_common():
        print(f"{name:14}{count:>9}{tally.exact[name] / count:>9.2%}")
    for title, reasons in (("misses", tally.misses), ("texts not read", tally.unread), ("scalars not found", missed)):
        if reasons:
            print(f"\n{title}:")
            for reason, count in reasons.most_common(60):
                example = tally.examples.get(reason)
                print(f"  {count:>6}  {reason}" + (f"  e.g. {example}" if example else ""))


def main() -> None:
    found = cases()
    hits, total, missed = found_share(found)
    tally = run(texts(found))
    show(tally, missed)
    pins = tally.pins.total()
    figures = {
        "pins": pins,
        "exact": round(tally.exact.total() / pins, 6) if pins else None,
        "found": round(hits / total, 4) if total else None,
    }
    print("RESULT " + json.dumps(figures))


if __name__ == "__main__":
    main()
