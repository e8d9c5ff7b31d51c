"""One job over a real queue and database: whatever goes wrong, one effect."""

import asyncio
from uuid import uuid4

from reel_contracts.failures import FailReason
from reel_contracts.webhooks import TranscodeOutcome
from reel_kernel.clock import utc_now
from reel_testing.transcode_builders import FakeTranscoder, a_request, failing, for_ever
from reel_testing.transcode_system import TranscodeSystem
from reel_testing.waiting import until
from transcode_service.adapters.pg_transaction import transactions
from transcode_service.bootstrap import job_deps
from transcode_service.consumers.sweeper import Sweeper
from transcode_service.domain.job import Lease
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.outcome import Later
from transcode_service.ports.jobs import JobDeps
from transcode_service.usecases.run_job import run_job
from transcode_service.usecases.take_lease import take_lease


def deps_of(system: TranscodeSystem, transcoder: FakeTranscoder | None = None) -> JobDeps:
    """What another worker process would have."""
    begin = transactions(system.clients.pool)
    return job_deps(begin, transcoder or FakeTranscoder(), Sweeper(), system.settings)


async def test_a_request_becomes_one_signed_result(system: TranscodeSystem) -> None:
    request, transcoder = a_request(requested_at=utc_now()), FakeTranscoder()
    await system.request(request)

    async with system.working(transcoder):
        await until(lambda: bool(system.webhooks.of(request.video_id)))
        await until(system.queue_is_empty)

    [webhook] = system.webhooks.of(request.video_id)
    assert (webhook.status, webhook.job_id) == (TranscodeOutcome.READY, request.job_id)
    assert (await system.job(request.job_id))["state"] == "SUCCEEDED"


async def test_copies_of_a_message_have_one_effect(system: TranscodeSystem) -> None:
    request, transcoder = a_request(), FakeTranscoder()
    for _ in range(3):
        await system.request(request)

    async with system.working(transcoder), system.working(transcoder):
        await until(lambda: bool(system.webhooks.of(request.video_id)))
        await until(system.queue_is_empty)

    assert len(transcoder.calls) == 1
    assert len(system.webhooks.of(request.video_id)) == 1


async def test_of_many_workers_one_gets_the_lease(system: TranscodeSystem) -> None:
    request = a_request()

    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(take_lease(request, deps_of(system))) for _ in range(8)]

    answers = [one.result() for one in tries]
    assert sum(isinstance(answer, Lease) for answer in answers) == 1
    assert sum(isinstance(answer, Later) for answer in answers) == 7
    assert len(await system.attempts(request.job_id)) == 1


async def test_after_a_crash_the_next_worker_starts_over_elsewhere(system: TranscodeSystem) -> None:
    request, transcoder = a_request(), FakeTranscoder()
    await take_lease(request, deps_of(system))  # and nothing more: the worker is dead
    await system.request(request)

    async with system.working(transcoder):
        await system.until_state(request.job_id, "SUCCEEDED")

    root = f"videos/{request.video_id}/hls/"
    assert transcoder.prefixes == [f"{root}a2/"]
    lost, won = await system.attempts(request.job_id)
    assert (lost["prefix"], lost["state"]) == (root, "LOST")
    assert (won["prefix"], won["state"]) == (f"{root}a2/", "SUCCEEDED")


async def test_a_running_job_keeps_its_lease_and_its_message(system: TranscodeSystem) -> None:
    request, enough = a_request(), asyncio.Event()

    async def long_work(_prefix: str) -> None:
        await enough.wait()

    transcoder = FakeTranscoder(long_work)
    await system.request(request)
    async with system.working(transcoder), system.working(transcoder):
        await system.until_state(request.job_id, "RUNNING")
        leased_until = (await system.job(request.job_id))["lease_expires_at"]

        async def outlived_two_leases() -> bool:
            job = await system.job(request.job_id)
            return (job["lease_expires_at"] - leased_until).total_seconds() > 4

        await until(outlived_two_leases)
        enough.set()
        await system.until_state(request.job_id, "SUCCEEDED")

    assert len(transcoder.calls) == 1


async def test_a_zombie_writes_nothing(system: TranscodeSystem) -> None:
    request, release = a_request(), asyncio.Event()

    async def hang(_prefix: str) -> None:
        # As if the whole process had stood still: the lease is gone when it wakes.
        await system.clients.pool.execute(
            "UPDATE jobs SET lease_expires_at = clock_timestamp() WHERE id = $1", request.job_id
        )
        release.set()
        await asyncio.Event().wait()

    zombie = asyncio.create_task(run_job(request, deps_of(system, FakeTranscoder(hang))))
    await release.wait()
    lease = None
    while not isinstance(lease, Lease):
        await system.clients.pool.execute(
            "UPDATE jobs SET lease_expires_at = clock_timestamp() WHERE id = $1", request.job_id
        )
        lease = await take_lease(request, deps_of(system))

    outcome = await zombie

    assert outcome == Later(2)
    job = await system.job(request.job_id)
    assert (job["state"], job["lease_owner"], job["attempt"]) == ("RUNNING", lease.owner, 2)
    assert await system.clients.pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_bad_source_fails_at_once(system: TranscodeSystem) -> None:
    request = a_request()
    transcoder = FakeTranscoder(failing(SourceRejected(Rejection.SOURCE_CORRUPT, "no moov")))
    await system.request(request)

    async with system.working(transcoder):
        await until(lambda: bool(system.webhooks.of(request.video_id)))
        await until(system.queue_is_empty)

    [webhook] = system.webhooks.of(request.video_id)
    assert (webhook.status, webhook.fail_reason) == (
        TranscodeOutcome.FAILED,
        FailReason.SOURCE_CORRUPT,
    )
    assert len(transcoder.calls) == 1
    assert await system.dead_letters() == []


async def test_after_the_last_attempt_the_message_is_a_dead_letter(system: TranscodeSystem) -> None:
    request, broken = a_request(), OSError("disk is full")
    transcoder = FakeTranscoder(failing(*[broken] * 3))
    await system.request(request)

    async with system.working(transcoder):
        await until(lambda: bool(system.webhooks.of(request.video_id)))
        await until(system.queue_is_empty)

    [webhook] = system.webhooks.of(request.video_id)
    assert (webhook.fail_reason, webhook.attempt) == (FailReason.TRANSCODE_ERROR, 3)
    states = [attempt["state"] for attempt in await system.attempts(request.job_id)]
    assert states == ["FAILED"] * 3
    [(body, reason)] = await system.dead_letters()
    assert str(request.job_id).encode() in body
    assert "disk is full" in reason


async def test_nonsense_is_a_dead_letter(system: TranscodeSystem) -> None:
    await system.send(system.settings.jobs_queue_url, b'{"type": "Nonsense.v1"}')

    async with system.working(FakeTranscoder()):
        await until(system.queue_is_empty)

    [(body, reason)] = await system.dead_letters()
    assert body == b'{"type": "Nonsense.v1"}'
    assert "TranscodeRequested.v1" in reason


async def test_a_stopping_worker_hands_its_message_to_the_next(system: TranscodeSystem) -> None:
    request, stuck, next_one = a_request(), FakeTranscoder(for_ever), FakeTranscoder()
    await system.request(request)

    async with system.working(stuck):
        await stuck.started.wait()
    async with system.working(next_one):
        await system.until_state(request.job_id, "SUCCEEDED")

    states = [attempt["state"] for attempt in await system.attempts(request.job_id)]
    assert states == ["INTERRUPTED", "SUCCEEDED"]
    assert (await system.job(request.job_id))["failures"] == 0


async def test_two_jobs_of_a_video_never_share_a_prefix(system: TranscodeSystem) -> None:
    video_id = uuid4()
    first = a_request(video_id=video_id, requested_at=utc_now())
    transcoder = FakeTranscoder(failing(SourceRejected(Rejection.SOURCE_MISSING, "gone")))
    async with system.working(transcoder):
        await system.request(first)
        await system.until_state(first.job_id, "FAILED")
        again = a_request(video_id=video_id, requested_at=utc_now())
        await system.request(again)
        await system.until_state(again.job_id, "SUCCEEDED")

    assert transcoder.prefixes == [f"videos/{video_id}/hls/", f"videos/{video_id}/hls/a2/"]
