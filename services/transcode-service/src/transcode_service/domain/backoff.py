"""How long to wait before the next attempt."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

Random = Callable[[], float]
"""Returns a number in [0, 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """At most `max_attempts` attempts count; waits grow from `base_s` up to `max_s`."""

    max_attempts: int
    base_s: float
    max_s: float

    def is_exhausted(self, failures: int) -> bool:
        """Tell whether a job that failed so often is given up."""
        return failures >= self.max_attempts

    def delay_s(self, failures: int, random: Random) -> int:
        """Return the wait after the n-th failure: exponential, with full jitter, in whole seconds.

        Uniform in [0, min(max_s, base_s × 2^(n-1))], rounded up because SQS counts whole seconds.
        Full jitter spreads the retries of jobs that one outage failed together.
        """
        ceiling_s = min(self.max_s, self.base_s * 2.0 ** min(failures - 1, 63))
        return ceil(random() * ceiling_s)
