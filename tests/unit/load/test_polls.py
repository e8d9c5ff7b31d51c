"""What pollers count, and the percentiles made of it."""

import pytest

from reel_testing.load.polls import Latency, Tally


def test_percentiles_lie_between_neighbours() -> None:
    latency = Latency.of([number / 1000 for number in range(101)])

    assert latency.p50_ms == pytest.approx(50)
    assert latency.p95_ms == pytest.approx(95)
    assert latency.p99_ms == pytest.approx(99)
    assert latency.highest_ms == pytest.approx(100)


def test_the_order_of_answers_does_not_matter() -> None:
    seconds = [0.3, 0.1, 0.2, 0.9, 0.4]

    assert Latency.of(seconds) == Latency.of(sorted(seconds))


def test_one_answer_is_every_percentile() -> None:
    latency = Latency.of([0.25])

    assert (latency.p50_ms, latency.p99_ms, latency.highest_ms) == (250, 250, 250)


def test_a_tally_counts_by_status_and_by_fault() -> None:
    tally = Tally()
    tally.answered(0.1, 200, None)
    tally.answered(0.1, 304, None)
    tally.answered(0.3, 503, "status-503")
    tally.faults["connection-lost"] += 1

    report = tally.report(2.0, 0.5)

    assert report.statuses == {"200": 1, "304": 1, "503": 1}
    assert (report.requests, report.per_s, report.errors) == (3, 1.5, 2)
