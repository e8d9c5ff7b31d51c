"""A worker killed at any moment: another finishes, one READY leaves, nothing is left over."""

import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reel_contracts.events import TranscodeRequested
from reel_kernel.clock import utc_now
from reel_stack import sources
from reel_testing.brake import Brake, brake_before
from reel_testing.transcode_builders import a_request
from reel_testing.transcode_process import WorkerProcess, worker_process
from reel_testing.transcode_system import TranscodeSystem
from reel_testing.waiting import until
from reel_testing.webhook_receiver import WebhookReceiver, webhook_receiver
from transcode_service.domain.attempt import AttemptState, is_of_attempt
from transcode_service.settings import Settings

SOON_S = 60


@dataclass(frozen=True)
class Moment:
    """Where the worker is when the kill comes: held in its request to `server`, if there is one.

    `lost` is whether its attempt is; the rest of the story follows from that.
    """

    name: str
    server: str = "store"
    pattern: bytes = rb"(?!)"
    answer_bytes: int | None = None
    lost: bool = True


ENCODING = Moment("FFmpeg is running")
MOMENTS = [
    Moment("it has the lease and nothing else", pattern=rb"GET [^ ]+/source"),
    Moment("it reads the source", pattern=rb"GET [^ ]+/source", answer_bytes=2_000),
    ENCODING,
    Moment("some of the ladder is stored", pattern=rb"PUT [^ ]+\.m3u8"),
    Moment("all of it is stored, and read back", pattern=rb"GET [^ ]+/master\.m3u8"),
    Moment("the result is on its way", "videos", rb"POST /api/webhooks/transcoding", lost=False),
    Moment("the message is not deleted", "queue", rb"AmazonSQS\.DeleteMessage", lost=False),
]
SLICE = {"FFmpeg is running", "the result is on its way"}
CASES = [
    pytest.param(moment, id=moment.name, marks=[] if moment.name in SLICE else pytest.mark.long)
    for moment in MOMENTS
]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return sources.make("3gp", tmp_path_factory.mktemp("film") / "film.3gp", 3).read_bytes()


async def a_job(system: TranscodeSystem, film: bytes) -> TranscodeRequested:
    request = msgspec.structs.replace(
        a_request(requested_at=utc_now()), source_size_bytes=len(film), source_mime="video/3gpp"
    )
    await system.admin_s3.put_object(
        Bucket=system.settings.s3_bucket, Key=request.source_file_key, Body=film
    )
    await system.request(request)
    return request


@asynccontextmanager
async def braked(settings: Settings, moment: Moment) -> AsyncGenerator[tuple[Settings, Brake]]:
    """Settings of a worker that gets as far as `moment`."""
    urls = {
        "store": settings.s3_endpoint_url,
        "queue": settings.sqs_endpoint_url,
        "videos": settings.video_service_url,
    }
    async with brake_before(
        urls[moment.server] or "", moment.pattern, answer_bytes=moment.answer_bytes
    ) as brake:
        changed: dict[str, dict[str, Any]] = {
            "store": {"s3_endpoint_url": brake.in_front(urls["store"] or "")},
            "queue": {
                "sqs_endpoint_url": brake.in_front(urls["queue"] or ""),
                "jobs_queue_url": brake.in_front(settings.jobs_queue_url),
            },
            "videos": {"video_service_url": brake.in_front(settings.video_service_url)},
        }
        yield msgspec.structs.replace(settings, **changed[moment.server]), brake


async def until_there(worker: WorkerProcess, moment: Moment, brake: Brake) -> None:
    if moment is not ENCODING:
        await until(brake.held.is_set, within_s=SOON_S)
        return
    await until(lambda: bool(ffmpegs(worker)), within_s=SOON_S)
    os.kill(ffmpegs(worker)[0], signal.SIGSTOP)  # it gets no further


def ffmpegs(worker: WorkerProcess) -> list[int]:
    """Return the pids of the FFmpegs that a worker has started."""
    return [line["pid"] for line in worker.events() if line.get("event") == "ffmpeg_started"]


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def settled(
    system: TranscodeSystem, request: TranscodeRequested, videos: WebhookReceiver
) -> bool:
    """Tell whether the job has succeeded, everybody knows, and no object is left of a loser."""
    winners = [
        attempt
        for attempt in await system.attempts(request.job_id)
        if attempt["state"] == AttemptState.SUCCEEDED
    ]
    if not winners or not videos.heard or not await system.queue_is_empty():
        return False
    keys = await system.keys(f"videos/{request.video_id}/hls/")
    waiting = await system.clients.pool.fetchval(
        "SELECT count(*) FROM outbox WHERE delivered_at IS NULL"
    )
    return waiting == 0 and all(is_of_attempt(key, winners[0]["prefix"]) for key in keys)


@pytest.mark.parametrize("moment", CASES)
async def test_a_killed_workers_job_is_finished_by_another(
    system: TranscodeSystem, film: bytes, tmp_path: Path, moment: Moment
) -> None:
    first_log, second_log, work = (tmp_path / name for name in ("first", "second", "work"))
    first_log.mkdir()
    second_log.mkdir()
    request = await a_job(system, film)
    async with webhook_receiver() as videos:
        settings = msgspec.structs.replace(
            system.settings, work_dir=str(work), video_service_url=videos.url
        )
        async with (
            braked(settings, moment) as (held, brake),
            worker_process(held, first_log) as first,
        ):
            await until_there(first, moment, brake)
            started = ffmpegs(first)
            await first.end(signal.SIGKILL, within_s=5)
        await until(lambda: not any(map(runs, started)))
        # What the dead relay held is claimed again when its lease of 30 s ends: let that be now.
        await system.clients.pool.execute("UPDATE outbox SET claimed_until = now()")

        async with worker_process(settings, second_log):
            await until(lambda: settled(system, request, videos), within_s=SOON_S)
            assert len(list(work.glob("worker-*"))) == 1

    attempts = [attempt["state"] for attempt in await system.attempts(request.job_id)]
    assert attempts == (["LOST", "SUCCEEDED"] if moment.lost else ["SUCCEEDED"])
    [ready] = videos.ready()
    assert (ready.job_id, ready.attempt, len(videos.heard)) == (request.job_id, len(attempts), 1)
    assert {asset.file_key for asset in ready.assets} <= await system.keys(
        f"videos/{request.video_id}/hls/"
    )
