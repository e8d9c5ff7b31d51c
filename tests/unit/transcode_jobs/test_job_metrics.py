"""What is counted while jobs run, fail and end."""

import asyncio
from datetime import timedelta

import pytest

from reel_observability.metrics import REGISTRY
from reel_testing.transcode_builders import (
    FakeTranscoder,
    MemoryOutputs,
    a_request,
    failing,
    for_ever,
    job_deps,
    steal,
    sweep_deps,
)
from reel_testing.transcode_ledger import START, MemoryLedger
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.usecases.run_job import run_job
from transcode_service.usecases.sweep import sweep
from transcode_service.usecases.take_lease import take_lease


class Counted:
    """By how much numbers have grown since the test began."""

    def __init__(self) -> None:
        self._before = self._now()

    def __call__(self, name: str, **labels: str) -> float:
        key = (f"reel_transcode_{name}", frozenset(labels.items()))
        return self._now().get(key, 0) - self._before.get(key, 0)

    def _now(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in REGISTRY.collect()
            for sample in family.samples
        }


@pytest.fixture
def counted() -> Counted:
    return Counted()


async def test_a_success_counts_its_wait_its_speed_and_its_bytes(
    ledger: MemoryLedger, counted: Counted
) -> None:
    await run_job(
        a_request(requested_at=START - timedelta(seconds=4)), job_deps(ledger, FakeTranscoder())
    )

    assert counted("attempts_total", outcome="succeeded") == 1
    assert counted("queue_wait_seconds_sum") == pytest.approx(4, abs=0.5)
    assert counted("encode_speed_ratio_count") == 1
    assert counted("source_bytes_total") > 0
    assert counted("output_bytes_total") > 0
    assert counted("running_jobs") == 0


async def test_a_rejected_source_counts_with_its_reason(
    ledger: MemoryLedger, counted: Counted
) -> None:
    rejection = SourceRejected(Rejection.SOURCE_CORRUPT, "torn")

    await run_job(a_request(), job_deps(ledger, FakeTranscoder(failing(rejection))))

    assert counted("attempts_total", outcome="failed") == 1
    assert counted("failed_jobs_total", reason="SOURCE_CORRUPT") == 1


async def test_a_job_is_given_up_once_however_many_attempts_it_took(
    ledger: MemoryLedger, counted: Counted
) -> None:
    request, transcoder = a_request(), FakeTranscoder(failing(OSError(), OSError()))
    deps = job_deps(ledger, transcoder, max_attempts=2)

    await run_job(request, deps)
    ledger.pass_time(3600)
    await run_job(request, deps)

    assert counted("attempts_total", outcome="failed") == 2
    assert counted("failed_jobs_total", reason="TRANSCODE_ERROR") == 1


async def test_a_dead_worker_is_counted_by_whoever_finds_it(
    ledger: MemoryLedger, counted: Counted
) -> None:
    request, deps = a_request(), job_deps(ledger, FakeTranscoder())
    await take_lease(request, deps)
    ledger.pass_time(3600)

    await run_job(request, deps)

    assert counted("attempts_total", outcome="lost") == 1
    assert counted("attempts_total", outcome="succeeded") == 1


async def test_a_lease_lost_alive_is_counted_apart(ledger: MemoryLedger, counted: Counted) -> None:
    request = a_request()

    async def robbed(_prefix: str) -> None:
        steal(ledger, request.job_id)

    await run_job(request, job_deps(ledger, FakeTranscoder(robbed)))

    assert counted("leases_lost_total") == 1


async def test_a_running_job_shows_and_an_interrupted_one_is_no_failure(
    ledger: MemoryLedger, counted: Counted
) -> None:
    transcoder = FakeTranscoder(for_ever)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(run_job(a_request(), job_deps(ledger, transcoder)))
        await transcoder.started.wait()

        assert counted("running_jobs") == 1
        running.cancel()

    assert counted("running_jobs") == 0
    assert counted("attempts_total", outcome="interrupted") == 1
    assert counted("attempts_total", outcome="failed") == 0


async def test_swept_objects_are_counted(ledger: MemoryLedger, counted: Counted) -> None:
    request = a_request()
    await run_job(request, job_deps(ledger, FakeTranscoder(failing(OSError()))))
    prefix = f"videos/{request.video_id}/hls/"

    await sweep(sweep_deps(ledger, MemoryOutputs(f"{prefix}480p/s1.m4s", f"{prefix}poster.jpg")))

    assert counted("swept_objects_total") == 2
