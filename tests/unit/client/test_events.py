"""Watching by events, and without them."""

from collections.abc import AsyncGenerator, AsyncIterator
from io import StringIO
from uuid import UUID, uuid4

import msgspec
import pytest
from rich.console import Console

from reel_client.api import Versioned
from reel_client.cli.display import StatusLines
from reel_client.errors import NetworkError, UnexpectedAnswer
from reel_client.events import VideoEvent, video_events
from reel_client.watch import WatchPace, watch_video
from reel_contracts.videos import Playback, ProgressView, VideoStatus, VideoView
from reel_contracts.webhooks import TranscodePhase
from reel_kernel.clock import utc_now

VIDEO = uuid4()
NOW = utc_now()


def a_view(status: str, percent: int | None = None) -> VideoView:
    progress = None
    if percent is not None:
        phase = TranscodePhase.ENCODING
        progress = ProgressView(percent=percent, eta_seconds=12.4, phase=phase)
    return VideoView(
        id=VIDEO,
        owner_id=VIDEO,
        title="Tour",
        description=None,
        status=VideoStatus(status),
        fail_reason=None,
        playback=Playback(ready=False, stream_url=None),
        poster_url=None,
        duration_seconds=None,
        width=None,
        height=None,
        created_at=NOW,
        updated_at=NOW,
        progress=progress,
    )


class Server:
    """Plays one list of events a stream; an exception among them is the end of it."""

    def __init__(self, *streams: list[VideoView | Exception], polled: str = "READY") -> None:
        self.streams = list(streams)
        self.asked: list[str | None] = []
        self.polls = 0
        self.polled = polled

    async def follow_video(
        self, video_id: UUID, *, last_event_id: str | None = None
    ) -> AsyncGenerator[VideoEvent]:
        assert video_id == VIDEO
        self.asked.append(last_event_id)
        for number, step in enumerate(self.streams.pop(0)):
            if isinstance(step, Exception):
                raise step
            yield VideoEvent(f"{len(self.asked)}.{number}", step)

    async def read_video(
        self, video_id: UUID, *, if_none_match: str | None = None
    ) -> Versioned[VideoView] | None:
        assert (video_id, if_none_match) == (VIDEO, None)
        self.polls += 1
        return Versioned(a_view(self.polled), None)


async def watched(server: Server) -> list[str]:
    return [view.status async for view in watch_video(server, VIDEO, WatchPace())]


async def test_events_lead_to_the_end_without_a_poll() -> None:
    server = Server([a_view("UPLOADED"), a_view("TRANSCODING"), a_view("READY")])

    assert await watched(server) == ["UPLOADED", "TRANSCODING", "READY"]
    assert server.polls == 0


async def test_a_stream_that_ends_early_is_taken_up_behind_its_last_event() -> None:
    server = Server([a_view("UPLOADED"), a_view("TRANSCODING")], [a_view("FAILED")])

    assert await watched(server) == ["UPLOADED", "TRANSCODING", "FAILED"]
    assert server.asked == [None, "1.1"]


@pytest.mark.parametrize("broken", [NetworkError("cut"), UnexpectedAnswer("what?")])
async def test_without_events_it_polls(broken: Exception) -> None:
    server = Server([a_view("UPLOADED"), broken])

    assert await watched(server) == ["UPLOADED", "READY"]
    assert server.polls == 1


async def lines_of(text: str) -> AsyncIterator[str]:
    for line in text.split("\n"):
        yield line


async def test_comments_and_unknown_fields_are_passed_over() -> None:
    data = msgspec.json.encode(a_view("READY")).decode()
    text = f"retry: 2000\n\n:\n\nevent: status\nid: 4.0\ndata: {data}\n\ndata: cut off"

    events = [event async for event in video_events(lines_of(text))]

    assert events == [VideoEvent("4.0", a_view("READY"))]


async def test_data_that_is_no_video_is_an_unexpected_answer() -> None:
    with pytest.raises(UnexpectedAnswer, match="no video"):
        _ = [event async for event in video_events(lines_of("data: {}\n\n"))]


def test_a_log_shows_progress_by_tenths() -> None:
    out = StringIO()
    lines = StatusLines(Console(file=out, width=100), clock=lambda: 0.0)

    for percent in (1, 5, 42, 44):
        lines.show("TRANSCODING", a_view("TRANSCODING", percent).progress)
    lines.show("READY")

    shown = out.getvalue().splitlines()
    assert [" 1%" in shown[0], " 42%" in shown[1], "READY" in shown[2]] == [True] * 3
    assert "about 12 s left" in shown[1]
    assert len(shown) == 3
