"""How far a whole job is, and how long it will take."""

import pytest

from transcode_service.domain.estimate import WEIGHT, Estimator, overall
from transcode_service.domain.transcoding import Phase, Progress


def encoding(fraction: float | None) -> Progress:
    return Progress(fraction or 1.0, fraction)


def test_the_phases_make_one_whole() -> None:
    assert sum(WEIGHT.values()) == pytest.approx(1)
    assert list(WEIGHT) == list(Phase)


def test_a_job_never_goes_back() -> None:
    steps = [Progress(0.0, fraction, phase) for phase in Phase for fraction in (0.0, 0.5, 1.0)]

    fractions = [overall(step) for step in steps]

    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0, pytest.approx(1))


def test_the_time_left_follows_from_the_encoders_speed() -> None:
    estimator = Estimator()
    estimator.hear(Progress(0.0, 0.0, Phase.READING), now_s=95)
    estimator.hear(encoding(0.0), now_s=100)

    estimate = estimator.hear(encoding(0.5), now_s=145)

    # Half the film in 45 s: the encode takes 90 s, which is 90 % of the job.
    assert estimate is not None
    assert estimate.fraction == pytest.approx(0.47)
    assert estimate.eta_s == pytest.approx(53)


def test_what_follows_the_encode_is_estimated_too() -> None:
    estimator = Estimator()
    estimator.hear(encoding(0.0), now_s=0)
    estimator.hear(encoding(1.0), now_s=90)

    estimate = estimator.hear(Progress(60.0, 0.0, Phase.VERIFYING), now_s=96)

    assert estimate is not None
    assert (estimate.phase, estimate.eta_s) == (Phase.VERIFYING, pytest.approx(2))


def test_nothing_is_estimated_before_there_is_a_speed() -> None:
    estimator = Estimator()

    estimate = estimator.hear(Progress(0.0, 0.0, Phase.READING), now_s=0)

    assert estimate is not None
    assert estimate.eta_s is None


def test_a_film_of_unknown_length_has_no_end_in_sight() -> None:
    estimator = Estimator()
    estimator.hear(encoding(None), now_s=0)

    estimate = estimator.hear(Progress(60.0, 0.0, Phase.PUBLISHING), now_s=60)

    assert estimate is not None
    assert (estimate.fraction, estimate.eta_s) == (pytest.approx(0.92), None)


def test_two_reports_are_two_seconds_and_one_per_cent_apart() -> None:
    estimator = Estimator()
    told = [
        now_s
        for now_s in range(100)
        if estimator.hear(encoding(now_s / 10_000), now_s=now_s) is not None
    ]
    quick = Estimator()
    told_quickly = [
        tenth
        for tenth in range(100)
        if quick.hear(encoding(tenth / 100), now_s=tenth / 10) is not None
    ]

    assert told == [0]
    assert told_quickly == [0, 20, 40, 60, 80]
