"""Operators' orders: take jobs, or let them wait."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from reel_messaging.sqs import Valve
from transcode_service.domain.consumption import Consumption
from transcode_service.ports.jobs import LedgerUnavailable, ReadConsumption
from transcode_service.usecases.job_metrics import PAUSED

LOOK_S: Final = 1.0

log = structlog.stdlib.get_logger(__name__)


class ConsumptionWatch:
    """Opens and shuts a valve as the database says; it looks every `look_s`.

    Asking is as cheap as a heartbeat, and unlike LISTEN it keeps no connection and misses nothing.
    While the database is away the last order holds.
    """

    def __init__(self, read: ReadConsumption, valve: Valve, *, look_s: float = LOOK_S) -> None:
        self._read = read
        self._valve = valve
        self._look_s = look_s
        self._known: Consumption | None = None

    @property
    def is_paused(self) -> bool:
        """Tell whether the last order seen was to let jobs wait."""
        return self._known is not None and self._known.is_paused

    async def run(self, interrupt: Callable[[], None]) -> None:
        """Watch until cancelled; `interrupt` hands back what runs."""
        while True:
            try:
                self._follow(await self._read(), interrupt)
            except LedgerUnavailable as error:
                log.warning("consumption_unknown", error=str(error))
            await asyncio.sleep(self._look_s)

    def _follow(self, wanted: Consumption, interrupt: Callable[[], None]) -> None:
        known, self._known = self._known, wanted
        if wanted == known:
            return
        PAUSED.set(wanted.is_paused)
        if wanted.is_paused:
            self._valve.shut()
            log.warning("consumption_paused", reason=wanted.reason, interrupt=wanted.interrupt)
        else:
            self._valve.open()
            log.info("consumption_open")
        if wanted.interrupts(known):
            interrupt()
