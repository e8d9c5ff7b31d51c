from hypothesis import given
from hypothesis import strategies as st

from transcode_service.domain.backoff import RetryPolicy

seconds = st.floats(min_value=0.01, max_value=3600)
chances = st.floats(min_value=0, max_value=1, exclude_max=True)


@given(failures=st.integers(1, 10_000), base_s=seconds, max_s=seconds, chance=chances)
def test_a_wait_is_never_negative_nor_above_its_ceiling(
    failures: int, base_s: float, max_s: float, chance: float
) -> None:
    policy = RetryPolicy(max_attempts=5, base_s=base_s, max_s=max_s)

    delay_s = policy.delay_s(failures, lambda: chance)

    assert 0 <= delay_s < max_s + 1
    assert delay_s < base_s * 2.0 ** min(failures - 1, 63) + 1


@given(failures=st.integers(1, 7))
def test_the_ceiling_doubles_with_each_failure(failures: int) -> None:
    policy = RetryPolicy(max_attempts=9, base_s=2, max_s=300)

    longest_s = policy.delay_s(failures, lambda: 1.0)

    assert longest_s == 2**failures


def test_the_whole_range_down_to_nothing_is_used() -> None:
    policy = RetryPolicy(max_attempts=5, base_s=2, max_s=300)

    assert policy.delay_s(5, lambda: 0.0) == 0


def test_a_job_is_given_up_at_its_last_attempt() -> None:
    policy = RetryPolicy(max_attempts=3, base_s=2, max_s=300)

    assert [policy.is_exhausted(failures) for failures in (0, 1, 2, 3, 4)] == [
        False,
        False,
        False,
        True,
        True,
    ]
