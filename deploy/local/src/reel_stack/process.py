"""One running part: its reaper, its log, its end."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self

import psutil

from reel_stack import overlay, reaper
from reel_stack.errors import PartFailed
from reel_stack.layout import Layout
from reel_stack.parts import EXIT_MARGIN_S, Part
from reel_stack.unprivileged import unprivileged

TAIL_LINES: Final = 15
TAIL_BYTES: Final = 16_384


def reaper_argv(part: Part, *, parent: int, hold: int | None) -> list[str]:
    """The command line that runs a part below a reaper."""
    argv, user = unprivileged(part.argv) if part.unprivileged else (part.argv, None)
    options = [f"--parent={parent}", f"--stop-signal={int(part.stop_signal)}"]
    options += [f"--stop-s={part.stop_s}"]
    options += [] if user is None else [f"--user={user}"]
    options += [] if hold is None else [f"--hold={hold}"]
    return [sys.executable, "-I", "-S", reaper.__file__, *options, "--", *argv]


def tail(path: Path, since: int = 0) -> str:
    """The last lines of a log, none from before the given byte."""
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(max(since, path.stat().st_size - TAIL_BYTES))
        lines = log.read().decode(errors="replace").splitlines()
    return "\n".join(lines[-TAIL_LINES:])


class Process:
    """A part that was started; ends with its reaper."""

    def __init__(
        self, part: Part, log: Path, log_start: int, started: asyncio.subprocess.Process
    ) -> None:
        self.part = part
        self._log = log
        self._log_start = log_start
        self._reaper = started

    @classmethod
    async def start(
        cls, part: Part, layout: Layout, *, base: Mapping[str, str], hold: int | None
    ) -> Self:
        """Run the part with its output appended to its log."""
        path = layout.log_of(part.name)
        with path.open("ab") as log:
            log_start = log.tell()
            started = await asyncio.create_subprocess_exec(
                *reaper_argv(part, parent=os.getpid(), hold=hold),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env={**base, **part.env, **overlay.read(part.settings_file)},
                cwd=layout.var,
                start_new_session=True,
                pass_fds=() if hold is None else (hold,),
            )
        return cls(part, path, log_start, started)

    @property
    def pid(self) -> int:
        """The part's own process id, or its reaper's while the part is not there."""
        try:
            below = psutil.Process(self._reaper.pid).children()
        except psutil.NoSuchProcess:
            below = []
        return below[0].pid if below else self._reaper.pid

    @property
    def ended(self) -> bool:
        return self._reaper.returncode is not None

    async def wait(self) -> int:
        """Wait for the part to end; gives its exit status, 128 + N for signal N."""
        return await self._reaper.wait()

    async def stop(self) -> None:
        """End the part by its own stop signal, by force when that takes too long."""
        if self.ended:
            return
        self._reaper.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self.part.stop_s + EXIT_MARGIN_S):
                await self._reaper.wait()
        except TimeoutError:
            self._kill_tree()
            await self._reaper.wait()

    def _kill_tree(self) -> None:
        """Children first: the reaper's death would hand them to another parent."""
        parent = psutil.Process(self._reaper.pid)
        for process in (*parent.children(recursive=True), parent):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue

    def failure(self, what: str) -> PartFailed:
        """The error to raise about this part, with the end of its log."""
        return PartFailed(self.part.name, what, tail(self._log, self._log_start))
