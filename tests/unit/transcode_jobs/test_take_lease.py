from datetime import timedelta

from reel_contracts.failures import FailReason
from reel_contracts.webhooks import TranscodeOutcome, TranscodeWebhook
from reel_testing.transcode_builders import a_request, expire_lease, job_deps
from reel_testing.transcode_ledger import START, MemoryLedger
from transcode_service.domain.attempt import AttemptState
from transcode_service.domain.job import JobState, Lease
from transcode_service.domain.outcome import Done, GivenUp, Later
from transcode_service.ports.jobs import VIDEO_WEBHOOK
from transcode_service.usecases.run_job import run_job
from transcode_service.usecases.take_lease import take_lease


async def test_a_new_request_starts_attempt_one(ledger: MemoryLedger) -> None:
    request = a_request()

    lease = await take_lease(request, job_deps(ledger))

    assert isinstance(lease, Lease)
    assert (lease.attempt, lease.prefix) == (1, f"videos/{request.video_id}/hls/")
    job = ledger.job(request.job_id)
    assert (job.state, job.lease_owner) == (JobState.RUNNING, "worker-1")
    assert job.lease_expires_at == START + timedelta(seconds=30)


async def test_a_copy_of_the_message_waits_until_the_lease_would_end(ledger: MemoryLedger) -> None:
    request = a_request()
    await take_lease(request, job_deps(ledger, owner="worker-1"))
    ledger.pass_time(10)

    second = await take_lease(request, job_deps(ledger, owner="worker-2"))

    assert second == Later(20)
    assert len(ledger.attempts_of(request.job_id)) == 1


async def test_a_lease_that_ran_out_passes_on_and_counts(ledger: MemoryLedger) -> None:
    request = a_request()
    await take_lease(request, job_deps(ledger, owner="worker-1"))
    expire_lease(ledger, request.job_id)

    lease = await take_lease(request, job_deps(ledger, owner="worker-2"))

    assert isinstance(lease, Lease)
    assert (lease.attempt, lease.prefix) == (2, f"videos/{request.video_id}/hls/a2/")
    states = [attempt.state for attempt in ledger.attempts_of(request.job_id)]
    assert states == [AttemptState.LOST, AttemptState.RUNNING]
    assert ledger.job(request.job_id).failures == 1


async def test_a_source_that_kills_every_worker_is_given_up(ledger: MemoryLedger) -> None:
    request, deps = a_request(), job_deps(ledger, max_attempts=2)
    for _ in range(2):
        await take_lease(request, deps)
        expire_lease(ledger, request.job_id)

    outcome = await take_lease(request, deps)

    assert isinstance(outcome, GivenUp)
    assert ledger.job(request.job_id).state is JobState.FAILED
    [webhook] = ledger.sent(VIDEO_WEBHOOK)
    assert isinstance(webhook, TranscodeWebhook)
    assert (webhook.status, webhook.fail_reason) == (
        TranscodeOutcome.FAILED,
        FailReason.TRANSCODE_ERROR,
    )


async def test_a_finished_job_is_not_done_again(ledger: MemoryLedger) -> None:
    request, deps = a_request(), job_deps(ledger)
    await run_job(request, deps)

    outcome = await take_lease(request, deps)

    assert isinstance(outcome, Done)
    assert len(ledger.attempts_of(request.job_id)) == 1


async def test_a_message_that_comes_too_early_is_put_back_until_due(ledger: MemoryLedger) -> None:
    request, deps = a_request(), job_deps(ledger)
    await take_lease(request, deps)
    job = ledger.job(request.job_id)
    ledger.committed.jobs[job.id] = job.retry(
        not_before=ledger.time + timedelta(seconds=7.2), now=ledger.time
    )

    assert await take_lease(request, deps) == Later(8)


async def test_attempts_of_a_second_job_go_on_counting(ledger: MemoryLedger) -> None:
    first, deps = a_request(), job_deps(ledger)
    await run_job(first, deps)
    again = a_request(video_id=first.video_id, requested_at=START + timedelta(minutes=1))

    lease = await take_lease(again, deps)

    assert isinstance(lease, Lease)
    assert lease.prefix == f"videos/{first.video_id}/hls/a2/"


async def test_an_older_request_is_ignored_once_a_newer_one_succeeded(ledger: MemoryLedger) -> None:
    newer, deps = a_request(requested_at=START + timedelta(minutes=1)), job_deps(ledger)
    await run_job(newer, deps)
    older = a_request(video_id=newer.video_id, requested_at=START)

    outcome = await take_lease(older, deps)

    assert isinstance(outcome, Done)
    assert ledger.job(older.job_id).state is JobState.CANCELED


async def test_a_newer_request_cancels_the_older_one_that_runs(ledger: MemoryLedger) -> None:
    older, deps = a_request(), job_deps(ledger)
    await take_lease(older, deps)
    newer = a_request(video_id=older.video_id, requested_at=START + timedelta(minutes=1))

    lease = await take_lease(newer, job_deps(ledger, owner="worker-2"))

    assert isinstance(lease, Lease)
    assert ledger.job(older.job_id).state is JobState.CANCELED
