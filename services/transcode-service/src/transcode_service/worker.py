"""Transcode until SIGTERM: `python -m transcode_service.worker`.

Both consumers, the outbox relay, the sweeper and the health endpoints, in one process and loop.
"""

import asyncio
import os
import signal

import structlog

from reel_http.serve import run_until_signalled, serve
from reel_observability import logs
from transcode_service.bootstrap import SERVICE, Worker, capacity, worker
from transcode_service.settings import Settings

log = structlog.stdlib.get_logger(__name__)


async def main(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop`; then finish what can be finished in time, and hand the rest back."""
    _let_second_signal_kill(stop)
    async with worker(settings) as parts:
        room = capacity(settings)
        log.info("worker_started", concurrency=room.jobs, threads=room.threads)
        await _run(parts, settings, stop)
    log.info("worker_stopped")


async def _run(parts: Worker, settings: Settings, stop: asyncio.Event) -> None:
    drained = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(
            serve(parts.health, host=settings.host, port=settings.port, stop=drained, grace_s=1),
            name="health",
        )
        background = [
            group.create_task(parts.relay.run(), name="relay"),
            group.create_task(parts.sweeper.run(parts.chores), name="sweeper"),
            group.create_task(parts.watch.run(parts.jobs.interrupt), name="consumption"),
        ]
        async with asyncio.TaskGroup() as consuming:
            for consumer in (parts.jobs, parts.events):
                consuming.create_task(consumer.run(stop), name="consumer")
        drained.set()
        for task in background:
            task.cancel()


def _let_second_signal_kill(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set():
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        log.info("worker_stopping", signal=number.name)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)


def run() -> None:
    settings = Settings.from_env(os.environ)
    logs.configure(SERVICE, settings.log_level)
    run_until_signalled(lambda stop: main(settings, stop))


if __name__ == "__main__":
    run()
