"""Starts parts, waits until they serve, restarts them, and ends everything."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from reel_stack.layout import Layout
from reel_stack.parts import Part
from reel_stack.process import Process
from reel_stack.report import Report

START_S: Final = 60.0
PROBE_EVERY_S: Final = 0.05
RESTART_BASE_S: Final = 0.5
RESTART_MAX_S: Final = 30.0
HEALTHY_AFTER_S: Final = 10.0
"""A service that ran for so long did start: its end is the first failure of a new count."""
JITTER_STEPS: Final = 1000


def restart_delay_s(failures: int) -> float:
    """Exponential back-off with jitter: half of the delay is fixed, half is random."""
    ceiling = min(RESTART_MAX_S, RESTART_BASE_S * 2 ** (failures - 1))
    return ceiling * (1 + secrets.randbelow(JITTER_STEPS) / JITTER_STEPS) / 2


def failures_in_a_row(before: int, status: int, lived_s: float) -> int:
    """Count the end of a service; one that was told to end, or had lived for long, begins anew."""
    return 1 if status == 0 or lived_s > HEALTHY_AFTER_S else before + 1


class Supervisor:
    """The running parts of one stack. Watchers live in the caller's task group."""

    def __init__(
        self,
        group: asyncio.TaskGroup,
        layout: Layout,
        report: Report,
        *,
        base: Mapping[str, str],
        hold: int | None = None,
        restart_servers: bool = False,
    ) -> None:
        self._group = group
        self._layout = layout
        self._report = report
        self._base = base
        self._hold = hold
        self._restart_servers = restart_servers
        self._processes: dict[str, Process] = {}
        self._stopping = False
        self.on_restart: Callable[[], object] = lambda: None

    def pids(self) -> dict[str, int]:
        """The parts' process ids by name."""
        return {name: process.pid for name, process in self._processes.items()}

    async def start(self, part: Part) -> None:
        """Start a part, wait until it is ready, and watch it from then on. Raises PartFailed."""
        began = time.monotonic()
        process = await self._spawn(part)
        await self._ready(process)
        self._report.step(part.name, time.monotonic() - began)
        self._group.create_task(self._watch(process), name=f"watch {part.name}")

    async def run(self, part: Part) -> None:
        """Run a part that ends by itself, such as a migration. Raises PartFailed if it fails."""
        began = time.monotonic()
        process = await self._spawn(part)
        status = await process.wait()
        del self._processes[part.name]
        if status != 0:
            raise process.failure(f"ended with status {status}")
        self._report.step(part.name, time.monotonic() - began)

    @asynccontextmanager
    async def briefly(self, part: Part) -> AsyncGenerator[None]:
        """Run a part for the length of a block, and end it in good order. Raises PartFailed."""
        process = await self._spawn(part)
        await self._ready(process)
        yield
        await self._stop(process)
        del self._processes[part.name]

    async def stop(self) -> None:
        """End the services, then the servers they need."""
        self._stopping = True
        running = tuple(self._processes.values())
        await self._stop_all(process for process in running if process.part.is_service)
        await self._stop_all(process for process in running if not process.part.is_service)

    async def _stop_all(self, processes: Iterable[Process]) -> None:
        async with asyncio.TaskGroup() as group:
            for process in processes:
                group.create_task(self._stop(process))

    async def _stop(self, process: Process) -> None:
        began = time.monotonic()
        await process.stop()
        self._report.stopped(process.part.name, time.monotonic() - began)

    async def _spawn(self, part: Part) -> Process:
        process = await Process.start(part, self._layout, base=self._base, hold=self._hold)
        self._processes[part.name] = process
        return process

    async def _ready(self, process: Process) -> None:
        probe = process.part.ready
        if probe is None:
            return
        try:
            async with asyncio.timeout(START_S):
                while not await probe():
                    if process.ended:
                        status = await process.wait()
                        raise process.failure(f"ended with status {status} while starting")
                    await asyncio.sleep(PROBE_EVERY_S)
        except TimeoutError as error:
            raise process.failure(f"was not ready within {START_S:.0f} s") from error

    async def _watch(self, process: Process) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            status = await process.wait()
            if self._stopping:
                return
            if not (process.part.is_service or self._restart_servers):
                raise process.failure(f"ended with status {status}")
            failures = failures_in_a_row(failures, status, time.monotonic() - began)
            delay_s = restart_delay_s(failures)
            self._report.restarting(process.part.name, status, delay_s)
            await asyncio.sleep(delay_s)
            process = await self._spawn(process.part)
            self.on_restart()
