"""When to try again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import SystemRandom
from typing import Final

Uniform = Callable[[float, float], float]
_UNIFORM: Final[Uniform] = SystemRandom().uniform
_MAX_EXPONENT: Final = 32  # 2**32 s is for ever; a float must not overflow


class PermanentDeliveryError(Exception):
    """The destination will never take this message: repeating it is pointless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential back-off with full jitter, given up after `max_attempts`.

    The wait after attempt n is uniform in [0, min(`max_s`, `base_s` x 2^(n-1))], so that senders
    that failed together do not come back together.
    """

    max_attempts: int = 40
    base_s: float = 0.5
    max_s: float = 300
    uniform: Uniform = _UNIFORM

    def delay_s(self, attempt: int) -> float:
        """Return how long to wait after attempt number `attempt`, counted from 1."""
        exponent = min(max(attempt, 1) - 1, _MAX_EXPONENT)
        return self.uniform(0, min(self.max_s, self.base_s * 2**exponent))


RECONNECT: Final = RetryPolicy(base_s=0.1, max_s=5)
"""For connections to our own servers: quick at first, never slower than 5 s."""


def keep_cancellation(error: BaseException) -> None:
    """Raise CancelledError again where a failing clean-up has replaced it by `error`.

    Releasing a broken connection raises, even while its task is being cancelled; a loop that then
    just tries again would never end.

    Raises:
        asyncio.CancelledError: this task is being cancelled.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from error
