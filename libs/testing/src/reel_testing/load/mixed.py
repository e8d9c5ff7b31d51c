"""Pollers and uploaders on the whole stack, through the gateway."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from rich.console import Console

from reel_stack import ffmpeg
from reel_testing.bench.figures import Figure, at_most, fact
from reel_testing.bench.uploads import padded
from reel_testing.load.databases import admin_url, service_url
from reel_testing.load.generator import FRESH_EVERY, polled
from reel_testing.load.polls import Latency, PollReport, Target
from reel_testing.load.seeds import seed
from reel_testing.load.size import LoadSize
from reel_testing.load.uploader import UploadTally, upload
from reel_testing.load.watch import counting_connections, resident
from reel_testing.stack import RunningStack

MIB: Final = 1024 * 1024
FILM_BYTES: Final = 5 * MIB + 64 * 1024
"""Two parts: the smallest that S3 takes, and the rest."""
GROWTH_MIB: Final = 8.0
"""What a process may have grown by at the end: CPython's own coming and going, and no leak."""
POOL_MAX: Final = 10
"""`*_DATABASE_POOL_MAX` as the services have it by default."""
PICTURE: Final = "testsrc2=size=320x180:rate=15:duration=1"
TONE: Final = "sine=duration=1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    polls: PollReport
    uploads: UploadTally


async def targets_of(stack: RunningStack, count: int) -> Sequence[Target]:
    """Seed a video for each of `count` owners."""
    seeds = await seed(service_url(stack), count)
    return [Target(token=stack.token(owner), video_id=str(video)) for owner, video in seeds]


async def mixed_figures(
    console: Console, stack: RunningStack, scratch: Path, size: LoadSize
) -> Mapping[str, Figure]:
    """Warm up, then load for `size.seconds`."""
    film = await asyncio.to_thread(_film, scratch)
    targets = await targets_of(stack, size.pollers)
    tokens = [stack.token(uuid4()) for _ in range(size.uploaders)]
    await _load(stack, targets, tokens, film, size.warm_up_s)
    before = resident(stack)
    async with counting_connections(admin_url(stack)) as connections:
        outcome = await _load(stack, targets, tokens, film, size.seconds)
    after = resident(stack)
    _explain(console, outcome)
    return {
        **_poll_figures(outcome.polls),
        **_upload_figures(outcome.uploads, size.seconds),
        "load_errors": at_most(outcome.polls.errors + outcome.uploads.errors, 0, "answers"),
        **_memory_figures(before, after),
        **_connection_figures(connections),
    }


async def _load(
    stack: RunningStack,
    targets: Sequence[Target],
    tokens: Sequence[str],
    film: bytes,
    seconds: float,
) -> Outcome:
    async with asyncio.TaskGroup() as group:
        uploads = group.create_task(upload(stack.gateway_url, tokens, film, seconds=seconds))
        polls = group.create_task(
            polled(stack.gateway_url, targets, seconds=seconds, fresh_every=FRESH_EVERY)
        )
    return Outcome(polls=polls.result(), uploads=uploads.result())


def _poll_figures(polls: PollReport) -> Mapping[str, Figure]:
    return {
        "load_polls": fact(polls.per_s, "requests/s"),
        "load_polls_not_modified": fact(polls.statuses.get("304", 0) / polls.requests, "share"),
        **_latencies("load_poll", polls.latency),
        "load_poller_cpu": fact(polls.cpu_s / polls.seconds, "cores"),
    }


def _upload_figures(uploads: UploadTally, seconds: float) -> Mapping[str, Figure]:
    return {
        "load_uploads": fact(len(uploads.films_s) / seconds, "films/s"),
        "load_upload_requests": fact(len(uploads.requests_s) / seconds, "requests/s"),
        **_latencies("load_upload_request", Latency.of(uploads.requests_s)),
        **_latencies("load_upload", Latency.of(uploads.films_s)),
    }


def _latencies(name: str, latency: Latency) -> Mapping[str, Figure]:
    return {
        f"{name}_p50": fact(latency.p50_ms, "ms"),
        f"{name}_p95": fact(latency.p95_ms, "ms"),
        f"{name}_p99": fact(latency.p99_ms, "ms"),
    }


def _memory_figures(before: Mapping[str, int], after: Mapping[str, int]) -> Mapping[str, Figure]:
    figures: dict[str, Figure] = {}
    for name, was in before.items():
        label = f"load_memory_{name.replace('-', '_')}"
        figures[label] = fact(was / MIB, "MiB")
        figures[f"{label}_growth"] = at_most((after[name] - was) / MIB, GROWTH_MIB, "MiB")
    return figures


def _connection_figures(most: Mapping[str, int]) -> Mapping[str, Figure]:
    """Name each pool by its service and process: `video_http`."""
    return {
        f"load_connections_{pool.replace('-service-', '_')}": at_most(
            count, POOL_MAX, "connections"
        )
        for pool, count in sorted(most.items())
    }


def _explain(console: Console, outcome: Outcome) -> None:
    """Print counts by status, and whatever went wrong."""
    console.print(f"Polls by status: {outcome.polls.statuses}, faults: {outcome.polls.faults}")
    states = dict(outcome.uploads.ended)
    console.print(f"Films by state last seen: {states}, faults: {dict(outcome.uploads.faults)}")


def _film(scratch: Path) -> bytes:
    """Make a second of picture and sound that costs the transcoder little."""
    clip, film = scratch / "tiny.mov", scratch / "load.mov"
    inputs = ("-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", TONE)
    codecs = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac")
    ffmpeg.run((*inputs, *codecs, str(clip)))
    padded(clip, film, FILM_BYTES)
    return film.read_bytes()
