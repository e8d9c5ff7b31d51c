"""Acceptance scenario 1: every family of source becomes a stream that plays."""

import asyncio
from pathlib import Path

import pytest

from reel_stack import playback, sources
from reel_testing.phone import Phone

SECONDS = 4
LADDERS = {
    "mov": ["1080p", "720p", "480p"],  # portrait, `moov` last
    "mp4": ["720p", "480p"],
    "mov-rotated-270": ["720p", "480p"],
    "3gp": ["480p"],  # H.263 and AMR, smaller than any rung
    "avi-mpeg4": ["480p"],
    "avi-mjpeg": ["480p"],
    "wmv": ["480p"],
}


@pytest.mark.parametrize("kind", LADDERS)
async def test_every_family_becomes_a_stream(app: Phone, clips: Path, kind: str) -> None:
    path = await asyncio.to_thread(sources.make, kind, clips / sources.name(kind), seconds=SECONDS)
    video_id = await app.send(path, title=kind)

    view = await app.wait_final(video_id)

    assert view["status"] == "READY", view
    assert view["playback"]["ready"] is True
    assert abs(view["durationSeconds"] - SECONDS) <= 0.5
    report = await playback.check(view["playback"]["streamUrl"])
    assert [rendition.label for rendition in report.renditions] == LADDERS[kind]
    assert report.keyframes_are_aligned
    for rendition in report.renditions:
        assert abs(rendition.duration_s - SECONDS) <= 0.5, rendition
        assert rendition.is_upright, rendition
        assert rendition.has_sound, rendition


async def test_no_state_but_ready_shows_a_stream_url(app: Phone, short_clip: Path) -> None:
    video_id = await app.send(short_clip)

    await app.wait_final(video_id)

    seen = [view for view in app.seen if view["id"] == video_id]
    assert {view["status"] for view in seen} <= {"UPLOADING", "UPLOADED", "TRANSCODING", "READY"}
    for view in seen:
        ready = view["status"] == "READY"
        assert view["playback"]["ready"] is ready
        assert (view["playback"]["streamUrl"] is not None) is ready
