"""An entry point of a service as a deployment starts it: a process, settings, a log, signals."""

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from reel_stack.environment import base_environment
from reel_testing.waiting import until

START_S: Final = 60.0
STOP_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class ServiceProcess:
    """A running process; its log is a file of JSON lines."""

    process: Process
    log: Path

    def events(self) -> list[dict[str, Any]]:
        """Return the complete log lines so far."""
        lines = self.log.read_bytes().splitlines(keepends=True)
        return [msgspec.json.decode(line) for line in lines if line.endswith(b"}\n")]

    def named(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of one event so far."""
        return [line for line in self.events() if line.get("event") == event]

    async def until_logged(self, event: str, *, within_s: float = START_S) -> dict[str, Any]:
        """Wait for an event in the log. Raises TimeoutError."""
        await until(lambda: bool(self.named(event)), within_s=within_s)
        return self.named(event)[0]

    async def port(self) -> int:
        """Wait until it listens, and tell where."""
        return (await self.until_logged("http_listening"))["ports"][0]

    async def end(
        self, number: signal.Signals = signal.SIGTERM, *, within_s: float = STOP_S
    ) -> int:
        """Send a signal and return the exit status. Raises TimeoutError."""
        self.process.send_signal(number)
        async with asyncio.timeout(within_s):
            return await self.process.wait()


@asynccontextmanager
async def service_process(
    module: str, env: Mapping[str, str], log: Path
) -> AsyncGenerator[ServiceProcess]:
    """Run `python -m MODULE` until the end of the block, whatever happens."""
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module),
            env={**base_environment(log.parent), **env},
            stdout=out,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        yield ServiceProcess(process, log)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
