"""Relay the outbox and tidy up, until SIGTERM: `python -m video_service.worker`."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from random import SystemRandom
from typing import Final

import structlog

from reel_db.pool import DATABASE_ERRORS
from reel_http.serve import run_until_signalled, serve
from reel_observability import logs
from reel_observability.context import unit_of_work
from video_service.bootstrap import SERVICE, worker
from video_service.settings import Settings

JITTER: Final = 0.2
"""Workers that started together do not go on sweeping together."""
Chore = Callable[[], Awaitable[object]]

log = structlog.stdlib.get_logger(__name__)
_uniform = SystemRandom().uniform


async def main(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop`; then hand unfinished deliveries back."""
    async with worker(settings) as parts, asyncio.TaskGroup() as group:
        health = serve(
            parts.health, host=settings.host, port=settings.worker_port, stop=stop, grace_s=1
        )
        group.create_task(health, name="health")
        tasks = [
            group.create_task(parts.relay.run(), name="relay"),
            group.create_task(tidy(parts.chores, settings.sweep_interval_s), name="tidy"),
        ]
        log.info("worker_started")
        await stop.wait()
        for task in tasks:
            task.cancel()
    log.info("worker_stopped")


async def tidy(chores: Sequence[Chore], interval_s: float) -> None:
    """Do the chores about every `interval_s`, at once to begin with.

    What is cancelled midway leaves nothing half done; a database that is away is waited for.
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
        log.exception("chore_failed")  # the others, and the relay, go on


def run() -> None:
    settings = Settings.from_env(os.environ)
    logs.configure(SERVICE, settings.log_level)
    run_until_signalled(lambda stop: main(settings, stop))


if __name__ == "__main__":
    run()
