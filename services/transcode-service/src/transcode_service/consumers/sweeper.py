"""The clock's edge: tidying up every few seconds, or at once when there is something to do."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import structlog

from reel_messaging.sqs import Valve
from transcode_service.ports.jobs import LedgerUnavailable, SweepDeps
from transcode_service.usecases.revive import bury_canceled, revive_forgotten
from transcode_service.usecases.sweep import sweep

PAUSE_S: Final = 5.0

Chore = Callable[[], Awaitable[None]]

log = structlog.stdlib.get_logger(__name__)


class Sweeper:
    """Runs chores, one after another, over and over."""

    def __init__(self, *, pause_s: float = PAUSE_S) -> None:
        self._pause_s = pause_s
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Say that there is something to do now."""
        self._wake.set()

    async def run(self, chores: Sequence[Chore]) -> None:
        """Run until cancelled. A chore that fails is logged, and gets its turn again."""
        while True:
            self._wake.clear()
            for chore in chores:
                await _do(chore)
            try:
                async with asyncio.timeout(self._pause_s):
                    await self._wake.wait()
            except TimeoutError:
                continue


def tidying(deps: SweepDeps, valve: Valve) -> Sequence[Chore]:
    """Return what keeps jobs and objects in order; nothing is revived that waits on purpose."""
    return (
        partial(bury_canceled, deps),
        partial(sweep, deps),
        while_open(valve, partial(revive_forgotten, deps)),
    )


def while_open(valve: Valve, chore: Chore) -> Chore:
    """Return a chore that does nothing while the valve is shut."""

    async def do() -> None:
        if valve.is_open:
            await chore()

    return do


async def _do(chore: Chore) -> None:
    try:
        await chore()
    except LedgerUnavailable as error:
        log.warning("chore_put_off", error=str(error))
    except Exception:
        log.exception("chore_failed")
