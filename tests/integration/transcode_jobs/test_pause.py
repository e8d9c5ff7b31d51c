"""Jobs that wait because an operator said so."""

import asyncio
from uuid import uuid4

from reel_contracts.events import VideoDeleted
from reel_db.pool import transaction
from reel_kernel.clock import utc_now
from reel_kernel.effects import Effect
from reel_testing.transcode_builders import FakeTranscoder, a_request, for_ever
from reel_testing.transcode_system import TranscodeSystem
from reel_testing.waiting import until
from transcode_service.adapters.pg_consumption import PgConsumption
from transcode_service.bootstrap import Worker

WITHIN_S = 3
"""How soon every worker honours an order: 1 s, and what a busy machine adds."""


async def pause(system: TranscodeSystem, *, interrupt: bool = False) -> None:
    async with transaction(system.clients.pool, Effect.JOBS_PAUSED) as connection:
        await PgConsumption(connection).pause("rollback", interrupt=interrupt)


async def resume(system: TranscodeSystem) -> None:
    async with transaction(system.clients.pool, Effect.JOBS_RESUMED) as connection:
        await PgConsumption(connection).resume()


async def until_paused(*workers: Worker) -> None:
    await until(lambda: all(worker.watch.is_paused for worker in workers), within_s=WITHIN_S)


async def test_jobs_wait_in_the_queue_until_they_are_wanted(system: TranscodeSystem) -> None:
    request, transcoder = a_request(requested_at=utc_now()), FakeTranscoder()
    async with system.working(transcoder) as one, system.working(transcoder) as other:
        await pause(system)
        await until_paused(one, other)
        await system.request(request)
        await until(system.a_job_waits)

        assert transcoder.calls == []
        await resume(system)
        await until(transcoder.started.is_set, within_s=WITHIN_S)
        await system.until_state(request.job_id, "SUCCEEDED")


async def test_a_running_job_is_finished_in_a_pause(system: TranscodeSystem) -> None:
    first, second, finish = a_request(), a_request(), asyncio.Event()

    async def wait(_prefix: str) -> None:
        await finish.wait()

    transcoder = FakeTranscoder(wait)
    await system.request(first)
    async with system.working(transcoder) as worker:
        await transcoder.started.wait()
        await pause(system)
        await until_paused(worker)
        await system.request(second)
        finish.set()
        await system.until_state(first.job_id, "SUCCEEDED")
        await until(system.a_job_waits)

    assert len(transcoder.calls) == 1


async def test_a_running_job_is_handed_back_at_once_if_that_is_wanted(
    system: TranscodeSystem,
) -> None:
    request, transcoder = a_request(), FakeTranscoder(for_ever)
    await system.request(request)
    async with system.working(transcoder):
        await transcoder.started.wait()
        await pause(system, interrupt=True)

        await until(transcoder.stopped.is_set, within_s=WITHIN_S)
        await system.until_state(request.job_id, "QUEUED")
        await until(system.a_job_waits)
    job = await system.job(request.job_id)
    assert (job["failures"], job["lease_owner"]) == (0, None)
    [attempt] = await system.attempts(request.job_id)
    assert attempt["state"] == "INTERRUPTED"


async def test_a_pause_outlives_the_workers(system: TranscodeSystem) -> None:
    request, transcoder = a_request(), FakeTranscoder()
    await pause(system)
    await system.request(request)

    async with system.working(transcoder) as worker:
        await until_paused(worker)

        assert transcoder.calls == []
        assert await system.a_job_waits()


async def test_deletions_are_heard_in_a_pause(system: TranscodeSystem) -> None:
    request, transcoder = a_request(), FakeTranscoder(for_ever)
    await system.request(request)
    async with system.working(transcoder) as worker:
        await transcoder.started.wait()
        await pause(system)
        await until_paused(worker)

        await system.delete(
            VideoDeleted(video_id=request.video_id, owner_id=uuid4(), deleted_at=utc_now())
        )

        await system.until_state(request.job_id, "CANCELED")
        await until(transcoder.stopped.is_set)
