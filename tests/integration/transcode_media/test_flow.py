"""What must hold while an encode runs, and when it is given up."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import groupby
from pathlib import Path

import psutil
import pytest

from reel_testing.media_bucket import MediaBucket
from reel_testing.waiting import until
from transcode_service.domain.transcoding import Phase, Progress

MakeFilm = Callable[[str, float], Awaitable[Path]]


def running_encoders() -> set[int]:
    """Return the ids of our children that are an FFmpeg."""
    return {child.pid for child in psutil.Process().children() if "ffmpeg" in child.name()}


async def test_segments_are_in_the_store_before_the_encode_ends(
    bucket: MediaBucket, make_film: MakeFilm
) -> None:
    film = await make_film("mp4", 30.0)
    heard: list[Progress] = []
    encoding = asyncio.ensure_future(
        bucket.transcode(film, qualities=["480p"], on_progress=heard.append)
    )

    async def sent_while_running() -> bool:
        found = [stored.key async for stored in bucket.admin.list_prefix("videos/")]
        return bool(running_encoders()) and any(key.endswith(".m4s") for key in found)

    await until(sent_while_running)

    result = await encoding
    assert result.duration_s == pytest.approx(30.0, abs=0.5)
    encoded = [one.encoded_s for one in heard if one.phase is Phase.ENCODING]
    assert encoded == sorted(encoded)
    assert [phase for phase, _ in groupby(heard, lambda one: one.phase)] == list(Phase)


async def test_cancellation_leaves_no_process_and_no_file(
    bucket: MediaBucket, make_film: MakeFilm
) -> None:
    film = await make_film("mp4", 30.0)
    heard: list[Progress] = []
    encoding = asyncio.ensure_future(bucket.transcode(film, on_progress=heard.append))
    await until(lambda: any(one.phase is Phase.ENCODING for one in heard))
    assert running_encoders()

    encoding.cancel()

    with pytest.raises(asyncio.CancelledError):
        await encoding
    assert not running_encoders()
    assert not bucket.work_dir.exists()
