"""The posterior's laws: it sums to one, forgets the order, and never believes more for evidence against."""

from __future__ import annotations

from dataclasses import replace
from math import exp, inf, isfinite, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.attribution.bayes import posterior
from bot.attribution.evidence import Candidate, ChangeEvent, Count, Edge, Evidence, Kind, LogLine, Series, SideBySide, Touched, TrackRecord
from bot.attribution.fitted import SHIPPED
from bot.attribution.posterior import External, Noise, OfRelease, Platform
from tests.attribution.scenes import NOW, STEP, alert, chain, series

SERVICES = ("web", "cart", "db", "mail")
CULPRIT = "a" * 40

odd = st.floats(width=32) | st.just(nan) | st.just(inf)
times = st.floats(NOW - 9 * 24 * 3600, NOW + 3600)
candidates = st.builds(
    Candidate,
    st.text("abcdef0123456789", min_size=7, max_size=7),
    st.sampled_from(SERVICES),
    times | st.just(nan),
    st.just(()) | st.just(("web", "mail")),
    st.none() | st.builds(Touched, st.just(("a.go",)), st.text(max_size=60)),
    st.none() | st.booleans(),
    st.none() | st.integers(0, 10_000),
    st.builds(TrackRecord, st.integers(0, 50), st.integers(0, 500)),
    st.none() | st.floats(-1, 2) | st.just(nan),
)
poor = st.builds(
    lambda service, kind, counter, samples: Series(
        service, "m", kind, tuple(when for when, _ in samples), tuple(value for _, value in samples), counter
    ),
    st.sampled_from(SERVICES),
    st.sampled_from(Kind),
    st.booleans(),
    st.lists(st.tuples(times, odd), max_size=12),
)
edges = st.builds(Edge, st.sampled_from(SERVICES), st.sampled_from(SERVICES))
evidences = st.builds(
    Evidence,
    st.builds(alert, st.sampled_from((*SERVICES, None, "stranger")), st.booleans()),
    st.lists(candidates, max_size=50, unique_by=lambda one: one.key).map(tuple),
    st.lists(poor, max_size=6).map(tuple),
    st.lists(edges, max_size=6).map(tuple),
    st.just(()) | st.just((SideBySide("abcdef0", (Count(9, 5), Count(-1, 0)), (Count(0, 7),)),)),
    st.lists(st.builds(LogLine, times, st.sampled_from(SERVICES), st.text(max_size=40), st.booleans()), max_size=5).map(tuple),
    st.lists(st.builds(ChangeEvent, times, st.sampled_from(SERVICES), st.text(max_size=20)), max_size=2).map(tuple),
)


@settings(max_examples=120, deadline=None)
@given(evidences)
def test_any_evidence_has_a_posterior_that_sums_to_one(evidence: Evidence) -> None:
    found = posterior(evidence, SHIPPED)

    assert sum(belief.probability for belief in found.beliefs) == pytest.approx(1)
    assert sum(belief.prior for belief in found.beliefs) == pytest.approx(1)
    assert all(isfinite(term.nats) for belief in found.beliefs for term in belief.terms)
    assert found.none + sum(found.of(candidate.key) for candidate in evidence.candidates) == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(evidences, st.randoms(use_true_random=False))
def test_the_order_changes_nothing(evidence: Evidence, random: object) -> None:
    parts = ("candidates", "series", "edges", "events")
    shuffled = replace(evidence, **{part: _shuffled(getattr(evidence, part), random) for part in parts})

    first, second = posterior(evidence, SHIPPED), posterior(shuffled, SHIPPED)

    for candidate in evidence.candidates:
        assert second.of(candidate.key) == pytest.approx(first.of(candidate.key), abs=1e-9)


def _shuffled(parts: tuple[object, ...], random: object) -> tuple[object, ...]:
    copy = list(parts)
    random.shuffle(copy)  # type: ignore[attr-defined]
    return tuple(copy)


def test_each_number_leads_to_the_next() -> None:
    found = posterior(chain(), SHIPPED)

    weights = [belief.prior * exp(sum(term.nats for term in belief.terms)) for belief in found.beliefs]
    warm = [weight ** (1 / SHIPPED.temperature) for weight in weights]
    # a prior is a share: dividing all by one number before the temperature divides all shares by one number too
    assert [weight / sum(warm) for weight in warm] == pytest.approx([belief.probability for belief in found.beliefs])


def test_the_released_and_red_service_is_blamed() -> None:
    found = posterior(chain(), SHIPPED)

    assert found.enough
    assert found.releases[0].hypothesis == OfRelease(CULPRIT, "cart")
    assert found.of(CULPRIT) > 0.5
    assert found.said.startswith(f"probably release {CULPRIT} of cart")


def test_a_red_service_without_a_release_draws_belief_away() -> None:
    evidence = chain()
    others = tuple(candidate for candidate in evidence.candidates if candidate.service != "cart")

    found = posterior(replace(evidence, candidates=others), SHIPPED)

    assert found.none > 0.9
    assert "no release did this" in found.said
    assert found.beliefs[0].hypothesis == External("cart")


@pytest.mark.parametrize("released", [NOW + 1, NOW - 10, NOW - 30 * 24 * 3600])
def test_a_release_that_cannot_have_been_live_is_believed_less(released: float) -> None:
    assert posterior(chain(released_before=NOW - released), SHIPPED).of(CULPRIT) < posterior(chain(), SHIPPED).of(CULPRIT)


@settings(max_examples=40, deadline=None)
@given(st.floats(1.0, 50.0), st.floats(1.0, 50.0))
def test_a_smaller_step_of_its_own_service_never_raises_belief(one: float, other: float) -> None:
    lower, higher = sorted((one, other))

    def believed(after: float) -> float:
        return posterior(replace(chain(after), edges=()), SHIPPED).of(CULPRIT)

    assert believed(lower) <= believed(higher) + 1e-9


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 300))
def test_a_better_record_never_raises_belief(blamed: int, harmless: int, more: int) -> None:
    def believed(record: TrackRecord) -> float:
        evidence = chain()
        return posterior(replace(evidence, candidates=(replace(evidence.candidates[0], record=record),)), SHIPPED).of(CULPRIT)

    assert believed(TrackRecord(blamed, harmless + more)) <= believed(TrackRecord(blamed, harmless)) + 1e-12


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=8), st.integers(0, 20))
def test_fewer_failures_of_the_new_version_never_raise_belief(failures: list[tuple[int, int]], fewer: int) -> None:
    def believed(cut: int) -> float:
        new = tuple(Count(max(0, on_new - cut), 40) for on_new, _ in failures)
        old = tuple(Count(on_old, 60) for _, on_old in failures)
        return posterior(replace(chain(), side_by_side=(SideBySide(CULPRIT, new, old),)), SHIPPED).of(CULPRIT)

    assert believed(fewer) <= believed(0) + 1e-9


def test_touching_documentation_only_lowers_belief() -> None:
    def believed(touched: Touched | None) -> float:
        evidence = chain()
        changed = (replace(evidence.candidates[0], touched=touched), *evidence.candidates[1:])
        return posterior(replace(evidence, candidates=changed), SHIPPED).of(CULPRIT)

    assert believed(Touched(("docs/api.md", "README.md"))) < believed(None)


def test_a_strangers_host_in_the_new_errors_raises_none() -> None:
    lines = tuple(LogLine(NOW - at, "cart", f"POST https://api.bank.example/v1 returned 503 ({at})", True) for at in range(20))

    assert posterior(replace(chain(), logs=lines), SHIPPED).none > posterior(chain(), SHIPPED).none


def test_many_unrelated_red_services_are_the_platform_unless_they_share_a_release() -> None:
    red = [f"s{at}" for at in range(8)]
    alone = Evidence(alert("s0"), (Candidate(CULPRIT, "s0", NOW - 400),), tuple(series(name, 6.0) for name in red))
    shared = replace(alone, candidates=(Candidate(CULPRIT, "s0", NOW - 400, tuple(red[1:])),))

    apart, together = posterior(alone, SHIPPED), posterior(shared, SHIPPED)

    assert next(one for one in apart.beliefs if one.hypothesis == Platform()).probability > 0.3
    assert together.of(CULPRIT) > apart.of(CULPRIT)


@pytest.mark.parametrize(
    ("evidence", "says"),
    [
        pytest.param(Evidence(alert(), ()), "no release is known", id="nothing at all"),
        pytest.param(replace(chain(), series=()), "measured for long enough", id="no series"),
        pytest.param(
            replace(chain(), series=(Series("cart", "p99", Kind.LATENCY, (NOW,), (1.0,)),)), "measured for long enough", id="one sample"
        ),
        pytest.param(
            replace(chain(), series=tuple(replace(one, values=(nan,) * len(one.values)) for one in chain().series)),
            "measured for long enough",
            id="all missing",
        ),
        pytest.param(
            replace(chain(), candidates=chain().candidates[:1], series=chain().series[2:]),
            "nothing was measured of cart",
            id="not of the suspect",
        ),
        pytest.param(
            replace(chain(), series=(), candidates=tuple(Candidate(f"{at:040x}", "web", NOW - 10 * at) for at in range(50))),
            "measured for long enough",
            id="fifty candidates, no metrics",
        ),
    ],
)
def test_poor_evidence_is_said_to_be_poor(evidence: Evidence, says: str) -> None:
    found = posterior(evidence, SHIPPED)

    assert not found.enough
    assert found.said.startswith("not enough evidence: ")
    assert says in found.said


def test_no_graph_is_said_but_does_not_stop() -> None:
    found = posterior(replace(chain(), edges=()), SHIPPED)

    assert found.enough
    assert "who calls whom is not known" in found.lacking


def test_a_counters_reset_is_no_step() -> None:
    rising = tuple(float((at * 10) % 200) for at in range(30))  # resets at 200
    times = tuple(NOW - STEP * back for back in range(29, -1, -1))
    evidence = replace(chain(1.0), series=(*chain(1.0).series, Series("cart", "errors_total", Kind.ERRORS, times, rising, counter=True)))

    found = posterior(evidence, SHIPPED)

    errors = [
        term.nats for belief in found.beliefs if belief.hypothesis == External("cart") for term in belief.terms if term.name == "errors"
    ]
    assert sum(errors) == pytest.approx(0, abs=0.2)


def test_a_persons_report_is_seldom_noise() -> None:
    def noise(user: bool) -> float:
        found = posterior(replace(chain(1.5), alert=alert("web", user)), SHIPPED)
        return next(one for one in found.beliefs if one.hypothesis == Noise()).probability

    assert noise(True) < noise(False)
