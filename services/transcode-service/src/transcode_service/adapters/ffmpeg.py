"""Runs FFmpeg: bytes in, progress out."""

import asyncio
import os
import resource
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from transcode_service.adapters import launch
from transcode_service.adapters.child import Limits, limit, reap
from transcode_service.adapters.pipe import OutPipe
from transcode_service.domain.media_errors import EncodeTimedOut
from transcode_service.domain.verdict import check_exit, is_demuxer_error
from transcode_service.ports.media import Encoded
from transcode_service.usecases.failures import most_telling_failure

TAIL_LINES: Final = 40
STALL_S: Final = 60.0
GRACE_S: Final = 1.0
"""FFmpeg ended by us would flush its encoders, for seconds, into files that nobody wants."""
LINE_BYTES: Final = 1024 * 1024
MAX_MEMORY_BYTES: Final = 8 * 1024**3
MAX_FILE_BYTES: Final = 2 * 1024**3
_US_PER_S: Final = 1_000_000

log = structlog.stdlib.get_logger(__name__)


class FfmpegEncoder:
    """Encodes with one FFmpeg a call, in a process group of its own and within limits.

    `stall_s` is how long FFmpeg may neither take bytes nor make film while both are there;
    `grace_s` how long it gets between SIGTERM and SIGKILL.
    """

    def __init__(self, ffmpeg: Path, *, stall_s: float = STALL_S, grace_s: float = GRACE_S) -> None:
        self._ffmpeg = ffmpeg
        self._stall_s = stall_s
        self._grace_s = grace_s

    async def encode(
        self,
        arguments: Sequence[str],
        feed: AsyncIterator[bytes],
        *,
        deadline_s: float,
        on_encoded_s: Callable[[float], None],
    ) -> Encoded:
        started = time.monotonic()
        with OutPipe() as pipe:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", launch.__file__, str(os.getpid())),
                self._ffmpeg,
                *arguments,
                stdin=pipe.reader_fd,
                stdout=PIPE,
                stderr=PIPE,
                env={},
                start_new_session=True,
                limit=LINE_BYTES,
            )
            run = _Run(process, pipe, on_encoded_s)
            try:
                limit(process, _limits(deadline_s))
                pipe.close_reader()
                log.info("ffmpeg_started", pid=process.pid)
                await self._to_its_end(run, feed, deadline_s)
            finally:
                await reap(process, grace_s=self._grace_s)
        wall_s = time.monotonic() - started
        log.info("ffmpeg_ended", exit_code=process.returncode, wall_s=round(wall_s, 3))
        run.check()
        return Encoded(run.bytes_in, wall_s, run.drained)

    async def _to_its_end(self, run: "_Run", feed: AsyncIterator[bytes], deadline_s: float) -> None:
        try:
            with most_telling_failure():
                async with asyncio.timeout(deadline_s), asyncio.TaskGroup() as group:
                    feeding = group.create_task(run.feed(feed), name="ffmpeg-stdin")
                    group.create_task(run.read_progress(), name="ffmpeg-stdout")
                    group.create_task(run.drain_messages(), name="ffmpeg-stderr")
                    watch = group.create_task(run.watch(self._stall_s), name="ffmpeg-watch")
                    await run.process.wait()
                    feeding.cancel()
                    watch.cancel()
        except TimeoutError as error:
            raise EncodeTimedOut(f"no end after {deadline_s:.0f} s") from error


class _Run:
    """One FFmpeg and what is known of it."""

    def __init__(
        self, process: Process, pipe: OutPipe, on_encoded_s: Callable[[float], None]
    ) -> None:
        self.process = process
        self.bytes_in = 0
        self.drained = False
        self._pipe = pipe
        self._on_encoded_s = on_encoded_s
        self._encoded_s = 0.0
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        self._demuxer_errors = 0
        self._alive_at = time.monotonic()
        self._awaits_source = False

    async def feed(self, chunks: AsyncIterator[bytes]) -> None:
        """Pass on the stream; FFmpeg closing it early is told by its exit status, not here."""
        with suppress(BrokenPipeError):
            while (chunk := await self._next(chunks)) is not None:
                await self._pipe.write(chunk)
                self.bytes_in += len(chunk)
                self._alive_at = time.monotonic()
            self.drained = True
        self._pipe.close()

    async def _next(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        self._awaits_source = True
        chunk = await anext(chunks, None)
        self._awaits_source = False
        self._alive_at = time.monotonic()
        return chunk

    async def read_progress(self) -> None:
        """Follow `-progress`: lines of `key=value`, of which `out_time_us` tells film made."""
        async for name, value in _pairs(_stream(self.process.stdout)):
            if name == "out_time_us" and value.lstrip("-").isdigit():
                self._made(int(value) / _US_PER_S)

    def _made(self, encoded_s: float) -> None:
        if encoded_s <= self._encoded_s:
            return
        self._encoded_s = encoded_s
        self._alive_at = time.monotonic()
        self._on_encoded_s(encoded_s)

    async def drain_messages(self) -> None:
        """Keep the last lines; an unread stderr would block FFmpeg."""
        async for raw in _stream(self.process.stderr):
            line = raw.decode(errors="replace").rstrip()
            self._tail.append(line)
            self._demuxer_errors += is_demuxer_error(line)

    async def watch(self, stall_s: float) -> None:
        """Raise when FFmpeg has bytes to read and neither reads nor makes anything.

        Raises:
            EncodeTimedOut: for `stall_s`.
        """
        while True:
            idle_s = 0.0 if self._awaits_source else time.monotonic() - self._alive_at
            if idle_s >= stall_s:
                raise EncodeTimedOut(f"no progress for {idle_s:.0f} s")
            await asyncio.sleep(stall_s - idle_s)

    def check(self) -> None:
        """Raise what FFmpeg's end means: see `check_exit`."""
        exit_code = self.process.returncode
        check_exit(
            -1 if exit_code is None else exit_code,
            self._tail,
            demuxer_errors=self._demuxer_errors,
        )


def _stream(reader: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if reader is None:
        raise RuntimeError("the process was started without a pipe")
    return reader


async def _pairs(reader: asyncio.StreamReader) -> AsyncIterator[tuple[str, str]]:
    async for raw in reader:
        name, _, value = raw.decode(errors="replace").strip().partition("=")
        yield name, value


def _limits(deadline_s: float) -> Limits:
    return {
        resource.RLIMIT_AS: MAX_MEMORY_BYTES,
        resource.RLIMIT_CPU: int(deadline_s) * (os.cpu_count() or 1),
        resource.RLIMIT_FSIZE: MAX_FILE_BYTES,
        resource.RLIMIT_CORE: 0,
    }
