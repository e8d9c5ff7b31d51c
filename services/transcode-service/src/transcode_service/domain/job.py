"""A transcode job: one request to make HLS of one source, however many attempts it takes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, Self
from uuid import UUID

from reel_kernel.errors import DomainError
from reel_kernel.lifecycle import advance


class JobState(StrEnum):
    """Where a job stands; SUCCEEDED, FAILED and CANCELED are final."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class JobEvent(StrEnum):
    """What may happen to a job."""

    LEASED = "LEASED"
    PUBLISHED = "PUBLISHED"
    ATTEMPT_ENDED = "ATTEMPT_ENDED"
    GIVEN_UP = "GIVEN_UP"
    WITHDRAWN = "WITHDRAWN"


TRANSITIONS: Final[Mapping[JobState, Mapping[JobEvent, JobState]]] = {
    JobState.QUEUED: {
        JobEvent.LEASED: JobState.RUNNING,
        JobEvent.GIVEN_UP: JobState.FAILED,
        JobEvent.WITHDRAWN: JobState.CANCELED,
    },
    JobState.RUNNING: {
        JobEvent.PUBLISHED: JobState.SUCCEEDED,
        JobEvent.ATTEMPT_ENDED: JobState.QUEUED,  # failed in passing, lost, or interrupted
        JobEvent.GIVEN_UP: JobState.FAILED,
        JobEvent.WITHDRAWN: JobState.CANCELED,
    },
    JobState.SUCCEEDED: {},
    JobState.FAILED: {},
    JobState.CANCELED: {},
}
"""The same edges are rows of table `job_transitions`, where a trigger enforces them."""


class LeaseLost(DomainError):
    """The attempt's lease passed to somebody else or ended: nothing may be written in its name."""

    code: ClassVar[str] = "lease-lost"
    title: ClassVar[str] = "The lease is not held any more"


class JobWithdrawn(DomainError):
    """The job was cancelled while the attempt ran: its video was deleted or asked for anew."""

    code: ClassVar[str] = "job-withdrawn"
    title: ClassVar[str] = "The job was cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work on a job until it expires; (owner, attempt) is the fencing token.

    `waited_s` is how long the job could have been worked on before, but was not.
    """

    job_id: UUID
    video_id: UUID
    owner: str
    attempt: int
    prefix: str
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`attempt` is the number of the latest attempt, counted over all jobs of the video; 0 = none.

    `failures` counts the attempts that failed or were lost; interrupted ones are free.
    A CANCELED job keeps its lease until the attempt has stopped, or the lease runs out.
    """

    id: UUID
    video_id: UUID
    source_key: str
    source_size_bytes: int
    source_mime: str
    qualities: tuple[str, ...]
    requested_at: datetime
    updated_at: datetime
    not_before: datetime
    state: JobState = JobState.QUEUED
    attempt: int = 0
    failures: int = 0
    resends: int = 0
    lease_owner: str | None = None
    lease_expires_at: datetime | None = None
    fail_reason: str | None = None

    @property
    def is_finished(self) -> bool:
        """Tell whether the state is final."""
        return not TRANSITIONS[self.state]

    def is_leased(self, now: datetime) -> bool:
        """Tell whether somebody may be working on it, be it only to stop a cancelled attempt."""
        return self.lease_expires_at is not None and self.lease_expires_at > now

    def lease(self, lease: Lease, *, until: datetime, now: datetime) -> Self:
        """Hand the job to `lease.owner` as attempt `lease.attempt`."""
        leased = self._on(JobEvent.LEASED, now)
        return replace(
            leased, attempt=lease.attempt, lease_owner=lease.owner, lease_expires_at=until
        )

    def extend(self, lease: Lease, *, until: datetime) -> Self:
        """Keep the lease. Raises LeaseLost, JobWithdrawn."""
        self.check(lease)
        return replace(self, lease_expires_at=until)

    def succeed(self, lease: Lease, *, now: datetime) -> Self:
        """End with a published ladder. Raises LeaseLost, JobWithdrawn."""
        self.check(lease)
        return self._on(JobEvent.PUBLISHED, now).released()

    def fail(self, reason: str, *, now: datetime) -> Self:
        """End for good, with a public reason."""
        return replace(self._on(JobEvent.GIVEN_UP, now).released(), fail_reason=reason)

    def retry(self, *, not_before: datetime, now: datetime) -> Self:
        """End an attempt that counts: it failed in passing, or was lost with its worker."""
        ended = self._on(JobEvent.ATTEMPT_ENDED, now).released()
        return replace(ended, failures=self.failures + 1, not_before=not_before)

    def hand_back(self, *, now: datetime) -> Self:
        """End an attempt that does not count: its worker was told to stop."""
        return replace(self._on(JobEvent.ATTEMPT_ENDED, now).released(), not_before=now)

    def withdraw(self, *, now: datetime) -> Self:
        """Cancel. A running attempt learns of it at its next heartbeat; until then it is leased."""
        return self._on(JobEvent.WITHDRAWN, now)

    def released(self) -> Self:
        """End the lease; a cancelled job keeps it until its attempt has stopped."""
        return replace(self, lease_owner=None, lease_expires_at=None)

    def resent(self, *, now: datetime) -> Self:
        """Note that its message was sent once more."""
        return replace(self, resends=self.resends + 1, updated_at=now)

    def check(self, lease: Lease) -> None:
        """Raise LeaseLost or JobWithdrawn unless `lease` is the one in force."""
        if (self.lease_owner, self.attempt) != (lease.owner, lease.attempt):
            raise LeaseLost(f"job {self.id} is {self.state}, attempt {self.attempt}")
        if self.state is JobState.CANCELED:
            raise JobWithdrawn(f"job {self.id} was cancelled")

    def _on(self, event: JobEvent, now: datetime) -> Self:
        return replace(self, state=advance(TRANSITIONS, self.state, event), updated_at=now)
