"""The real worker of transcode-service, as a process of its own."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from reel_stack.environment import base_environment
from reel_testing.service_process import ServiceProcess, service_process
from transcode_service.settings import PREFIX, Settings

WorkerProcess: TypeAlias = ServiceProcess
KILL_AFTER_S: Final = 30.0
STUCK: Final = """#!{python} -ISE
import os, pathlib, select, sys

if "-version" in sys.argv:
    sys.exit(print("ffmpeg version 7.1"))
pathlib.Path("{pid_file}").write_text(str(os.getpid()))
hang_up = select.poll()
hang_up.register(0, 0)
hang_up.poll()
"""


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables that say the same as `settings`."""
    given = msgspec.structs.asdict(settings).items()
    return {f"{PREFIX}{name.upper()}": str(value) for name, value in given if value is not None}


async def run_ops(settings: Settings, folder: Path, *arguments: str) -> tuple[int | None, str]:
    """Run the operators' command as they do; return its exit status and output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "transcode_service.ops",
        *arguments,
        env={**base_environment(folder), **environment(settings)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


@asynccontextmanager
async def worker_process(settings: Settings, folder: Path) -> AsyncGenerator[WorkerProcess]:
    """Run `python -m transcode_service.worker` until the end of the block, whatever happens."""
    module, log = "transcode_service.worker", folder / "worker.log"
    async with service_process(module, environment(settings), log) as process:
        yield process


@dataclass(frozen=True, slots=True)
class StuckFfmpeg:
    """An FFmpeg that reads nothing, and ends when its input does, as FFmpeg does."""

    path: Path
    pid_file: Path

    @classmethod
    def make(cls, folder: Path) -> "StuckFfmpeg":
        """Write the program into a directory."""
        made = cls(folder / "ffmpeg", folder / "ffmpeg.pid")
        made.path.write_text(STUCK.format(python=sys.executable, pid_file=made.pid_file))
        made.path.chmod(0o755)
        return made

    def runs(self) -> bool:
        """Tell whether it was started and has not ended."""
        try:
            os.kill(int(self.pid_file.read_text()), 0)
        except (FileNotFoundError, ValueError, ProcessLookupError):
            return False
        return True
