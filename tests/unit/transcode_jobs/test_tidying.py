from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from reel_contracts.events import TranscodeCanceled, TranscodeRequested, VideoDeleted
from reel_contracts.webhooks import PartPurged
from reel_testing.transcode_builders import (
    FakeTranscoder,
    MemoryOutputs,
    a_request,
    expire_lease,
    failing,
    job_deps,
    sweep_deps,
)
from reel_testing.transcode_ledger import START, MemoryLedger
from transcode_service.domain.attempt import AttemptState
from transcode_service.domain.job import JobState, JobWithdrawn, Lease
from transcode_service.domain.outcome import Done
from transcode_service.ports.jobs import PURGE_WEBHOOK, TRANSCODE_JOBS, VIDEO_WEBHOOK
from transcode_service.usecases.cancel_job import cancel_job
from transcode_service.usecases.delete_video import delete_video
from transcode_service.usecases.report import report_stopped
from transcode_service.usecases.revive import bury_canceled, revive_forgotten
from transcode_service.usecases.run_job import run_job
from transcode_service.usecases.sweep import sweep
from transcode_service.usecases.take_lease import take_lease

MINUTE = timedelta(minutes=1)


async def delete(video_id: UUID, ledger: MemoryLedger, *, message_id: str = "1") -> bool:
    event = VideoDeleted(video_id=video_id, owner_id=uuid4(), deleted_at=START)
    return await delete_video(event, message_id=message_id, begin=ledger.begin)


async def test_the_objects_of_a_failed_attempt_go_and_the_winners_stay(
    ledger: MemoryLedger,
) -> None:
    request = a_request()
    deps = job_deps(ledger, FakeTranscoder(failing(OSError("s3 went away"))))
    await run_job(request, deps)
    ledger.pass_time(2)
    await run_job(request, deps)
    root = f"videos/{request.video_id}/hls/"
    outputs = MemoryOutputs(f"{root}master.m3u8", f"{root}a2/master.m3u8")

    await sweep(sweep_deps(ledger, outputs))

    assert outputs.keys == {f"{root}a2/master.m3u8"}
    failed, succeeded = ledger.attempts_of(request.job_id)
    assert failed.swept_at == ledger.time
    assert succeeded.swept_at is None


async def test_a_lost_attempt_is_swept_again_after_its_worker_must_be_gone(
    ledger: MemoryLedger,
) -> None:
    request = a_request()
    await take_lease(request, job_deps(ledger))
    expire_lease(ledger, request.job_id)
    await run_job(request, job_deps(ledger, owner="worker-2"))
    root = f"videos/{request.video_id}/hls/"
    outputs = MemoryOutputs(f"{root}poster.jpg")
    deps = sweep_deps(ledger, outputs)

    await sweep(deps)
    outputs.keys.add(f"{root}480p/seg_00009.m4s")  # by a worker that does not know yet
    ledger.pass_time(deps.settle.total_seconds())
    await sweep(deps)

    assert outputs.keys == set()
    assert ledger.attempts_of(request.job_id)[0].swept_at == ledger.time


async def test_what_cannot_be_deleted_is_tried_again_after_a_pause(ledger: MemoryLedger) -> None:
    request = a_request()
    await run_job(request, job_deps(ledger, FakeTranscoder(failing(OSError("x")))))
    outputs = MemoryOutputs(f"videos/{request.video_id}/hls/poster.jpg")
    deps = sweep_deps(ledger, outputs)
    outputs.broken = True
    await sweep(deps)
    outputs.broken = False

    await sweep(deps)
    assert outputs.keys != set()

    ledger.pass_time(deps.pause.total_seconds())
    await sweep(deps)
    assert outputs.keys == set()


async def test_a_deleted_video_is_purged_when_its_attempt_has_stopped(ledger: MemoryLedger) -> None:
    request = a_request()
    deps = job_deps(ledger)
    lease = await take_lease(request, deps)
    assert isinstance(lease, Lease)
    outputs = MemoryOutputs(f"videos/{request.video_id}/hls/poster.jpg", "videos/other/hls/x")
    await delete(request.video_id, ledger)

    await sweep(sweep_deps(ledger, outputs))
    assert len(outputs.keys) == 2

    await report_stopped(lease, deps)
    await sweep(sweep_deps(ledger, outputs))
    assert outputs.keys == {"videos/other/hls/x"}


async def test_a_deleted_video_is_purged_when_its_worker_is_dead(ledger: MemoryLedger) -> None:
    request = a_request()
    await take_lease(request, job_deps(ledger))
    outputs = MemoryOutputs(f"videos/{request.video_id}/hls/poster.jpg")
    await delete(request.video_id, ledger)
    expire_lease(ledger, request.job_id)

    await sweep(sweep_deps(ledger, outputs))

    assert outputs.keys == set()


async def test_a_repeated_deletion_does_nothing(ledger: MemoryLedger) -> None:
    video_id = uuid4()

    answers = [await delete(video_id, ledger) for _ in range(2)]
    ledger.pass_time(60)
    await delete(video_id, ledger, message_id="2")

    assert answers == [True, False]
    assert ledger.committed.videos[video_id].deleted_at == START


async def test_a_job_whose_message_is_lost_is_sent_again(ledger: MemoryLedger) -> None:
    request, deps = a_request(), sweep_deps(ledger)
    await take_lease(request, job_deps(ledger))
    expire_lease(ledger, request.job_id)
    ledger.pass_time(deps.forgotten.total_seconds())

    await revive_forgotten(deps)

    assert ledger.sent(TRANSCODE_JOBS) == [request]
    assert ledger.job(request.job_id).state is JobState.QUEUED
    assert ledger.attempts_of(request.job_id)[0].state is AttemptState.LOST


async def test_a_job_that_somebody_looks_after_is_left_alone(ledger: MemoryLedger) -> None:
    request, deps = a_request(), sweep_deps(ledger)
    await take_lease(request, job_deps(ledger))
    expire_lease(ledger, request.job_id)

    await revive_forgotten(deps)

    assert ledger.sent(TRANSCODE_JOBS) == []
    assert ledger.job(request.job_id).state is JobState.RUNNING


async def test_copies_are_sent_at_growing_distances(ledger: MemoryLedger) -> None:
    request, deps = a_request(), sweep_deps(ledger)
    await run_job(request, job_deps(ledger, FakeTranscoder(failing(OSError("x")))))
    sent: list[int] = []

    for minute in range(120):
        before = len(ledger.sent(TRANSCODE_JOBS))
        await revive_forgotten(deps)
        if len(ledger.sent(TRANSCODE_JOBS)) > before:
            sent.append(minute)
        ledger.pass_time(60)

    assert sent == [11, 32, 73]
    assert all(isinstance(message, TranscodeRequested) for message in ledger.sent(TRANSCODE_JOBS))


async def test_a_forgotten_job_without_attempts_left_is_failed(ledger: MemoryLedger) -> None:
    request, deps = a_request(), sweep_deps(ledger, max_attempts=1)
    await take_lease(request, job_deps(ledger, max_attempts=1))
    ledger.pass_time(timedelta(hours=1).total_seconds())

    await revive_forgotten(deps)

    assert ledger.job(request.job_id).state is JobState.FAILED
    assert len(ledger.sent(VIDEO_WEBHOOK)) == 1
    assert ledger.sent(TRANSCODE_JOBS) == []


async def test_a_cancelled_attempt_whose_worker_died_is_swept_like_a_lost_one(
    ledger: MemoryLedger,
) -> None:
    older = a_request()
    await take_lease(older, job_deps(ledger))
    newer = a_request(video_id=older.video_id, requested_at=START + timedelta(minutes=1))
    await run_job(newer, job_deps(ledger, owner="worker-2"))
    root = f"videos/{older.video_id}/hls/"
    outputs = MemoryOutputs(f"{root}poster.jpg", f"{root}a2/master.m3u8")
    deps = sweep_deps(ledger, outputs)

    await bury_canceled(deps)
    assert ledger.attempts_of(older.job_id)[0].state is AttemptState.RUNNING

    expire_lease(ledger, older.job_id)
    await bury_canceled(deps)
    await sweep(deps)

    assert ledger.attempts_of(older.job_id)[0].state is AttemptState.LOST
    assert ledger.job(older.job_id).lease_owner is None
    assert outputs.keys == {f"{root}a2/master.m3u8"}


async def test_a_purge_tells_what_it_found_and_later_that_it_is_over(
    ledger: MemoryLedger,
) -> None:
    video_id = uuid4()
    await delete(video_id, ledger)
    root = f"videos/{video_id}/hls/"
    outputs = MemoryOutputs(f"{root}master.m3u8", f"{root}720p/playlist.m3u8")
    deps = sweep_deps(ledger, outputs)

    await sweep(deps)
    outputs.keys.add(f"{root}late.m4s")
    ledger.pass_time(deps.settle.total_seconds())
    await sweep(deps)
    await sweep(deps)

    reports = purges_told(ledger)
    assert [(one.objects, one.last) for one in reports] == [(2, False), (1, True)]
    assert reports[0].size_bytes == len(f"{root}master.m3u8{root}720p/playlist.m3u8")


async def test_a_purge_that_is_taken_up_again_tells_what_was_there_at_first(
    ledger: MemoryLedger,
) -> None:
    video_id = uuid4()
    await delete(video_id, ledger)
    outputs = BreakingHalfway(f"videos/{video_id}/hls/1.m4s", f"videos/{video_id}/hls/2.m4s")
    deps = sweep_deps(ledger, outputs)

    await sweep(deps)
    told_too_early = purges_told(ledger)
    ledger.pass_time(deps.pause.total_seconds())
    await sweep(deps)

    assert told_too_early == []
    assert [one.objects for one in purges_told(ledger)] == [2]


class BreakingHalfway(MemoryOutputs):
    """Deletes one object of a video, then the store goes away, once."""

    async def delete_video(self, video_id: UUID) -> int:
        if len(self.keys) > 1:
            self.keys.pop()
            raise OSError("the store is away")
        return await super().delete_video(video_id)


def purges_told(ledger: MemoryLedger) -> list[PartPurged]:
    return [one for one in ledger.sent(PURGE_WEBHOOK) if isinstance(one, PartPurged)]


async def cancel(request: TranscodeRequested, ledger: MemoryLedger, message_id: str = "1") -> bool:
    event = TranscodeCanceled(request=request, canceled_at=START)
    return await cancel_job(event, message_id=message_id, begin=ledger.begin)


async def test_a_cancelled_request_is_never_begun_even_if_it_comes_later(
    ledger: MemoryLedger,
) -> None:
    request = a_request()

    assert await cancel(request, ledger)
    outcome = await take_lease(request, job_deps(ledger))

    assert outcome == Done("the job is CANCELED already")
    assert not await cancel(request, ledger)


async def test_a_cancelled_attempt_learns_of_it_and_a_newer_request_goes_ahead(
    ledger: MemoryLedger,
) -> None:
    request = a_request()
    lease = await take_lease(request, job_deps(ledger))
    assert isinstance(lease, Lease)

    assert await cancel(request, ledger)

    with pytest.raises(JobWithdrawn):
        ledger.job(request.job_id).check(lease)
    newer = msgspec.structs.replace(request, job_id=uuid4(), requested_at=START + MINUTE)
    assert isinstance(await take_lease(newer, job_deps(ledger)), Lease)


async def test_a_finished_job_is_not_cancelled(ledger: MemoryLedger) -> None:
    request = a_request()
    await run_job(request, job_deps(ledger))

    assert not await cancel(request, ledger)

    assert ledger.job(request.job_id).state is JobState.SUCCEEDED
