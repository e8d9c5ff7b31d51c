import asyncio

import pytest

from reel_messaging.retry import RetryPolicy, keep_cancellation
from reel_testing.waiting import until


def longest(_: float, most: float) -> float:
    return most


def test_the_longest_wait_doubles_up_to_its_limit() -> None:
    policy = RetryPolicy(base_s=2, max_s=30, uniform=longest)

    assert [policy.delay_s(attempt) for attempt in range(1, 7)] == [2, 4, 8, 16, 30, 30]


def test_the_wait_is_anywhere_below_the_longest() -> None:
    policy = RetryPolicy(base_s=8, max_s=8)

    waits_s = [policy.delay_s(1) for _ in range(200)]

    assert 0 <= min(waits_s) < 2
    assert 6 < max(waits_s) <= 8


@pytest.mark.parametrize("attempt", [0, 10_000])
def test_no_attempt_number_is_out_of_range(attempt: int) -> None:
    assert 0 <= RetryPolicy(base_s=1, max_s=60).delay_s(attempt) <= 60


async def test_a_failing_clean_up_does_not_hide_a_cancellation() -> None:
    tries = 0

    async def try_for_ever() -> None:
        nonlocal tries
        while True:
            try:
                tries += 1
                await hang_then_fail_to_clean_up()
            except OSError as error:
                keep_cancellation(error)

    async def hang_then_fail_to_clean_up() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("the connection is gone")

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        task = group.create_task(try_for_ever())
        await until(lambda: tries == 1)
        task.cancel()

    assert task.cancelled()
    assert tries == 1
