"""A metric's name → what it measures, by the words that are usual in such names; None where they do not say."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.attribution.evidence import Kind

_SAY: Mapping[Kind, re.Pattern[str]] = {
    Kind.ERRORS: re.compile(r"error|fail|5xx|panic|exception|restart|oom|reject|timeout"),
    Kind.AVAILABILITY: re.compile(r"avail|success|ready|(^|_)up$"),
    Kind.LATENCY: re.compile(r"latency|duration|response_time|_p\d\d|p\d\d_"),
    Kind.RESOURCE: re.compile(
        r"cpu|mem|disk|buffer|queue|throttl|saturation|utili[sz]ation|connections|goroutines|threads|query_count|lag|age"
    ),
    Kind.TRAFFIC: re.compile(r"requests|rps|qps|throughput|per_(sec|min)|_rate$|_total$|lps"),
}
"""Tried in this order: `requests_failed_total` are errors, not traffic."""


def kind_of(metric: str) -> Kind | None:
    """Return what a metric of this name measures."""
    name = metric.lower()
    return next((kind for kind, pattern in _SAY.items() if pattern.search(name)), None)
