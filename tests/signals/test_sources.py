"""What every source promises: recorded payloads become signals, anything else is refused; nothing else happens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Refused
from bot.signals.signal import Alert, Asked, ChangeEvent, Command, Ignored, Told
from bot.signals.sources import SOURCES, parse

PAYLOADS = Path(__file__).parents[2] / "fixtures" / "payloads"
RECORDED = [
    pytest.param(f"{source}:{file.name.partition('.')[0]}" if row.event else source, file, id=f"{source}/{file.name}")
    for source, row in SOURCES.items()
    for file in sorted((PAYLOADS / source).glob("*"))
    if not file.name.startswith("ignored.")
]
NOTHING = [
    pytest.param(source, file, id=f"{source}/{file.name}") for source in SOURCES for file in sorted((PAYLOADS / source).glob("ignored.*"))
]
EACH = [
    pytest.param(f"{source}:{event}" if event else source, id=f"{source}-{event}")
    for source, row in SOURCES.items()
    for event in (
        ("issue_comment", "push", "check_run", "pull_request", "status", "merge_group", "deployment_status") if row.event else ("",)
    )
]
NOW = 1_800_000_000.0

TEXTS = st.text(max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


def _swapped(value, other):
    """The value with each of its parts replaced by something else, one at a time."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield {**value, key: other}
            yield from ({**value, key: changed} for changed in _swapped(part, other))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from ([*value[:at], changed, *value[at + 1 :]] for changed in _swapped(part, other))


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_has_recorded_payloads(source):
    assert list((PAYLOADS / source).glob("*"))


@pytest.mark.parametrize(("source", "file"), RECORDED)
def test_recorded_payloads_become_signals(source, file):
    signals = parse(source, file.read_bytes(), NOW)

    assert signals and not isinstance(signals, Ignored)
    assert all(isinstance(signal, Alert | Asked | Command | Told | ChangeEvent) for signal in signals)
    assert len({signal.key for signal in signals}) == len(signals)


@pytest.mark.parametrize(("source", "file"), NOTHING)
def test_what_holds_nothing_for_us_says_why(source, file):
    found = parse(source, file.read_bytes(), NOW)

    assert isinstance(found, Ignored) and found.why


@pytest.mark.parametrize(("source", "file"), RECORDED)
def test_the_same_delivery_has_the_same_keys(source, file):
    first, again = (parse(source, file.read_bytes(), at) for at in (NOW, NOW + 300))

    assert [signal.key for signal in first] == [signal.key for signal in again]


@pytest.mark.parametrize("source", EACH)
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=100, deadline=None)
def test_any_body_is_read_or_refused(source, body):
    try:
        signals = parse(source, body, NOW)
    except Refused:
        return
    assert isinstance(signals, tuple | Ignored)


@pytest.mark.parametrize(("source", "file"), RECORDED)
@given(JSON)
@settings(max_examples=20, deadline=None)
def test_a_payload_with_a_strange_part_is_read_or_refused(source, file, other):
    for payload in _swapped(json.loads(file.read_bytes()), other):
        try:
            signals = parse(source, json.dumps(payload).encode(), NOW)
        except Refused:
            continue
        assert isinstance(signals, Ignored) or all(signal.key.encode() for signal in signals)


@pytest.mark.parametrize("source", EACH)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe", id="not UTF-8"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(b'{"a":' * 100_000, id="deep object"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="unknown shape"),
        pytest.param(b'{"status":"firing","alerts":[{"labels":{"a":"\\ud800"}}]}', id="lone surrogate"),
    ],
)
def test_bad_bodies_are_refused(source, body):
    with pytest.raises(Refused):
        parse(source, body, NOW)
