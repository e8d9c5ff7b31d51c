from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reel_kernel.errors import InvalidTransition
from transcode_service.domain.job import (
    TRANSITIONS,
    Job,
    JobEvent,
    JobState,
    JobWithdrawn,
    Lease,
    LeaseLost,
)

NOW = datetime(2026, 1, 22, 3, 0, tzinfo=UTC)
SOON = NOW + timedelta(seconds=30)


def a_job() -> Job:
    return Job(
        id=uuid4(),
        video_id=uuid4(),
        source_key="videos/1/source.mp4",
        source_size_bytes=1,
        source_mime="video/mp4",
        qualities=("480p",),
        requested_at=NOW,
        updated_at=NOW,
        not_before=NOW,
    )


def a_lease(job: Job, *, owner: str = "worker-1", attempt: int = 1) -> Lease:
    return Lease(job_id=job.id, video_id=job.video_id, owner=owner, attempt=attempt, prefix="p/")


def a_running_job() -> tuple[Job, Lease]:
    job = a_job()
    lease = a_lease(job)
    return job.lease(lease, until=SOON, now=NOW), lease


def apply(job: Job, event: JobEvent) -> Job:
    match event:
        case JobEvent.LEASED:
            return job.lease(a_lease(job, attempt=job.attempt + 1), until=SOON, now=NOW)
        case JobEvent.PUBLISHED:
            return job.succeed(a_lease(job, attempt=job.attempt), now=NOW)
        case JobEvent.ATTEMPT_ENDED:
            return job.retry(not_before=SOON, now=NOW)
        case JobEvent.GIVEN_UP:
            return job.fail("TRANSCODE_ERROR", now=NOW)
        case JobEvent.WITHDRAWN:
            return job.withdraw(now=NOW)


@given(st.lists(st.sampled_from(JobEvent), max_size=12))
def test_whatever_happens_a_job_keeps_its_rules(events: list[JobEvent]) -> None:
    job = a_job()
    for event in events:
        before = job
        try:
            job = apply(job, event)
        except (InvalidTransition, LeaseLost, JobWithdrawn):
            job = before

        assert not before.is_finished or job == before
        assert job.state is not JobState.RUNNING or job.lease_owner is not None
        assert job.lease_owner is None or job.state in {JobState.RUNNING, JobState.CANCELED}
        assert (job.fail_reason is not None) == (job.state is JobState.FAILED)
        assert job.attempt >= before.attempt


def test_final_states_have_no_way_out() -> None:
    final = {state for state, edges in TRANSITIONS.items() if not edges}

    assert final == {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELED}


@pytest.mark.parametrize(("owner", "attempt"), [("worker-2", 1), ("worker-1", 2)])
def test_only_the_lease_in_force_may_report(owner: str, attempt: int) -> None:
    job, _ = a_running_job()
    other = a_lease(job, owner=owner, attempt=attempt)

    with pytest.raises(LeaseLost):
        job.succeed(other, now=NOW)
    with pytest.raises(LeaseLost):
        job.extend(other, until=SOON)


def test_a_cancelled_job_tells_the_attempt_that_still_runs() -> None:
    job, lease = a_running_job()

    withdrawn = job.withdraw(now=NOW)

    with pytest.raises(JobWithdrawn):
        withdrawn.extend(lease, until=SOON)
    assert withdrawn.is_leased(NOW)
    assert not withdrawn.released().is_leased(NOW)


def test_an_interrupted_attempt_does_not_count() -> None:
    job, _ = a_running_job()

    assert job.hand_back(now=NOW).failures == 0
    assert job.retry(not_before=SOON, now=NOW).failures == 1


def test_a_lease_ends_on_the_second() -> None:
    job, _ = a_running_job()

    assert job.is_leased(SOON - timedelta(microseconds=1))
    assert not job.is_leased(SOON)
