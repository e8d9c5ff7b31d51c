"""Deleted videos, losers' objects, and jobs whose message is lost."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

from reel_contracts.events import VideoDeleted
from reel_kernel.clock import utc_now
from reel_testing.transcode_builders import FakeTranscoder, a_request, failing, for_ever
from reel_testing.transcode_system import TranscodeSystem
from reel_testing.waiting import until
from transcode_service.adapters.pg_transaction import transactions
from transcode_service.bootstrap import job_deps
from transcode_service.consumers.sweeper import Sweeper
from transcode_service.usecases.run_job import run_job
from transcode_service.usecases.take_lease import take_lease


def a_deletion(video_id: UUID) -> VideoDeleted:
    return VideoDeleted(video_id=video_id, owner_id=uuid4(), deleted_at=utc_now())


async def test_the_losers_objects_go_and_the_winners_stay(system: TranscodeSystem) -> None:
    request = a_request()
    root = f"videos/{request.video_id}/hls/"
    await system.put(f"{root}poster.jpg", f"{root}480p/init.mp4", f"{root}a2/master.m3u8")
    transcoder = FakeTranscoder(failing(OSError("s3 went away")))
    await system.request(request)

    async with system.working(transcoder):
        await system.until_state(request.job_id, "SUCCEEDED")

        async def swept() -> bool:
            return (await system.attempts(request.job_id))[0]["swept_at"] is not None

        await until(swept)

    assert await system.keys(root) == {f"{root}a2/master.m3u8"}


async def test_when_the_first_attempt_won_only_the_nested_ones_go(system: TranscodeSystem) -> None:
    video_id = uuid4()
    root = f"videos/{video_id}/hls/"
    first = a_request(video_id=video_id, requested_at=utc_now() - timedelta(minutes=1))
    await system.put(f"{root}master.m3u8", f"{root}a2/master.m3u8", f"{root}a2/480p/init.mp4")
    async with system.working(FakeTranscoder(failing(None, OSError("x")))):
        await system.request(first)
        await system.until_state(first.job_id, "SUCCEEDED")
        again = a_request(video_id=video_id, requested_at=utc_now())
        await system.request(again)
        await system.until_state(again.job_id, "SUCCEEDED")

        async def swept() -> bool:
            return (await system.attempts(again.job_id))[0]["swept_at"] is not None

        await until(swept)

    assert await system.keys(root) == {f"{root}master.m3u8"}


async def test_a_deletion_stops_an_attempt_in_another_process_within_three_seconds(
    system: TranscodeSystem,
) -> None:
    request, transcoder = a_request(), FakeTranscoder(for_ever)
    begin = transactions(system.clients.pool)
    elsewhere = job_deps(begin, transcoder, Sweeper(), system.settings)
    running = asyncio.create_task(run_job(request, elsewhere))
    await transcoder.started.wait()
    await system.put(f"videos/{request.video_id}/hls/480p/init.mp4", "videos/other/hls/x")

    async with system.working(FakeTranscoder()):
        await system.delete(a_deletion(request.video_id))
        async with asyncio.timeout(3):
            await transcoder.stopped.wait()
        await running

        async def purged() -> bool:
            return not await system.keys(f"videos/{request.video_id}/")

        await until(purged)

    assert (await system.job(request.job_id))["state"] == "CANCELED"
    assert await system.keys("videos/") == {"videos/other/hls/x"}


async def test_a_video_deleted_before_its_request_arrives_is_not_transcoded(
    system: TranscodeSystem,
) -> None:
    request, transcoder = a_request(), FakeTranscoder()

    async with system.working(transcoder):
        await system.delete(a_deletion(request.video_id))

        async def marked() -> bool:
            return bool(await system.clients.pool.fetchval("SELECT count(*) FROM video_outputs"))

        await until(marked)
        await system.request(request)
        await until(system.queue_is_empty)

    assert transcoder.calls == []


async def test_a_job_whose_message_is_lost_still_ends(system: TranscodeSystem) -> None:
    request, transcoder = a_request(), FakeTranscoder()
    deps = job_deps(transactions(system.clients.pool), FakeTranscoder(), Sweeper(), system.settings)
    await take_lease(request, deps)
    await system.age(request.job_id, timedelta(hours=1))

    async with system.working(transcoder):
        await system.until_state(request.job_id, "SUCCEEDED")

    assert transcoder.prefixes == [f"videos/{request.video_id}/hls/a2/"]
    assert (await system.job(request.job_id))["resends"] == 1


async def test_a_cancelled_attempt_whose_worker_died_is_ended(system: TranscodeSystem) -> None:
    request = a_request()
    deps = job_deps(transactions(system.clients.pool), FakeTranscoder(), Sweeper(), system.settings)
    await take_lease(request, deps)
    await system.put(f"videos/{request.video_id}/hls/poster.jpg")

    async with system.working(FakeTranscoder()):
        await system.delete(a_deletion(request.video_id))

        async def buried() -> bool:
            [attempt] = await system.attempts(request.job_id)
            return attempt["state"] == "LOST" and not await system.keys("videos/")

        await until(buried)

    assert (await system.job(request.job_id))["lease_owner"] is None
