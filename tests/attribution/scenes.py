"""Evidence for tests: a few services, one of which stepped out, and releases around that time."""

from __future__ import annotations

from bot.attribution.evidence import Alert, Candidate, Edge, Evidence, Kind, Series

NOW = 1_700_000_000.0
STEP = 60.0
LENGTH = 30


def series(service: str, after: float = 1.0, kind: Kind = Kind.LATENCY, bad: int = 3, metric: str = "p99") -> Series:
    """A series with a little noise around 1.0 whose last `bad` samples are `after`."""
    times = tuple(NOW - STEP * back for back in range(LENGTH - 1, -1, -1))
    calm = [1.0 + 0.02 * ((at * 7) % 5 - 2) for at in range(LENGTH)]
    return Series(service, metric, kind, times, (*calm[: LENGTH - bad], *([after] * bad)))


def alert(service: str | None = "web", user: bool = False) -> Alert:
    return Alert(service, "p99", NOW, NOW - STEP, user, Kind.LATENCY)


def chain(culprit_after: float = 8.0, released_before: float = 400.0) -> Evidence:
    """web calls cart calls db; cart stepped out, web a little; cart, db and web were released, cart's last."""
    return Evidence(
        alert(),
        (
            Candidate("a" * 40, "cart", NOW - released_before),
            Candidate("b" * 40, "db", NOW - 2000.0),
            Candidate("c" * 40, "web", NOW - 3000.0),
        ),
        (series("web", 2.0), series("cart", culprit_after), series("db"), *(series(f"other-{at}") for at in range(8))),
        (Edge("web", "cart"), Edge("cart", "db")),
    )
