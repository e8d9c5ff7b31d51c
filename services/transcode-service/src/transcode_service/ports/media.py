"""What a transcode needs from the outside world."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from reel_hls.facts import SegmentFacts
from reel_hls.findings import Report
from reel_kernel.media import Container
from transcode_service.domain.command import EncodeSettings
from transcode_service.domain.playlist import MediaPlaylist
from transcode_service.domain.probe import Probe

Monotonic = Callable[[], float]


@dataclass(frozen=True, slots=True)
class SourceObject:
    """A source as the store has it now."""

    size_bytes: int
    etag: str


class SourceStore(Protocol):
    """Reads sources; retries, bounded, are its own affair."""

    async def head(self, key: str) -> SourceObject | None:
        """Return what is under `key`, None when nothing.

        Raises:
            StoreUnavailable: try again later.
        """
        ...

    def stream(self, key: str, start: int, end: int, etag: str) -> AsyncGenerator[bytes]:
        """Yield bytes `start` to `end` (exclusive) in order, each once, in bounded chunks.

        Reads no further ahead than a socket buffer.

        Raises:
            SourceRejected: SOURCE_MISSING, or SOURCE_CHANGED when its entity tag is not `etag`.
            StoreUnavailable: try again later.
        """
        ...


class HlsStore(Protocol):
    """Keeps published objects."""

    async def put_file(self, key: str, path: Path) -> None:
        """Store a file under `key`, typed by its suffix, cacheable for ever.

        Raises:
            StoreUnavailable: try again later.
        """
        ...

    async def put_text(self, key: str, text: str) -> None:
        """Store a playlist or storyboard. Raises StoreUnavailable."""
        ...

    async def sizes(self, prefix: str) -> dict[str, int]:
        """Return key → size in bytes of everything below `prefix`. Raises StoreUnavailable."""
        ...

    async def delete_below(self, prefix: str) -> None:
        """Delete everything below `prefix`, which ends in a slash. Raises StoreUnavailable."""
        ...


class Prober(Protocol):
    async def probe(self, head: bytes, container: Container) -> Probe:
        """Tell what a film is made of from the first bytes of its stream.

        Bounded in time and memory, whatever the bytes.

        Raises:
            SourceRejected: SOURCE_CORRUPT: the headers, or the first frame, make no sense.
        """
        ...


@dataclass(frozen=True, slots=True)
class Encoded:
    """A finished run of FFmpeg: bytes it took, its wall time, and whether it took all it was given.

    `drained` is False when FFmpeg closed its input before the stream's end, which is its right
    once it has every sample.
    """

    bytes_in: int
    wall_s: float
    drained: bool


class Encoder(Protocol):
    async def encode(
        self,
        arguments: Sequence[str],
        feed: AsyncIterator[bytes],
        *,
        deadline_s: float,
        on_encoded_s: Callable[[float], None],
    ) -> Encoded:
        """Run FFmpeg on the bytes of `feed`; one chunk and the pipe are all that is in memory.

        Calls `on_encoded_s` with the length of film encoded so far, a few times a second. FFmpeg
        never outlives this call, however it ends.

        Raises:
            SourceRejected: SOURCE_CORRUPT: it could not decode the source to its end.
            EncodeFailed: it ended badly otherwise.
            EncodeTimedOut: it outran `deadline_s`, or stopped making progress.
        """
        ...


@dataclass(frozen=True, slots=True)
class Rendition:
    """One published rendition; `segments` were measured before they were sent, in their order."""

    playlist: MediaPlaylist
    segments: tuple[SegmentFacts, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """What was sent, as key → size in bytes, and the renditions by label."""

    sent: dict[str, int]
    renditions: dict[str, Rendition]


class Publication(Protocol):
    """The output of one encode on its way from a work directory to the store."""

    async def follow(self) -> None:
        """Measure and send every finished segment, and delete its file, until `stop` is called.

        Raises:
            StoreUnavailable: try again later.
            OutputIncomplete: what FFmpeg made is no segment.
        """
        ...

    def stop(self) -> None:
        """Let `follow` end once what it has begun is sent; FFmpeg has ended."""
        ...

    async def room(self) -> None:
        """Wait while too many bytes lie in the work directory: back-pressure of a slow store."""
        ...

    async def finish(self) -> Published:
        """Send what is left once FFmpeg has ended: segments and stills, then playlists.

        Raises:
            StoreUnavailable: try again later.
            OutputIncomplete: FFmpeg left out a file, or made what is no segment.
        """
        ...


class Publisher(Protocol):
    def open(
        self, work_dir: Path, prefix: str, labels: Sequence[str]
    ) -> AbstractAsyncContextManager[Publication]:
        """Make the work directory and all that FFmpeg writes to; remove it after."""
        ...


class Prover(Protocol):
    async def prove(self, master_key: str) -> Report:
        """Read a published presentation back and judge it, reading headers rather than pictures.

        Raises:
            StoreUnavailable: it could not be read.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaDeps:
    """Everything `transcode` works with; built by `adapters.media.media_deps`."""

    sources: SourceStore
    outputs: HlsStore
    prober: Prober
    encoder: Encoder
    publisher: Publisher
    proof: Prover
    settings: EncodeSettings
    monotonic: Monotonic
