"""The steps of the demo: make, upload, wait, watch; through the gateway and the CDN alone."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import httpx
from rich.console import Console

from reel_client import Progress, ReelClient, ReelError, WatchPace
from reel_client.cli.display import StatusLines, upload_display
from reel_client.cli.failures import explain
from reel_contracts.videos import VideoStatus, VideoView
from reel_stack import keys, playback, sources, stackfile, tokens
from reel_stack.demo_table import Step, print_summary, upload_text
from reel_stack.errors import StackError
from reel_stack.layout import Layout
from reel_stack.playback import PlaybackReport

KIND: Final = "mov"
PACE: Final = WatchPace(first_s=0.2, factor=1.0, max_s=0.2)
"""Even polling: the table shows tenths of seconds."""

READY_S: Final = 1800.0
DURATION_TOLERANCE_S: Final = 0.5
JPEG: Final = b"\xff\xd8\xff"


@dataclass(kw_only=True)
class Journey:
    """What is sent where; `steps` fill up on the way."""

    layout: Layout
    file: Path | None
    seconds: int
    steps: list[Step] = field(default_factory=list[Step])

    @property
    def folder(self) -> Path:
        return self.layout.var / "demo"


async def demonstrate(journey: Journey, console: Console) -> None:
    """Go the whole way and print the table. Raises StackError with the reason."""
    stack = stackfile.read(journey.layout.stackfile)
    if stack is None or stack.gateway_url is None:
        raise StackError("the stack has no gateway; start all of it with: make up")
    await asyncio.to_thread(journey.folder.mkdir, parents=True, exist_ok=True)
    source = await _source(journey)
    token = tokens.mint(keys.load(journey.layout.secrets).jwt_private_key, uuid4())
    states = journey.folder / "uploads"
    try:
        async with ReelClient(stack.gateway_url, token, state_dir=states) as reel:
            view = await _send_and_wait(journey, reel, source, console)
    except ReelError as failure:
        raise StackError("\n".join(explain(failure))) from failure
    report, poster = await _watch(journey, view, stack.cdn_url)
    print_summary(console, journey.steps, report, poster)


async def _source(journey: Journey) -> Path:
    if journey.file is not None:
        return journey.file
    began = time.perf_counter()
    path = journey.folder / sources.name(KIND)
    await asyncio.to_thread(sources.make, KIND, path, journey.seconds)
    what = f"{journey.seconds} s of 1080p as a phone writes it: moov last, rotated 90°"
    journey.steps.append(Step("generate", time.perf_counter() - began, what))
    return path


async def _send_and_wait(
    journey: Journey, reel: ReelClient, source: Path, console: Console
) -> VideoView:
    last: Progress | None = None
    with upload_display(console) as show:

        def seen(progress: Progress) -> None:
            nonlocal last
            last = progress
            show(progress)

        began = time.perf_counter()
        uploaded = await reel.upload(source, restart=True, on_progress=seen)
    took_s = time.perf_counter() - began
    parts = last.parts_total if last else 0
    journey.steps.append(Step("upload", took_s, upload_text(uploaded.size_bytes, parts, took_s)))
    try:
        async with asyncio.timeout(READY_S):
            return await _wait(journey, reel, uploaded.video_id, console)
    except TimeoutError as late:
        raise StackError(f"video {uploaded.video_id} was not READY in {READY_S:.0f} s") from late


async def _wait(journey: Journey, reel: ReelClient, video_id: UUID, console: Console) -> VideoView:
    """Show every state; return the READY view. Raises StackError when it FAILED."""
    began = time.perf_counter()
    lines = StatusLines(console)
    started: float | None = None
    view: VideoView | None = None
    async for view in reel.watch(video_id, pace=PACE):
        lines.show(view.status)
        if view.status is VideoStatus.TRANSCODING and started is None:  # later views are progress
            started = time.perf_counter()
    if view is None or view.status is not VideoStatus.READY:
        reason = view.fail_reason if view else None
        raise StackError(f"video {video_id} is FAILED: {reason}")
    ended = time.perf_counter()
    turned = ended if started is None else started
    journey.steps.append(Step("queue", turned - began, "complete → TRANSCODING"))
    speed = (view.duration_seconds or 0) / max(ended - turned, 0.001)
    what = f"TRANSCODING → READY, {speed:.1f} × real time"
    journey.steps.append(Step("transcode", ended - turned, what))
    return view


async def _watch(
    journey: Journey, view: VideoView, cdn_url: str | None
) -> tuple[PlaybackReport, Path]:
    url = view.playback.stream_url
    if url is None or view.poster_url is None:
        raise StackError(f"video {view.id} is READY without a stream or a poster")
    if cdn_url is None or not all(
        link.startswith(f"{cdn_url}/") for link in (url, view.poster_url)
    ):
        raise StackError(f"video {view.id} is not served by the CDN but at {url}")
    began = time.perf_counter()
    async with httpx.AsyncClient() as http:
        report = await playback.check(url, http)
        poster = await _poster(http, view.poster_url, journey.folder / "poster.jpg")
    _judge(journey, view, report)
    what = f"{report.files} files through the CDN, every frame decoded"
    journey.steps.append(Step("verify", time.perf_counter() - began, what))
    return report, poster


async def _poster(http: httpx.AsyncClient, url: str, path: Path) -> Path:
    answer = await http.get(url, timeout=30)
    if not answer.is_success or not answer.content.startswith(JPEG):
        raise StackError(f"the poster is no JPEG: {url} answered {answer.status_code}")
    await asyncio.to_thread(path.write_bytes, answer.content)
    return path


def _judge(journey: Journey, view: VideoView, report: PlaybackReport) -> None:
    """Raises StackError for a stream that decodes and still is not the film that was sent."""
    made_s = None if journey.file else float(journey.seconds)
    for rendition in report.renditions:
        for wanted_s in (view.duration_seconds, made_s):
            if wanted_s and abs(rendition.duration_s - wanted_s) > DURATION_TOLERANCE_S:
                lengths = f"{rendition.duration_s:.2f} s instead of {wanted_s:.2f} s"
                raise StackError(f"{rendition.label} plays {lengths}")
        if journey.file is None and not rendition.is_upright:
            raise StackError(f"{rendition.label} is not upright: {', '.join(rendition.corners)}")
    if not report.keyframes_are_aligned:
        raise StackError("keyframes are not aligned: a player could not change rung")
