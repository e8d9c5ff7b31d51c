"""Deliver news, hear of deleted videos, sweep, until SIGTERM: `python -m upload_service.worker`."""

import asyncio
import os
from random import SystemRandom
from typing import Final

import structlog

from reel_db.pool import DATABASE_ERRORS
from reel_http.serve import run_until_signalled, serve
from reel_observability import logs
from reel_observability.context import unit_of_work
from upload_service.bootstrap import SERVICE, worker
from upload_service.ports import Deps
from upload_service.settings import Settings
from upload_service.usecases.sweep import sweep

JITTER: Final = 0.2
"""Workers that started together do not go on sweeping together."""

log = structlog.stdlib.get_logger(__name__)
_uniform = SystemRandom().uniform


async def main(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop`; then finish what is in hand, and hand the rest back."""
    drained = asyncio.Event()
    async with worker(settings) as parts, asyncio.TaskGroup() as group:
        health = serve(
            parts.health, host=settings.host, port=settings.worker_port, stop=drained, grace_s=1
        )
        group.create_task(health, name="health")
        relaying = group.create_task(parts.relay.run(), name="relay")
        sweeping = group.create_task(
            sweep_forever(parts.deps, settings.sweep_interval_s), name="sweep"
        )
        log.info("worker_started")
        await parts.consumer.run(stop)
        relaying.cancel()
        sweeping.cancel()
        drained.set()
    log.info("worker_stopped")


async def sweep_forever(deps: Deps, interval_s: float) -> None:
    """Sweep about every `interval_s`, at once to begin with; a database that is away is waited for.

    A sweep that is cancelled midway leaves nothing half done: what it did is committed, what it
    claimed comes up again when its lease has run out.
    """
    while True:
        with unit_of_work("sweep"):
            try:
                await sweep(deps)
            except DATABASE_ERRORS as error:
                log.warning("sweep_postponed", error=repr(error))
        await asyncio.sleep(interval_s * _uniform(1 - JITTER, 1 + JITTER))


def run() -> None:
    settings = Settings.from_env(os.environ)
    logs.configure(SERVICE, settings.log_level)
    run_until_signalled(lambda stop: main(settings, stop))


if __name__ == "__main__":
    run()
