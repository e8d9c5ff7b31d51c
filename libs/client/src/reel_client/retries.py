"""Bounded retries with exponential back-off and full jitter.

Source: "Exponential Backoff And Jitter", AWS Architecture Blog: wait uniform(0, min(max, base·2ⁿ)).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

Sleep = Callable[[float], Awaitable[None]]

RETRY_AFTER_MAX_S: Final = 30.0
"""A server's Retry-After is honoured up to here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how patiently. `attempts` counts the first one; `sleep` is the clock."""

    attempts: int
    base_s: float
    max_s: float
    sleep: Sleep = asyncio.sleep

    def retrying(self, is_transient: Callable[[BaseException], bool]) -> AsyncRetrying:
        """Return the loop `async for attempt in …: with attempt: …`; re-raises the last failure."""
        return AsyncRetrying(
            sleep=self.sleep,
            stop=stop_after_attempt(self.attempts),
            wait=self._wait_s,
            retry=retry_if_exception(is_transient),
            reraise=True,
        )

    def _wait_s(self, state: RetryCallState) -> float:
        jittered = wait_random_exponential(multiplier=self.base_s, max=self.max_s)(state)
        failure = state.outcome.exception() if state.outcome else None
        hint = getattr(failure, "retry_after_s", None) or 0.0
        return max(jittered, min(float(hint), RETRY_AFTER_MAX_S))


API_RETRIES: Final = RetryPolicy(attempts=4, base_s=0.2, max_s=5.0)
PART_RETRIES: Final = RetryPolicy(attempts=8, base_s=0.5, max_s=15.0)
