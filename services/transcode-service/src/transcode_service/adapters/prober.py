"""Probes films in short-lived child processes, one of which is always warm."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Final

import msgspec

from reel_kernel.media import Container
from transcode_service.adapters import probe_child
from transcode_service.adapters.child import reap
from transcode_service.domain.colour import UNSPECIFIED, Colour
from transcode_service.domain.containers import DEMUXERS
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.plan import MAX_PIXELS
from transcode_service.domain.probe import (
    QUARTER_TURN,
    AudioStream,
    Probe,
    VideoStream,
    likely_rate,
    varies,
)

PROBE_TIMEOUT_S: Final = 20.0
_GRACE_S: Final = 0.5


class _Video(msgspec.Struct):
    index: int
    codec: str
    decodable: bool
    width: int
    height: int
    pixel_format: str | None
    sample_aspect: str | None
    rotation_degrees: int
    average_rate: str | None
    guessed_rate: str | None
    start_s: float | None
    duration_s: float | None
    cover: bool
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    full_range: bool = False
    interlaced: bool = False


class _Audio(msgspec.Struct):
    index: int
    codec: str
    decodable: bool
    channels: int
    sample_rate_hz: int
    start_s: float | None
    duration_s: float | None
    default: bool


class _Answer(msgspec.Struct):
    """What `probe_child` prints."""

    error: str | None = None
    start_s: float = 0.0
    duration_s: float | None = None
    pictured: bool = False
    video: list[_Video] = []
    audio: list[_Audio] = []


class WarmProber:
    """Gives each film a child of its own: what a hostile film does to it ends with it.

    The child is started beforehand, since its imports take longer than its work. `timeout_s`
    bounds one probe.
    """

    def __init__(self, *, timeout_s: float = PROBE_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._spare: Process | None = None
        self._spare_lock = asyncio.Lock()

    async def probe(self, head: bytes, container: Container) -> Probe:
        child = await self._take()
        question = f"{DEMUXERS[container]} {MAX_PIXELS}\n".encode() + head
        try:
            async with asyncio.timeout(self._timeout_s):
                out, _ = await child.communicate(question)
        except TimeoutError as error:
            detail = f"the headers took more than {self._timeout_s:.0f} s to read"
            raise SourceRejected(Rejection.SOURCE_CORRUPT, detail) from error
        finally:
            await reap(child, grace_s=_GRACE_S)
        await self.warm_up()
        return read_answer(out, container)

    async def _take(self) -> Process:
        async with self._spare_lock:
            child, self._spare = self._spare, None
        return child or await _start_child()

    async def warm_up(self) -> None:
        """See to it that a child waits for the next film: one, however many films are probed."""
        async with self._spare_lock:
            if self._spare is None:
                self._spare = await _start_child()

    async def close(self) -> None:
        """End the waiting child."""
        child, self._spare = self._spare, None
        if child is not None:
            await reap(child, grace_s=_GRACE_S)


@asynccontextmanager
async def warm_prober(*, timeout_s: float = PROBE_TIMEOUT_S) -> AsyncGenerator[WarmProber]:
    """Yield a prober with its first child warming up; none is left when the block ends."""
    prober = WarmProber(timeout_s=timeout_s)
    try:
        await prober.warm_up()
        yield prober
    finally:
        await prober.close()


async def _start_child() -> Process:
    """Start a child without our environment, which holds secrets."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-m",
        probe_child.__name__,
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env={},
        start_new_session=True,
    )


def read_answer(out: bytes, container: Container) -> Probe:
    """Turn a child's answer into a probe.

    Raises:
        SourceRejected: SOURCE_CORRUPT: it could make nothing of the film, or died of it.
    """
    try:
        answer = msgspec.json.decode(out, type=_Answer)
    except msgspec.MsgspecError as error:
        detail = "reading the headers exceeded its limits"
        raise SourceRejected(Rejection.SOURCE_CORRUPT, detail) from error
    if answer.error is not None:
        raise SourceRejected(Rejection.SOURCE_CORRUPT, answer.error)
    return Probe(
        video=tuple(_video(stream, container, answer.start_s) for stream in answer.video),
        audio=tuple(_audio(stream, answer.start_s) for stream in answer.audio),
        duration_s=answer.duration_s,
        pictured=answer.pictured,
    )


def _video(found: _Video, container: Container, start_s: float) -> VideoStream:
    """ISO-BMFF knows the mean rate of the whole film; elsewhere it is that of its start."""
    mean, guessed = _fraction(found.average_rate), _fraction(found.guessed_rate)
    if container is not Container.ISO_BMFF:
        mean = guessed or mean
    return VideoStream(
        index=found.index,
        codec=found.codec,
        decodable=found.decodable,
        width=found.width,
        height=found.height,
        pixel_format=found.pixel_format,
        sample_aspect=Fraction(found.sample_aspect or 1),
        rotation_degrees=round(found.rotation_degrees / QUARTER_TURN) * QUARTER_TURN,
        frame_rate=likely_rate(mean, guessed),
        varying=varies(mean, guessed),
        start_s=_since(start_s, found.start_s),
        duration_s=found.duration_s,
        cover=found.cover,
        colour=Colour(
            primaries=found.primaries,
            transfer=found.transfer,
            matrix=found.matrix,
            full_range=found.full_range,
        ),
        interlaced=found.interlaced,
    )


def _since(film_s: float, stream_s: float | None) -> float:
    """Count a stream's start as FFmpeg will: from the earliest one."""
    return 0.0 if stream_s is None else max(0.0, stream_s - film_s)


def _fraction(text: str | None) -> Fraction | None:
    return Fraction(text) if text else None


def _audio(found: _Audio, start_s: float) -> AudioStream:
    return AudioStream(
        index=found.index,
        codec=found.codec,
        decodable=found.decodable,
        channels=found.channels,
        sample_rate_hz=found.sample_rate_hz,
        start_s=_since(start_s, found.start_s),
        duration_s=found.duration_s,
        default=found.default,
    )
