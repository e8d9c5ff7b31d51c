"""Measures segments over a fetcher, reading no more of them than it takes."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reel_hls import avc, mpegts
from reel_hls.facts import Keyframe, Kind, SegmentFacts, TrackFacts
from reel_hls.fetching import Fetcher
from reel_hls.fmp4 import Sample, Track, samples, tracks
from reel_hls.isobmff import Box, MalformedBox, read_box
from reel_hls.mpegts import MalformedStream
from reel_hls.playlists import ByteRange, Segment

WINDOW_BYTES: Final = 32 * 1024
"""Enough for the header of a fragment of some seconds, and the head of its first picture."""
MAX_INIT_BYTES: Final = 1024 * 1024
MAX_HEADER_BYTES: Final = 8 * 1024 * 1024
MAX_SEGMENT_BYTES: Final = 128 * 1024 * 1024
MAX_BOXES: Final = 10_000


class BrokenSegment(Exception):
    """The bytes are no media segment; the message says why."""


@dataclass(frozen=True, slots=True)
class _Window:
    """Some bytes of a segment, from byte `at` of the file on."""

    at: int
    data: bytes

    def slice(self, start: int, end: int) -> bytes:
        return self.data[max(0, start - self.at) : max(0, end - self.at)]


async def read_init(fetcher: Fetcher, uri: str, part: ByteRange | None) -> dict[int, Track]:
    """Return the tracks of an initialization section.

    Raises:
        BrokenSegment, NotThere, CannotFetch: as they say.
    """
    start, length = (part.start, part.end - part.start) if part else (0, MAX_INIT_BYTES)
    piece = await fetcher.read(uri, start, min(length, MAX_INIT_BYTES))
    try:
        return tracks(piece.data)
    except (MalformedBox, IndexError) as error:
        raise BrokenSegment(f"no initialization section: {error}") from error


async def measure_ts(fetcher: Fetcher, segment: Segment) -> SegmentFacts:
    """Read and measure a whole MPEG-TS segment.

    Raises:
        BrokenSegment, NotThere, CannotFetch: as they say.
    """
    part = segment.part
    start, length = (part.start, part.end - part.start) if part else (0, MAX_SEGMENT_BYTES)
    piece = await fetcher.read(segment.uri, start, min(length, MAX_SEGMENT_BYTES))
    _check_length(len(piece.data), length if part else piece.total_bytes)
    try:
        found = await asyncio.to_thread(mpegts.measure, piece.data, start)
    except (MalformedStream, ValueError, IndexError) as error:
        raise BrokenSegment(str(error)) from error
    return SegmentFacts(segment.uri, len(piece.data), found, len(piece.data))


async def measure_fmp4(
    fetcher: Fetcher, segment: Segment, known: Mapping[int, Track]
) -> SegmentFacts:
    """Measure a fragmented MP4 segment by its headers; what lies between them is not read.

    Raises:
        BrokenSegment, NotThere, CannotFetch: as they say.
    """
    reader = _Fragments(fetcher, segment)
    gathered = dict[int, _Gathered]()
    try:
        async for moof, window in reader.fragments():
            for track, found in samples(window.data, moof, window.at, known):
                if found and id(track) not in gathered:
                    idr = await _starts_with_idr(track, found[0], window, reader)
                    gathered[id(track)] = _Gathered(track, starts_with_idr=idr)
                if found:
                    gathered[id(track)].add(found, window.at + moof.start)
    except (MalformedBox, IndexError) as error:
        raise BrokenSegment(str(error)) from error
    if not gathered:
        raise BrokenSegment("it holds no fragment of a known track")
    facts = tuple(one.facts() for one in gathered.values())
    return SegmentFacts(segment.uri, reader.size_bytes, facts, reader.read_bytes)


class _Fragments:
    """Walks the top-level boxes of a segment, window by window."""

    def __init__(self, fetcher: Fetcher, segment: Segment) -> None:
        self._fetcher = fetcher
        self._segment = segment
        self._end: int | None = segment.part.end if segment.part else None
        self.start = segment.part.start if segment.part else 0
        self.size_bytes = 0
        self.read_bytes = 0

    async def fragments(self) -> AsyncIterator[tuple[Box, _Window]]:
        """Yield each `moof` with a window that holds all of it."""
        position, window = self.start, await self.read(self.start, WINDOW_BYTES)
        end = self._end or 0
        for _ in range(MAX_BOXES):
            if position == end:
                self.size_bytes = end - self.start
                return
            if position + 16 > window.at + len(window.data) < end:
                window = await self.read(position, WINDOW_BYTES)
            box = read_box(
                window.slice(position, position + 16), position - window.at, end - window.at
            )
            if window.at + box.end > end:
                raise BrokenSegment(f"{box.kind!r} at {position} reaches beyond the end at {end}")
            if box.kind == b"moof":
                window = await self._whole(box, window)
                position_in = position - window.at
                yield Box(box.kind, position_in, position_in + box.size, box.header_bytes), window
            position += box.size
        raise BrokenSegment(f"more than {MAX_BOXES} boxes")

    async def read(self, position: int, length: int) -> _Window:
        """Read a window; the first one tells where the segment ends."""
        if self._end is not None:
            length = min(length, self._end - position)
        piece = await self._fetcher.read(self._segment.uri, position, length)
        if self._segment.part and piece.total_bytes < self._segment.part.end:
            _check_length(piece.total_bytes, self._segment.part.end)
        self._end = self._end or piece.total_bytes
        self.read_bytes += len(piece.data)
        _check_length(len(piece.data), min(length, self._end - position))
        return _Window(position, piece.data)

    async def _whole(self, box: Box, window: _Window) -> _Window:
        if box.end <= len(window.data):
            return window
        if box.size > MAX_HEADER_BYTES:
            raise BrokenSegment(f"a fragment header of {box.size} bytes")
        return await self.read(window.at + box.start, box.size + WINDOW_BYTES)


class _Gathered:
    """What all fragments of a segment say of one track."""

    def __init__(self, track: Track, *, starts_with_idr: bool) -> None:
        self._track = track
        self._starts_with_idr = starts_with_idr
        self._start_s, self._end_s, self._frames = float("inf"), float("-inf"), 0
        self._keyframes: list[Keyframe] = []

    def add(self, found: Sequence[Sample], moof_at: int) -> None:
        self._frames += len(found)
        self._start_s = min(self._start_s, *(sample.at_s for sample in found))
        self._end_s = max(self._end_s, *(sample.at_s + sample.duration_s for sample in found))
        if self._track.entry.kind is Kind.VIDEO:
            self._keyframes += [
                Keyframe(sample.at_s, None if number else moof_at, sample.end)
                for number, sample in enumerate(found)
                if sample.sync
            ]

    def facts(self) -> TrackFacts:
        return TrackFacts(
            kind=self._track.entry.kind,
            codec=self._track.entry.codec,
            start_s=max(self._start_s, self._track.begin_s),
            end_s=self._end_s,
            frames=self._frames,
            starts_with_idr=self._starts_with_idr,
            keyframes=tuple(self._keyframes),
            size=self._track.entry.size,
        )


async def _starts_with_idr(
    track: Track, first: Sample, window: _Window, reader: _Fragments
) -> bool:
    """Believe the picture's own bytes rather than its flag, as far as they can be read."""
    length_bytes = track.entry.nal_length_bytes
    if track.entry.kind is not Kind.VIDEO or length_bytes is None:
        return first.sync
    head = window.slice(first.start, first.end)
    if len(head) < min(first.end - first.start, WINDOW_BYTES // 4):
        head = (await reader.read(first.start, min(first.end - first.start, WINDOW_BYTES))).data
    hevc = not track.entry.codec.startswith("avc")
    seen = avc.is_idr(avc.length_prefixed(head, length_bytes), hevc=hevc)
    return first.sync and seen is not False


def _check_length(got: int, expected: int) -> None:
    if got < expected:
        raise BrokenSegment(f"{got} bytes are there of {expected}")
