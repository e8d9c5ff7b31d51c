"""Time as an argument."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present instant in UTC; the only place that asks the system for it."""
    return datetime.now(UTC)  # noqa: TID251 - this is the Clock everything else takes
