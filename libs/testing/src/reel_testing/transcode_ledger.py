"""The transcode-service's job ledger in memory."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from reel_contracts.base import Message
from reel_kernel.effects import Effect
from transcode_service.domain.attempt import Attempt, AttemptState
from transcode_service.domain.job import Job, JobState
from transcode_service.domain.video_outputs import VideoOutputs
from transcode_service.ports.jobs import LedgerUnavailable, Transaction

START: Final = datetime(2026, 1, 22, 3, 0, tzinfo=UTC)
UNFINISHED: Final = frozenset({JobState.QUEUED, JobState.RUNNING})
ENDED_BADLY: Final = frozenset(AttemptState) - {AttemptState.RUNNING, AttemptState.SUCCEEDED}


@dataclass
class State:
    """What is committed."""

    videos: dict[UUID, VideoOutputs] = field(default_factory=dict[UUID, VideoOutputs])
    jobs: dict[UUID, Job] = field(default_factory=dict[UUID, Job])
    attempts: dict[tuple[UUID, int], Attempt] = field(
        default_factory=dict[tuple[UUID, int], Attempt]
    )
    outbox: list[tuple[str, UUID, Message]] = field(default_factory=list[tuple[str, UUID, Message]])
    inbox: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def snapshot(self) -> "State":
        """Return a copy that shares no container."""
        return State(**{name: copy(value) for name, value in vars(self).items()})


class MemoryLedger:
    """Transactions one at a time, committed as a whole or not at all; time stands until moved."""

    def __init__(self) -> None:
        self.committed = State()
        self.time = START
        self.outages = 0
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def begin(self, _effect: Effect | None = None, /) -> AsyncGenerator[Transaction]:
        """Open a transaction; the next `outages` fail."""
        if self.outages:
            self.outages -= 1
            raise LedgerUnavailable("connection refused")
        async with self._one_at_a_time:
            state = self.committed.snapshot()
            yield MemoryTransaction(state, self)
            self.committed = state

    def pass_time(self, seconds: float) -> None:
        """Move the database's clock."""
        self.time += timedelta(seconds=seconds)

    def job(self, job_id: UUID) -> Job:
        """Return a committed job."""
        return self.committed.jobs[job_id]

    def attempts_of(self, job_id: UUID) -> list[Attempt]:
        """Return a job's committed attempts in order."""
        found = (one for one in self.committed.attempts.values() if one.job_id == job_id)
        return sorted(found, key=lambda attempt: attempt.number)

    def sent(self, destination: str) -> list[Message]:
        """Return the messages committed for a destination, in order."""
        return [message for to, _, message in self.committed.outbox if to == destination]


class MemoryTransaction:
    """All repositories over one snapshot."""

    def __init__(self, state: State, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self.videos = MemoryVideos(state, ledger)
        self.jobs = MemoryJobs(state, ledger)
        self.attempts = MemoryAttempts(state, ledger)
        self.outbox = MemoryOutbox(state)
        self.inbox = MemoryInbox(state)

    async def now(self) -> datetime:
        return self._ledger.time


@dataclass
class MemoryVideos:
    state: State
    ledger: MemoryLedger

    async def lock(self, video_id: UUID) -> VideoOutputs:
        return self.state.videos.setdefault(video_id, VideoOutputs(video_id=video_id))

    async def save(self, video: VideoOutputs) -> None:
        self.state.videos[video.video_id] = video

    async def to_purge(self) -> Sequence[VideoOutputs]:
        now = self.ledger.time
        busy = {job.video_id for job in self.state.jobs.values() if job.is_leased(now)}
        return [
            video
            for video in self.state.videos.values()
            if video.purge_after and video.purge_after <= now and not video.purged_at
            if video.video_id not in busy
        ]


@dataclass
class MemoryJobs:
    state: State
    ledger: MemoryLedger

    async def get_for_update(self, job_id: UUID) -> Job | None:
        return self.state.jobs.get(job_id)

    async def add(self, job: Job) -> None:
        self.state.jobs[job.id] = job

    async def save(self, job: Job) -> None:
        self.state.jobs[job.id] = job

    async def unfinished_of(self, video_id: UUID) -> Sequence[Job]:
        jobs = self.state.jobs.values()
        return [job for job in jobs if job.video_id == video_id and job.state in UNFINISHED]

    async def is_superseded(self, job: Job) -> bool:
        live = UNFINISHED | {JobState.SUCCEEDED}
        return any(
            other.state in live and (other.requested_at, other.id) > (job.requested_at, job.id)
            for other in self.state.jobs.values()
            if other.video_id == job.video_id
        )

    async def canceled_and_abandoned(self) -> Sequence[Job]:
        now = self.ledger.time
        jobs = self.state.jobs.values()
        return [
            job
            for job in jobs
            if job.state is JobState.CANCELED and job.lease_expires_at and not job.is_leased(now)
        ]

    async def forgotten(self, *, age: timedelta) -> Sequence[Job]:
        return [
            job
            for job in self.state.jobs.values()
            if job.state in UNFINISHED
            and max(job.updated_at, job.not_before, job.lease_expires_at or job.updated_at)
            + age * 2**job.resends
            < self.ledger.time
        ]


@dataclass
class MemoryAttempts:
    state: State
    ledger: MemoryLedger

    async def add(self, attempt: Attempt) -> None:
        key = attempt.video_id, attempt.number
        if key in self.state.attempts:
            raise ValueError(f"Attempt {key} exists")
        self.state.attempts[key] = attempt

    async def get(self, video_id: UUID, number: int) -> Attempt:
        return self.state.attempts[video_id, number]

    async def save(self, attempt: Attempt) -> None:
        self.state.attempts[attempt.video_id, attempt.number] = attempt

    async def to_sweep(self) -> Sequence[Attempt]:
        return [
            attempt
            for attempt in self.state.attempts.values()
            if attempt.state in ENDED_BADLY and not attempt.swept_at
            if attempt.sweep_after and attempt.sweep_after <= self.ledger.time
        ]


@dataclass
class MemoryOutbox:
    state: State

    async def add(self, destination: str, key: UUID, *messages: Message) -> None:
        self.state.outbox.extend((destination, key, message) for message in messages)


@dataclass
class MemoryInbox:
    state: State

    async def first_seen(self, message_id: str, source: str) -> bool:
        if (source, message_id) in self.state.inbox:
            return False
        self.state.inbox.add((source, message_id))
        return True
