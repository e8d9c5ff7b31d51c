import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from reel_contracts.events import VideoDeleted
from reel_contracts.failures import FailReason
from reel_contracts.webhooks import AssetType, TranscodeOutcome, TranscodeWebhook
from reel_hls.findings import Code, error
from reel_testing.transcode_builders import (
    FakeTranscoder,
    a_plan,
    a_request,
    a_verdict,
    failing,
    for_ever,
    job_deps,
    steal,
)
from reel_testing.transcode_ledger import START, MemoryLedger
from transcode_service.domain.attempt import AttemptState
from transcode_service.domain.job import JobState
from transcode_service.domain.media_errors import (
    EncodeFailed,
    EncodeTimedOut,
    OutputUnproven,
    Rejection,
    SourceRejected,
)
from transcode_service.domain.outcome import Done, GivenUp, Later
from transcode_service.domain.plan_record import plan_record
from transcode_service.domain.transcoding import Progress, SourceRef, TranscodeResult
from transcode_service.ports.jobs import VIDEO_WEBHOOK, LedgerUnavailable, OnPlan
from transcode_service.usecases.delete_video import delete_video
from transcode_service.usecases.run_job import run_job


def the_webhook(ledger: MemoryLedger) -> TranscodeWebhook:
    [webhook] = ledger.sent(VIDEO_WEBHOOK)
    assert isinstance(webhook, TranscodeWebhook)
    return webhook


def a_deletion(video_id: UUID) -> VideoDeleted:
    return VideoDeleted(video_id=video_id, owner_id=uuid4(), deleted_at=START)


async def test_an_attempt_keeps_its_plan_however_it_ends(ledger: MemoryLedger) -> None:
    request = a_request()
    failure = SourceRejected(Rejection.SOURCE_CORRUPT, "torn")

    await run_job(request, job_deps(ledger, FakeTranscoder(failing(failure))))

    [attempt] = ledger.attempts_of(request.job_id)
    assert attempt.state is AttemptState.FAILED
    assert attempt.plan == plan_record(a_plan())


async def test_an_attempt_that_lost_its_lease_writes_no_plan(ledger: MemoryLedger) -> None:
    request = a_request()

    class Late(FakeTranscoder):
        async def __call__(
            self,
            source: SourceRef,
            *,
            prefix: str,
            qualities: Sequence[str],
            on_plan: OnPlan,
            on_progress: Callable[[Progress], None],
        ) -> TranscodeResult:
            steal(ledger, request.job_id)
            return await super().__call__(
                source,
                prefix=prefix,
                qualities=qualities,
                on_plan=on_plan,
                on_progress=on_progress,
            )

    await run_job(request, job_deps(ledger, Late()))

    assert [attempt.plan for attempt in ledger.attempts_of(request.job_id)] == [None]


async def test_a_published_ladder_is_reported_once(ledger: MemoryLedger) -> None:
    request, transcoder = a_request(), FakeTranscoder()
    deps = job_deps(ledger, transcoder)

    outcomes = [await run_job(request, deps) for _ in range(3)]

    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert transcoder.prefixes == [f"videos/{request.video_id}/hls/"]
    webhook = the_webhook(ledger)
    assert (webhook.status, webhook.job_id, webhook.attempt) == (
        TranscodeOutcome.READY,
        request.job_id,
        1,
    )
    assert (webhook.duration_seconds, webhook.width, webhook.height) == (62.5, 1920, 1080)
    assert [asset.type for asset in webhook.assets] == [
        AssetType.HLS_MASTER,
        AssetType.HLS_RENDITION,
    ]
    assert ledger.job(request.job_id).state is JobState.SUCCEEDED
    assert [one.state for one in ledger.attempts_of(request.job_id)] == [AttemptState.SUCCEEDED]


async def test_the_proof_is_kept_with_its_attempt_however_it_went(ledger: MemoryLedger) -> None:
    request = a_request()
    verdict = a_verdict("master.m3u8", error(Code.NO_IDR, "seg_00000.m4s", "begins mid-GOP"))
    deps = job_deps(ledger, FakeTranscoder(failing(OutputUnproven(verdict))))

    unproven = await run_job(request, deps)
    ledger.pass_time(10)
    proven = await run_job(request, deps)

    assert isinstance(unproven, Later)
    assert isinstance(proven, Done)
    first, second = ledger.attempts_of(request.job_id)
    assert (first.state, first.verdict) == (AttemptState.FAILED, verdict)
    assert second.state is AttemptState.SUCCEEDED
    assert second.verdict
    assert second.verdict.errors == ()


async def test_a_bad_source_fails_the_job_at_once(ledger: MemoryLedger) -> None:
    request = a_request()
    rejected = SourceRejected(Rejection.NO_VIDEO_STREAM, "only sound")

    outcome = await run_job(request, job_deps(ledger, FakeTranscoder(failing(rejected))))

    assert isinstance(outcome, Done)
    job = ledger.job(request.job_id)
    assert (job.state, job.fail_reason) == (JobState.FAILED, "NO_VIDEO_STREAM")
    assert the_webhook(ledger).fail_reason == FailReason.NO_VIDEO_STREAM
    assert ledger.attempts_of(request.job_id)[0].error == "NO_VIDEO_STREAM: only sound"


@pytest.mark.parametrize("reason", list(Rejection))
def test_every_rejection_is_a_public_reason(reason: Rejection) -> None:
    assert FailReason(reason).value == reason.value


async def test_a_passing_failure_is_tried_again_later(ledger: MemoryLedger) -> None:
    request = a_request()
    broken = EncodeFailed("ffmpeg was killed", exit_code=-9, stderr_tail=("out of memory",))

    outcome = await run_job(request, job_deps(ledger, FakeTranscoder(failing(broken))))

    assert outcome == Later(2)
    job = ledger.job(request.job_id)
    assert (job.state, job.not_before) == (JobState.QUEUED, START + timedelta(seconds=2))
    [attempt] = ledger.attempts_of(request.job_id)
    assert attempt.state is AttemptState.FAILED
    assert attempt.error == "EncodeFailed: ffmpeg was killed\nout of memory"
    assert ledger.sent(VIDEO_WEBHOOK) == []


async def test_the_second_attempt_writes_elsewhere_and_may_succeed(ledger: MemoryLedger) -> None:
    request, transcoder = a_request(), FakeTranscoder(failing(OSError("s3 went away")))
    deps = job_deps(ledger, transcoder)
    await run_job(request, deps)
    ledger.pass_time(2)

    outcome = await run_job(request, deps)

    assert isinstance(outcome, Done)
    root = f"videos/{request.video_id}/hls/"
    assert transcoder.prefixes == [root, f"{root}a2/"]
    assert the_webhook(ledger).attempt == 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError("s3 went away"), FailReason.TRANSCODE_ERROR),
        (EncodeTimedOut("2 h"), FailReason.TRANSCODE_TIMEOUT),
    ],
)
async def test_after_the_last_attempt_the_job_is_given_up(
    ledger: MemoryLedger, error: Exception, reason: FailReason
) -> None:
    request = a_request()
    deps = job_deps(ledger, FakeTranscoder(failing(error, error, error)), max_attempts=3)

    outcomes: list[object] = []
    for _ in range(3):
        outcomes.append(await run_job(request, deps))
        ledger.pass_time(300)

    assert outcomes[:2] == [Later(2), Later(4)]
    assert isinstance(outcomes[2], GivenUp)
    assert str(error) in outcomes[2].detail
    assert ledger.job(request.job_id).fail_reason == reason
    webhook = the_webhook(ledger)
    assert (webhook.status, webhook.fail_reason, webhook.attempt) == (
        TranscodeOutcome.FAILED,
        reason,
        3,
    )


async def test_an_attempt_that_lost_its_lease_stops_and_writes_nothing(
    ledger: MemoryLedger,
) -> None:
    request = a_request()

    async def lose(_prefix: str) -> None:
        steal(ledger, request.job_id)
        await asyncio.Event().wait()

    transcoder = FakeTranscoder(lose)

    outcome = await run_job(request, job_deps(ledger, transcoder))

    assert outcome == Later(30)
    assert transcoder.stopped.is_set()
    assert ledger.job(request.job_id).lease_owner == "worker-2"
    assert ledger.attempts_of(request.job_id)[0].state is AttemptState.RUNNING
    assert ledger.sent(VIDEO_WEBHOOK) == []


@pytest.mark.parametrize("error", [None, SourceRejected(Rejection.SOURCE_CORRUPT, "x"), OSError()])
async def test_a_zombie_that_comes_to_an_end_reports_nothing(
    ledger: MemoryLedger, error: Exception | None
) -> None:
    request = a_request()

    async def end_after_losing(_prefix: str) -> None:
        steal(ledger, request.job_id)
        if error is not None:
            raise error

    outcome = await run_job(request, job_deps(ledger, FakeTranscoder(end_after_losing)))

    assert outcome == Later(30)
    assert ledger.job(request.job_id).state is JobState.RUNNING
    assert ledger.sent(VIDEO_WEBHOOK) == []


async def test_a_worker_that_cannot_reach_the_database_for_a_lease_stops(
    ledger: MemoryLedger,
) -> None:
    async def lose_the_database(_prefix: str) -> None:
        ledger.outages = 1_000_000
        await asyncio.Event().wait()

    transcoder = FakeTranscoder(lose_the_database)

    outcome = await run_job(a_request(), job_deps(ledger, transcoder, lease_s=0.1))

    assert outcome == Later(1)
    assert transcoder.stopped.is_set()


async def test_a_short_absence_of_the_database_costs_nothing(ledger: MemoryLedger) -> None:
    request = a_request()

    async def lose_the_database_briefly(_prefix: str) -> None:
        ledger.outages = 2

    outcome = await run_job(request, job_deps(ledger, FakeTranscoder(lose_the_database_briefly)))

    assert isinstance(outcome, Done)
    assert ledger.job(request.job_id).state is JobState.SUCCEEDED


async def test_without_a_database_no_attempt_starts(ledger: MemoryLedger) -> None:
    transcoder = FakeTranscoder()
    ledger.outages = 1

    with pytest.raises(LedgerUnavailable):
        await run_job(a_request(), job_deps(ledger, transcoder))

    assert transcoder.prefixes == []


async def test_a_stopping_worker_hands_the_job_back_uncounted(ledger: MemoryLedger) -> None:
    request, transcoder = a_request(), FakeTranscoder(for_ever)
    running = asyncio.create_task(run_job(request, job_deps(ledger, transcoder)))
    await transcoder.started.wait()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert transcoder.stopped.is_set()
    job = ledger.job(request.job_id)
    assert (job.state, job.failures, job.lease_owner) == (JobState.QUEUED, 0, None)
    assert ledger.attempts_of(request.job_id)[0].state is AttemptState.INTERRUPTED


async def test_a_job_handed_back_goes_on_at_once_elsewhere(ledger: MemoryLedger) -> None:
    request, transcoder = a_request(), FakeTranscoder(for_ever)
    running = asyncio.create_task(run_job(request, job_deps(ledger, transcoder)))
    await transcoder.started.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    outcome = await run_job(request, job_deps(ledger, owner="worker-2"))

    assert isinstance(outcome, Done)
    assert the_webhook(ledger).attempt == 2


async def test_deleting_the_video_stops_its_running_attempt(ledger: MemoryLedger) -> None:
    request, transcoder, woken = a_request(), FakeTranscoder(for_ever), asyncio.Event()
    deps = job_deps(ledger, transcoder, wake_sweeper=woken.set)
    running = asyncio.create_task(run_job(request, deps))
    await transcoder.started.wait()

    await delete_video(a_deletion(request.video_id), message_id="1", begin=ledger.begin)
    async with asyncio.timeout(3):
        outcome = await running

    assert isinstance(outcome, Done)
    assert transcoder.stopped.is_set()
    assert woken.is_set()
    job = ledger.job(request.job_id)
    assert (job.state, job.lease_owner) == (JobState.CANCELED, None)
    assert ledger.attempts_of(request.job_id)[0].state is AttemptState.CANCELED
    assert ledger.sent(VIDEO_WEBHOOK) == []


async def test_a_request_for_a_deleted_video_is_ignored(ledger: MemoryLedger) -> None:
    request, transcoder = a_request(), FakeTranscoder()
    await delete_video(a_deletion(request.video_id), message_id="1", begin=ledger.begin)

    outcome = await run_job(request, job_deps(ledger, transcoder))

    assert isinstance(outcome, Done)
    assert transcoder.prefixes == []
    assert ledger.job(request.job_id).state is JobState.CANCELED


async def test_a_worker_that_stops_while_its_video_is_deleted_frees_the_objects(
    ledger: MemoryLedger,
) -> None:
    request, transcoder = a_request(), FakeTranscoder(for_ever)
    deps = replace(job_deps(ledger, transcoder), beat_s=3600)
    running = asyncio.create_task(run_job(request, deps))
    await transcoder.started.wait()
    await delete_video(a_deletion(request.video_id), message_id="1", begin=ledger.begin)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    job = ledger.job(request.job_id)
    assert (job.state, job.lease_owner) == (JobState.CANCELED, None)


async def test_a_worker_that_stops_without_a_database_leaves_the_lease_to_run_out(
    ledger: MemoryLedger,
) -> None:
    request, transcoder = a_request(), FakeTranscoder(for_ever)
    deps = replace(job_deps(ledger, transcoder, lease_s=0.2), beat_s=3600)
    running = asyncio.create_task(run_job(request, deps))
    await transcoder.started.wait()
    ledger.outages = 1_000_000

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert transcoder.stopped.is_set()
    assert ledger.job(request.job_id).state is JobState.RUNNING
