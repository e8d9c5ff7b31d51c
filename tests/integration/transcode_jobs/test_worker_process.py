"""The real process: signals, leftovers, health, and one film from end to end."""

import os
import signal
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
import pytest

from reel_contracts.events import TranscodeRequested, VideoDeleted
from reel_contracts.webhooks import TranscodeOutcome, TranscodeWebhook
from reel_kernel.clock import utc_now
from reel_stack import sources
from reel_testing.brake import brake_before
from reel_testing.internal import told_on
from reel_testing.transcode_builders import a_request
from reel_testing.transcode_process import StuckFfmpeg, WorkerProcess, worker_process
from reel_testing.transcode_system import TranscodeSystem
from reel_testing.waiting import until
from transcode_service.settings import Settings
from transcode_service.usecases.open_source import HEAD_BYTES

CANCEL_S = 3
"""What the README promises."""


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Longer than a pipe holds."""
    return sources.make("mp4", tmp_path_factory.mktemp("film") / "film.mp4", 3).read_bytes()


@pytest.fixture
def stuck(tmp_path: Path) -> StuckFfmpeg:
    return StuckFfmpeg.make(tmp_path)


def patient(system: TranscodeSystem, folder: Path, **more: object) -> Settings:
    """Settings with leases so long that nothing in a test can be due to one running out."""
    quick: dict[str, object] = {
        "lease_s": 60,
        "preset": "ultrafast",
        "work_dir": str(folder / "work"),
    }
    return msgspec.structs.replace(system.settings, **(quick | more))


async def a_job(system: TranscodeSystem, film: bytes) -> TranscodeRequested:
    request = msgspec.structs.replace(
        a_request(requested_at=utc_now()), source_size_bytes=len(film)
    )
    await system.admin_s3.put_object(
        Bucket=system.settings.s3_bucket, Key=request.source_file_key, Body=film
    )
    await system.request(request)
    return request


async def test_a_film_becomes_a_ladder(
    system: TranscodeSystem, film: bytes, tmp_path: Path
) -> None:
    request = await a_job(system, film)

    async with worker_process(patient(system, tmp_path), tmp_path) as worker:
        await worker.until_logged("job_succeeded")
        started = await worker.until_logged("transcode_started")
        told = await told_on((await worker.until_logged("http_listening"))["ports"][0])
        status = await worker.end(signal.SIGTERM, within_s=10)

    assert told.value("reel_transcode_attempts_total", outcome="succeeded") == 1
    assert told.value("reel_transcode_queue_wait_seconds_count") == 1
    assert told.value("reel_transcode_source_bytes_total") == len(film)
    assert told.value("reel_transcode_paused") == 0
    assert told.value("reel_outbox_pending_messages") + told.value("reel_outbox_dead_messages") == 1
    assert not told.names_somebody
    body = await system.clients.pool.fetchval("SELECT body FROM outbox")
    webhook = msgspec.json.decode(body, type=TranscodeWebhook)
    assert (webhook.status, webhook.attempt) == (TranscodeOutcome.READY, 1)
    stored = await system.keys(f"videos/{request.video_id}/hls/")
    assert {asset.file_key for asset in webhook.assets} <= stored
    assert started["job_id"] == str(request.job_id)
    assert status == 0
    assert list((tmp_path / "work").glob("worker-*")) == []


async def test_sigterm_hands_the_job_back_and_exits_in_time(
    system: TranscodeSystem, film: bytes, stuck: StuckFfmpeg, tmp_path: Path
) -> None:
    request = await a_job(system, film)
    settings = patient(system, tmp_path, ffmpeg=str(stuck.path), shutdown_s=1)

    async with worker_process(settings, tmp_path) as worker:
        await until(stuck.runs)
        status = await worker.end(signal.SIGTERM, within_s=1 + 10)

    assert status == 0
    assert not stuck.runs()
    job = await system.job(request.job_id)
    assert (job["state"], job["failures"], job["lease_owner"]) == ("QUEUED", 0, None)
    [attempt] = await system.attempts(request.job_id)
    assert attempt["state"] == "INTERRUPTED"
    answer = await system.clients.sqs.receive_message(
        QueueUrl=system.settings.jobs_queue_url, WaitTimeSeconds=1
    )
    assert str(request.job_id) in answer.get("Messages", [{}])[0].get("Body", "")


async def test_what_sigterm_hands_back_is_taken_up_elsewhere_at_once(
    system: TranscodeSystem, film: bytes, stuck: StuckFfmpeg, tmp_path: Path
) -> None:
    request = await a_job(system, film)
    leaving = patient(system, tmp_path, ffmpeg=str(stuck.path), shutdown_s=0)
    (tmp_path / "other").mkdir()

    async with worker_process(leaving, tmp_path) as first:
        await until(stuck.runs)
        async with worker_process(patient(system, tmp_path), tmp_path / "other") as second:
            await second.until_logged("worker_started")
            await first.end(signal.SIGTERM, within_s=10)
            await second.until_logged("job_succeeded")

    left, won = await system.attempts(request.job_id)
    assert (left["state"], won["state"]) == ("INTERRUPTED", "SUCCEEDED")
    # Long before the lease of 60 s could have run out.
    assert won["started_at"] - left["ended_at"] < timedelta(seconds=5)


async def test_a_deleted_video_ends_ffmpeg_and_empties_its_prefix_within_3_s(
    system: TranscodeSystem, tmp_path: Path
) -> None:
    long = sources.make("3gp", tmp_path / "film.3gp", 60).read_bytes()
    request = await a_job(system, long)
    prefix = f"videos/{request.video_id}/hls/"
    store = system.settings.s3_endpoint_url or ""

    async with (
        # The look at its head passes; its end never comes, so that FFmpeg cannot be done too soon.
        brake_before(
            store, rb"GET [^ ]+/source", answer_bytes=(HEAD_BYTES + len(long)) // 2
        ) as brake,
        worker_process(
            patient(system, tmp_path, s3_endpoint_url=brake.in_front(store), segment_s=1), tmp_path
        ) as worker,
    ):
        pid = (await worker.until_logged("ffmpeg_started"))["pid"]
        await until(lambda: some_is_stored(system, prefix))
        await system.delete(
            VideoDeleted(video_id=request.video_id, owner_id=uuid4(), deleted_at=utc_now())
        )
        await until(lambda: is_gone(system, prefix, pid), within_s=CANCEL_S)
        await worker.until_logged("video_purged")
        events = [line["event"] for line in worker.events()]
        await worker.end(signal.SIGTERM, within_s=10)

    assert "job_succeeded" not in events
    assert events.index("attempt_canceled") < events.index("video_purged")
    assert await system.keys(prefix) == set()
    [attempt] = await system.attempts(request.job_id)
    assert attempt["state"] == "CANCELED"


async def some_is_stored(system: TranscodeSystem, prefix: str) -> bool:
    return bool(await system.keys(prefix))


async def is_gone(system: TranscodeSystem, prefix: str, pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return not await system.keys(prefix)
    return False


async def test_an_idle_worker_exits_at_once(system: TranscodeSystem, tmp_path: Path) -> None:
    settings = patient(system, tmp_path, shutdown_s=60)

    async with worker_process(settings, tmp_path) as worker:
        await worker.until_logged("http_listening")
        status = await worker.end(signal.SIGTERM, within_s=10)

    assert status == 0


async def test_the_second_sigterm_is_obeyed_at_once(
    system: TranscodeSystem, film: bytes, stuck: StuckFfmpeg, tmp_path: Path
) -> None:
    await a_job(system, film)
    settings = patient(system, tmp_path, ffmpeg=str(stuck.path), shutdown_s=60)

    async with worker_process(settings, tmp_path) as worker:
        await until(stuck.runs)
        worker.process.send_signal(signal.SIGTERM)
        await worker.until_logged("worker_stopping")
        status = await worker.end(signal.SIGTERM, within_s=5)

    assert status == -signal.SIGTERM
    await until(lambda: not stuck.runs())


async def test_what_a_killed_worker_left_on_disk_goes_when_the_next_starts(
    system: TranscodeSystem, film: bytes, stuck: StuckFfmpeg, tmp_path: Path
) -> None:
    await a_job(system, film)
    settings = patient(system, tmp_path, ffmpeg=str(stuck.path))
    async with worker_process(settings, tmp_path) as first:
        await until(stuck.runs)
        await first.end(signal.SIGKILL, within_s=5)
    await until(lambda: not stuck.runs())
    [left] = (tmp_path / "work").glob("worker-*")

    async with worker_process(settings, tmp_path) as second:
        await second.until_logged("worker_started")

        assert not left.exists()


async def test_health_tells_what_is_there(system: TranscodeSystem, tmp_path: Path) -> None:
    async with worker_process(patient(system, tmp_path), tmp_path) as worker:
        answer = await ready(worker)

    assert answer.status_code == 200
    checks = answer.json()["checks"]
    assert {"database", "store", "ffmpeg", "queue:transcode-jobs"} <= set(checks)
    assert set(checks.values()) == {"ok"}


async def test_health_tells_what_is_missing(system: TranscodeSystem, tmp_path: Path) -> None:
    settings = patient(system, tmp_path, events_queue_url=system.settings.events_queue_url + "x")

    async with worker_process(settings, tmp_path) as worker:
        answer = await ready(worker)

    assert answer.status_code == 503
    assert answer.json()["checks"]["queue:transcode-events"] == "unavailable"
    assert answer.json()["checks"]["database"] == "ok"


async def ready(worker: WorkerProcess) -> httpx.Response:
    [port] = (await worker.until_logged("http_listening"))["ports"]
    async with httpx.AsyncClient(trust_env=False) as http:
        return await http.get(f"http://127.0.0.1:{port}/readyz", timeout=10)
