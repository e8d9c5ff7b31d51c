"""What a worker does over and over, whatever else it is there for."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import SystemRandom
from typing import Final

import structlog

from reel_db.pool import DATABASE_ERRORS
from reel_observability.context import unit_of_work

JITTER: Final = 0.2
"""Workers that started together do not go on tidying together."""

Chore = Callable[[], Awaitable[object]]

log = structlog.stdlib.get_logger(__name__)
_uniform = SystemRandom().uniform


async def tidy(chores: Sequence[Chore], interval_s: float) -> None:
    """Do the chores about every `interval_s`, at once to begin with.

    A database that is away is waited for. What is cancelled midway leaves nothing half done, as
    far as each chore commits what it did.
    """
    while True:
        with unit_of_work("tidy"):
            for chore in chores:
                await _do(chore)
        await asyncio.sleep(interval_s * _uniform(1 - JITTER, 1 + JITTER))


async def _do(chore: Chore) -> None:
    try:
        await chore()
    except DATABASE_ERRORS as error:
        log.warning("chore_put_off", error=repr(error))
    except Exception:
        log.exception("chore_failed")  # the others, and the rest of the worker, go on
