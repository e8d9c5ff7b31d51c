"""Watch a stream as a player would, to its last frame, and report what was seen.

Everything comes through the CDN. Each rendition is decoded by FFmpeg with every error fatal, and
its packets are counted apart from that by PyAV, so that a frame dropped in silence is noticed.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import httpx

from reel_stack import ffmpeg
from reel_stack.fetching import FetchedRendition, StreamFetcher
from reel_stack.playlists import MediaPlaylist, PlaybackFailed
from reel_stack.sources import CORNERS

PATCHES: Final = 8
"""The picture is scaled to this many cells a side; the corner cells are the corner patches."""

COLOURS: Final = {
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "yellow": (255, 255, 0),
    "blue": (0, 0, 255),
}
FAR: Final = 110.0
"""An average this far (in RGB) from every colour has none of their names."""

UNKNOWN: Final = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenditionReport:
    """One rung as it plays: pixels as decoded, seconds of decoded picture, bytes fetched.

    `declared_bps` is the master playlist's BANDWIDTH; `peak_bps` is the one met.
    `corners` are the colours met in the first frame's corners, clockwise from the top left.
    """

    label: str
    width: int
    height: int
    declared_bps: int
    peak_bps: int
    size_bytes: int
    segments: int
    frames: int
    duration_s: float
    keyframes_s: tuple[float, ...]
    corners: tuple[str, ...]
    has_sound: bool

    @property
    def is_upright(self) -> bool:
        """Whether a film of `sources` is shown the right way up."""
        return self.corners == CORNERS


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackReport:
    """The whole stream; `hits` and `misses` are the edge's own word on its cache.

    `renditions` are best first, in whatever order the master playlist names them.
    """

    url: str
    renditions: tuple[RenditionReport, ...]
    files: int
    size_bytes: int
    hits: int
    misses: int
    fetch_s: float
    decode_s: float

    @property
    def keyframes_are_aligned(self) -> bool:
        """Whether a player may change rung at every keyframe."""
        return len({rendition.keyframes_s for rendition in self.renditions}) == 1


async def check(master_url: str, http: httpx.AsyncClient | None = None) -> PlaybackReport:
    """Fetch and decode everything. Raises PlaybackFailed, FfmpegFailed."""
    if http is None:
        async with httpx.AsyncClient() as own:
            return await check(master_url, own)
    with tempfile.TemporaryDirectory(prefix="reel-playback-") as folder:
        began = time.perf_counter()
        head, fetched = await StreamFetcher(http, master_url, Path(folder)).fetch_all()
        fetched_at = time.perf_counter()
        renditions = [await asyncio.to_thread(_watch, rendition) for rendition in fetched]
        files = [head, *(file for rendition in fetched for file in rendition.files)]
        return PlaybackReport(
            url=master_url,
            renditions=tuple(sorted(renditions, key=_pixels, reverse=True)),
            files=len(files),
            size_bytes=sum(file.size_bytes for file in files),
            hits=sum(file.cache.lower().startswith("hit") for file in files),
            misses=sum(file.cache.lower().startswith("miss") for file in files),
            fetch_s=fetched_at - began,
            decode_s=time.perf_counter() - fetched_at,
        )


def _pixels(rendition: RenditionReport) -> int:
    return rendition.width * rendition.height


def corners(film: Path) -> tuple[str, ...]:
    """Name the colours in the first frame's corners, clockwise from the top left."""
    # RGB first: area averages of subsampled chroma would bleed from cell to cell.
    cells = f"format=rgb24,scale={PATCHES}:{PATCHES}:flags=area"
    raw = ffmpeg.read(["-i", str(film), "-frames:v", "1", "-vf", cells, "-f", "rawvideo", "-"])
    last = PATCHES - 1
    places = ((0, 0), (0, last), (last, last), (last, 0))
    return tuple(_colour(raw[(row * PATCHES + column) * 3 :][:3]) for row, column in places)


def peak_bps(sizes_bytes: Sequence[int], playlist: MediaPlaylist) -> int:
    """Return the peak segment bit rate (RFC 8216, 4.3.4.2), which BANDWIDTH must not be below.

    It is the highest rate of any run of segments that lasts 0.5 to 1.5 target durations; of a
    stream shorter than that, the rate of the whole.
    """
    shortest_s, longest_s = 0.5 * playlist.target_s, 1.5 * playlist.target_s
    durations_s = playlist.durations_s
    peak = sum(sizes_bytes) * 8 / sum(durations_s)
    for first in range(len(durations_s)):
        bits, lasts_s = 0, 0.0
        for size_bytes, seconds in zip(sizes_bytes[first:], durations_s[first:], strict=True):
            bits, lasts_s = bits + size_bytes * 8, lasts_s + seconds
            if lasts_s > longest_s:
                break
            if lasts_s >= shortest_s:
                peak = max(peak, bits / lasts_s)
    return round(peak)


def _colour(pixel: bytes) -> str:
    def distance(name: str) -> float:
        pairs = zip(COLOURS[name], pixel, strict=True)
        return sum((wanted - seen) ** 2 for wanted, seen in pairs) ** 0.5

    nearest = min(COLOURS, key=distance)
    return nearest if distance(nearest) < FAR else UNKNOWN


def _watch(rendition: FetchedRendition) -> RenditionReport:
    label, playlist = rendition.variant.label, rendition.playlist
    packets = _packets(rendition.film)
    try:
        decoded = ffmpeg.decode(rendition.film)
    except ffmpeg.FfmpegFailed as failure:
        raise PlaybackFailed(f"{label}: {failure}") from failure
    if decoded != packets.count:
        raise PlaybackFailed(f"{label}: {packets.count} frames were sent, {decoded} decoded")
    segments = rendition.files[-len(playlist.segments) :]
    return RenditionReport(
        label=label,
        width=packets.width,
        height=packets.height,
        declared_bps=rendition.variant.bandwidth,
        peak_bps=peak_bps([file.size_bytes for file in segments], playlist),
        size_bytes=sum(file.size_bytes for file in rendition.files),
        segments=len(playlist.segments),
        frames=decoded,
        duration_s=packets.duration_s,
        keyframes_s=packets.keyframes_s,
        corners=corners(rendition.film),
        has_sound=packets.has_sound,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Packets:
    width: int
    height: int
    count: int
    duration_s: float
    keyframes_s: tuple[float, ...]
    has_sound: bool


def _packets(film: Path) -> _Packets:
    """Read the picture's packets without decoding them."""
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        packets = [p for p in container.demux(stream) if p.pts is not None]
        if not packets or stream.time_base is None:
            raise PlaybackFailed(f"{film.parent.name} holds no picture")
        tick_s = float(stream.time_base)
        starts = [p.pts for p in packets if p.pts is not None]
        ends = [p.pts + (p.duration or 0) for p in packets if p.pts is not None]
        return _Packets(
            width=stream.codec_context.width,
            height=stream.codec_context.height,
            count=len(packets),
            duration_s=(max(ends) - min(starts)) * tick_s,
            keyframes_s=tuple(
                round(p.pts * tick_s, 3) for p in packets if p.is_keyframe and p.pts is not None
            ),
            has_sound=bool(container.streams.audio),
        )
