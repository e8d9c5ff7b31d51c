"""Measures segments in the work directory, before their files are deleted."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfileobj
from typing import Final

from reel_hls.facts import SegmentFacts
from reel_hls.fetching import NotThere, Piece
from reel_hls.fmp4 import Track
from reel_hls.isobmff import LARGE_HEADER_BYTES, MalformedBox, read_box
from reel_hls.measure import BrokenSegment, measure_fmp4, measure_ts, read_init
from reel_hls.playlists import Segment
from transcode_service.domain.media_errors import OutputIncomplete
from transcode_service.domain.packaging import Packaging

UNFINISHED: Final = ".unfinished"


class SegmentMeter:
    """Measures the segments of one rendition, whose `folder` holds nothing else.

    `begin` comes before any `measure`; measuring several at once is fine.
    """

    def __init__(self, folder: Path, packaging: Packaging) -> None:
        self._folder = folder
        self._packaging = packaging
        self._tracks: Mapping[int, Track] | None = None

    async def begin(self) -> None:
        """Read the initialization section, once, and make it whole: see `part_init`.

        Raises:
            OutputIncomplete: FFmpeg left it out, or it is none.
        """
        if self._packaging.init is None or self._tracks is not None:
            return
        init, first = self._packaging.init, self._folder / self._packaging.first_segment
        try:
            await asyncio.to_thread(part_init, self._folder / init, first)
            self._tracks = await read_init(self, init, None)
        except (FileNotFoundError, NotThere) as error:
            raise OutputIncomplete(f"FFmpeg left out {self._folder.name}/{init}") from error
        except (MalformedBox, BrokenSegment) as error:
            raise OutputIncomplete(f"{self._folder.name}/{init}: {error}") from error

    async def measure(self, name: str) -> SegmentFacts:
        """Measure a finished segment; fMP4 by its headers, MPEG-TS as a whole.

        Raises:
            OutputIncomplete: it is none.
        """
        segment = Segment(uri=name, extinf_s=0.0)
        try:
            if self._tracks is None:
                return await measure_ts(self, segment)
            return await measure_fmp4(self, segment, self._tracks)
        except (BrokenSegment, NotThere) as error:
            raise OutputIncomplete(f"{self._folder.name}/{name}: {error}") from error

    async def read(self, uri: str, start: int, length: int) -> Piece:
        """Be the checker's fetcher: URIs are file names."""
        return await asyncio.to_thread(_read, self._folder / uri, start, length)


def part_init(init: Path, first: Path) -> None:
    """Move what an initialization section holds besides the index to the first segment.

    FFmpeg cuts a segment into fragments at keyframes only when asked to, and then leaves those of
    the first segment in the initialization section (hlsenc.c takes all there is until the first
    cut for it). Nothing happens when they are where they belong.

    Raises:
        FileNotFoundError: one of the files is not there.
        MalformedBox: they are no boxes.
    """
    end = _end_of(b"moov", init)
    if end == init.stat().st_size:
        return
    whole = first.with_suffix(UNFINISHED)
    with init.open("rb") as source, first.open("rb") as segment, whole.open("wb") as target:
        target.write(segment.read(_end_of(b"styp", first)))
        source.seek(end)
        copyfileobj(source, target)
        copyfileobj(segment, target)
    whole.replace(first)
    os.truncate(init, end)


def _end_of(kind: bytes, path: Path) -> int:
    """Return where the first top-level box of a kind ends, 0 when there is none."""
    size, position = path.stat().st_size, 0
    with path.open("rb") as file:
        while position < size:
            file.seek(position)
            box = read_box(file.read(LARGE_HEADER_BYTES), position, size)
            if box.kind == kind:
                return box.end
            position = box.end
    return 0


def _read(path: Path, start: int, length: int) -> Piece:
    try:
        with path.open("rb") as file:
            file.seek(start)
            return Piece(file.read(length), path.stat().st_size)
    except FileNotFoundError as error:
        raise NotThere(f"{path.name} is not there") from error
