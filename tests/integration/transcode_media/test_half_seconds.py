"""Films whose length is rounded: the target duration is the next second, never the one before."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import m3u8
import pytest

from reel_stack import ffmpeg
from reel_testing.media_memory import PREFIX, MediaInMemory, media_in_memory


@pytest.fixture
async def media(tmp_path: Path) -> AsyncGenerator[MediaInMemory]:
    async with media_in_memory(tmp_path) as media:
        yield media


@pytest.mark.parametrize(("length_s", "target_s"), [("0.5", 1), ("4.5", 5)])
async def test_a_film_of_half_seconds_is_transcoded(
    length_s: str, target_s: int, media: MediaInMemory, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc=size=64x64:rate=10", "-t", length_s)
    await asyncio.to_thread(ffmpeg.run, [*picture, "-pix_fmt", "yuv420p", str(film)])

    made = await media.transcode(film)

    assert made.result.duration_s == float(length_s)
    playlist = m3u8.loads(media.store.objects[f"{PREFIX}/480p/playlist.m3u8"].decode())
    assert playlist.target_duration == target_s
