from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode_service.domain.poster import MAX_CANDIDATES, most_telling, poster_of

RATE = Fraction(30)


@pytest.mark.parametrize(
    ("duration_s", "every"),
    [(0.04, 8), (2.0, 8), (4.0, 8), (16.0, 30), (3600.0, 6750), (None, 60)],
)
def test_candidates_are_spread_over_the_film(duration_s: float | None, every: int) -> None:
    assert poster_of((1280, 720), RATE, duration_s).every == every


@given(
    duration_s=st.floats(0.001, 4 * 3600),
    rate=st.sampled_from([Fraction(1), Fraction(15), Fraction(24000, 1001), Fraction(60)]),
)
def test_the_last_candidate_is_of_the_film_s_last_part(duration_s: float, rate: Fraction) -> None:
    poster = poster_of((1280, 720), rate, duration_s)

    last_s = float((MAX_CANDIDATES - 1) * poster.every / rate)
    assert last_s >= duration_s * 0.8


def test_the_most_detailed_candidate_is_chosen_and_the_first_of_equals() -> None:
    assert most_telling([10, 30, 20], [128, 128, 128]) == 1
    assert most_telling([10, 30, 30], [128, 128, 128]) == 1


def test_noise_in_the_dark_is_no_detail() -> None:
    assert most_telling([900, 30, 20], [12, 40, 128]) == 1


def test_a_film_that_is_all_dark_has_a_poster_too() -> None:
    assert most_telling([10, 30, 20], [0, 5, 0]) == 1
    assert most_telling([10], [0]) == 0
