"""Deliver news, hear of deleted videos, sweep, until SIGTERM: `python -m upload_service.worker`."""

import asyncio
import os

import structlog

from reel_db.chores import tidy
from reel_http.serve import run_until_signalled, serve
from reel_observability import logs
from upload_service.bootstrap import SERVICE, worker
from upload_service.settings import Settings

log = structlog.stdlib.get_logger(__name__)


async def main(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop`; then finish what is in hand, and hand the rest back."""
    drained = asyncio.Event()
    async with worker(settings) as parts, asyncio.TaskGroup() as group:
        health = serve(
            parts.health, host=settings.host, port=settings.worker_port, stop=drained, grace_s=1
        )
        group.create_task(health, name="health")
        relaying = group.create_task(parts.relay.run(), name="relay")
        tidying = group.create_task(tidy(parts.chores, settings.sweep_interval_s), name="tidy")
        log.info("worker_started")
        await parts.consumer.run(stop)
        relaying.cancel()
        tidying.cancel()
        drained.set()
    log.info("worker_stopped")


def run() -> None:
    settings = Settings.from_env(os.environ)
    logs.configure(SERVICE, settings.log_level)
    run_until_signalled(lambda stop: main(settings, stop))


if __name__ == "__main__":
    run()
