"""A film of any size is planned in memory of its index's order, and streamed in some chunks."""

import tracemalloc
from collections.abc import Generator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from itertools import accumulate

import pytest

from reel_testing.boxes import FTYP
from reel_testing.index_boxes import TrackBoxes, movie
from reel_testing.sparse_store import CHUNK_BYTES, SparseStore
from transcode_service.domain.transcoding import SourceRef
from transcode_service.usecases.open_source import HEAD_BYTES, OpenedSource, open_source

MDAT_HEADER_BYTES = 16
FRAMES = 27_000
"""A quarter of an hour at 30 a second."""
FRAME_BYTES = 150_000
SOUNDS = 42_000
SOUND_BYTES = 300
WATCHED_BYTES = 256 * 1024 * 1024
KEPT_BESIDES = 2 * HEAD_BYTES
"""The head and a window, whatever the film."""


PICTURE = TrackBoxes(
    offsets=(),
    counts=(),
    sizes=[FRAME_BYTES] * FRAMES,
    times=((FRAMES, 1),),
    timescale=30,
    wide=True,
)
SOUND = TrackBoxes(
    offsets=(),
    counts=(),
    sizes=[SOUND_BYTES] * SOUNDS,
    times=((SOUNDS, 1024),),
    timescale=47_787,
    handler=b"soun",
    wide=True,
)


def apart() -> tuple[TrackBoxes, TrackBoxes]:
    first = len(FTYP) + MDAT_HEADER_BYTES
    picture = replace(PICTURE, offsets=(first,), counts=(FRAMES,))
    return picture, replace(SOUND, offsets=(first + FRAMES * FRAME_BYTES,), counts=(SOUNDS,))


def in_turns() -> tuple[TrackBoxes, TrackBoxes]:
    """Thirty frames, then as much sound, and so on."""
    frames, sounds = FRAMES // 30, SOUNDS // (FRAMES // 30)
    step = 30 * FRAME_BYTES + sounds * SOUND_BYTES
    starts = [len(FTYP) + MDAT_HEADER_BYTES + step * number for number in range(frames)]
    picture = replace(PICTURE, offsets=starts, counts=[30] * frames)
    after = [start + 30 * FRAME_BYTES for start in starts]
    return picture, replace(SOUND, offsets=after, counts=[sounds] * frames)


def store(tracks: tuple[TrackBoxes, TrackBoxes]) -> tuple[SparseStore, int]:
    """Return a film with its index last, and the length of that."""
    moov = movie(*tracks, timescale=1000)
    body = FRAMES * FRAME_BYTES + SOUNDS * SOUND_BYTES
    mdat = b"\0\0\0\1mdat" + (MDAT_HEADER_BYTES + body).to_bytes(8, "big")
    (moov_at,) = list(accumulate((MDAT_HEADER_BYTES, body), initial=len(FTYP)))[-1:]
    known = {0: FTYP + mdat, moov_at: moov}
    return SparseStore(moov_at + len(moov), known), len(moov)


@contextmanager
def allocations() -> Generator[list[int]]:
    """Fill the list with the most bytes that were allocated at once meanwhile."""
    peak = list[int]()
    tracemalloc.start()
    try:
        yield peak
        peak.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


async def opened(source: SparseStore) -> OpenedSource:
    return await open_source(SourceRef("key", source.size, "video/quicktime"), source)


@pytest.mark.parametrize("tracks", [in_turns(), apart()], ids=["in turns", "apart"])
async def test_a_film_is_planned_in_memory_of_the_order_of_its_index(
    tracks: tuple[TrackBoxes, TrackBoxes],
) -> None:
    source, moov_bytes = store(tracks)

    with allocations() as peak:
        plan = await opened(source)

    assert plan.stream_bytes > FRAMES * FRAME_BYTES
    assert peak[0] < 12 * moov_bytes + KEPT_BESIDES


@pytest.mark.parametrize("tracks", [in_turns(), apart()], ids=["in turns", "apart"])
async def test_a_film_is_streamed_in_memory_of_some_chunks(
    tracks: tuple[TrackBoxes, TrackBoxes],
) -> None:
    source, _ = store(tracks)
    plan = await opened(source)

    sent = 0
    with allocations() as peak:
        async with aclosing(plan.stream()) as chunks:
            async for chunk in chunks:
                sent += len(chunk)
                if sent > WATCHED_BYTES:
                    break

    assert peak[0] < 8 * CHUNK_BYTES


async def test_a_film_with_its_tracks_apart_takes_one_read_a_track() -> None:
    source, _ = store(apart())
    plan = await opened(source)
    source.reads.clear()

    async with aclosing(plan.stream()) as chunks:
        sent = 0
        async for chunk in chunks:
            sent += len(chunk)
            if sent > WATCHED_BYTES:
                break

    assert source.reads == [
        (0, len(FTYP)),
        (36, 36 + FRAMES * FRAME_BYTES),
        (36 + FRAMES * FRAME_BYTES, 36 + FRAMES * FRAME_BYTES + SOUNDS * SOUND_BYTES),
    ]
