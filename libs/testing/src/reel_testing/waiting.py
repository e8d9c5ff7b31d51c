"""Waiting for a condition, instead of for a while."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Final

WITHIN_S: Final = 20.0
EVERY_S: Final = 0.005


async def until(
    condition: Callable[[], bool | Awaitable[bool]], *, within_s: float = WITHIN_S
) -> None:
    """Return once `condition` holds.

    Raises:
        TimeoutError: it does not within `within_s`.
    """
    async with asyncio.timeout(within_s):
        while not await _holds(condition):  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(EVERY_S)


async def _holds(condition: Callable[[], bool | Awaitable[bool]]) -> bool:
    outcome = condition()
    return await outcome if inspect.isawaitable(outcome) else outcome
