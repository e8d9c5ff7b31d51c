"""The transcode-service's job ledger in memory, and builders of what goes through it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from reel_contracts.base import Message
from reel_contracts.events import TranscodeRequested
from transcode_service.domain.attempt import Attempt, AttemptState, attempt_prefix
from transcode_service.domain.backoff import RetryPolicy
from transcode_service.domain.job import Job, JobState
from transcode_service.domain.transcoding import PublishedAsset, SourceRef, TranscodeResult
from transcode_service.domain.video_outputs import VideoOutputs
from transcode_service.ports.jobs import JobDeps, LedgerUnavailable, SweepDeps, Transaction

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
    async def begin(self) -> AsyncGenerator[Transaction]:
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


Work = Callable[[str], Awaitable[None]]


async def no_work(_prefix: str) -> None:
    """Be done at once."""


class FakeTranscoder:
    """Does `work(prefix)` and answers with a result; remembers what it was called with.

    `started` is set when a call begins, `stopped` when one has ended, however it ended.
    """

    def __init__(self, work: Work = no_work) -> None:
        self.work = work
        self.calls: list[tuple[SourceRef, str, tuple[str, ...]]] = []
        self.started = asyncio.Event()
        self.stopped = asyncio.Event()

    @property
    def prefixes(self) -> list[str]:
        """Where each call wrote."""
        return [prefix for _, prefix, _ in self.calls]

    async def __call__(
        self, source: SourceRef, *, prefix: str, qualities: Sequence[str]
    ) -> TranscodeResult:
        self.calls.append((source, prefix, tuple(qualities)))
        self.stopped.clear()
        self.started.set()
        try:
            await self.work(prefix)
        finally:
            self.stopped.set()
        return a_result(prefix)


async def for_ever(_prefix: str) -> None:
    """Work until cancelled."""
    await asyncio.Event().wait()


def failing(*errors: Exception | None) -> Work:
    """Return work that raises these errors, call by call, and succeeds at None and afterwards."""
    left = list(errors)

    async def work(_prefix: str) -> None:
        error = left.pop(0) if left else None
        if error is not None:
            raise error

    return work


def a_result(prefix: str = "videos/x/hls/") -> TranscodeResult:
    """Return the result of a 62.5 s film with one rung, under `prefix`."""
    return TranscodeResult(
        duration_s=62.5,
        width=1920,
        height=1080,
        assets=(
            PublishedAsset(type="HLS_MASTER", file_key=f"{prefix}master.m3u8"),
            PublishedAsset(
                type="HLS_RENDITION",
                quality="1080p",
                bandwidth=5_000_000,
                file_key=f"{prefix}1080p/playlist.m3u8",
            ),
        ),
        bytes_in=10,
        bytes_out=20,
        prepare_s=0.1,
        encode_s=1.0,
        publish_s=0.1,
    )


def a_request(
    *, video_id: UUID | None = None, job_id: UUID | None = None, requested_at: datetime = START
) -> TranscodeRequested:
    """Return a request for a new job of a new video, unless given."""
    video_id = video_id or uuid4()
    return TranscodeRequested(
        job_id=job_id or uuid4(),
        video_id=video_id,
        source_file_key=f"videos/{video_id}/source.mp4",
        source_size_bytes=734_003_200,
        source_mime="video/mp4",
        qualities=["1080p", "720p", "480p"],
        requested_at=requested_at,
    )


def job_deps(
    ledger: MemoryLedger,
    transcode: FakeTranscoder | None = None,
    *,
    owner: str = "worker-1",
    max_attempts: int = 5,
    lease_s: float = 30,
    wake_sweeper: Callable[[], None] = lambda: None,
) -> JobDeps:
    """Return deps over a ledger in memory, with a quick heartbeat and the longest back-off."""
    return JobDeps(
        begin=ledger.begin,
        transcode=transcode or FakeTranscoder(),
        owner=owner,
        retry=RetryPolicy(max_attempts=max_attempts, base_s=2, max_s=300),
        random=lambda: 1.0,
        lease_s=lease_s,
        beat_s=0.01,
        wake_sweeper=wake_sweeper,
    )


class MemoryOutputs:
    """Objects by key; `broken` makes every deletion fail."""

    def __init__(self, *keys: str) -> None:
        self.keys = set(keys)
        self.broken = False

    async def delete_attempt(self, prefix: str) -> None:
        self._check()
        first = prefix.endswith("/hls/")
        nested = tuple(f"{prefix}a{number}/" for number in range(2, 20)) if first else ()
        self.keys = {
            key for key in self.keys if not key.startswith(prefix) or key.startswith(nested)
        }

    async def delete_video(self, video_id: UUID) -> None:
        self._check()
        prefix = attempt_prefix(video_id, 1)
        self.keys = {key for key in self.keys if not key.startswith(prefix)}

    def _check(self) -> None:
        if self.broken:
            raise OSError("the store is away")


def sweep_deps(
    ledger: MemoryLedger, outputs: MemoryOutputs | None = None, *, max_attempts: int = 5
) -> SweepDeps:
    """Return deps with 5 min to settle, and jobs forgotten after 10."""
    return SweepDeps(
        begin=ledger.begin,
        store=outputs or MemoryOutputs(),
        retry=RetryPolicy(max_attempts=max_attempts, base_s=2, max_s=300),
        settle=timedelta(minutes=5),
        forgotten=timedelta(minutes=10),
    )


def expire_lease(ledger: MemoryLedger, job_id: UUID) -> None:
    """Move time to just after the end of the job's lease."""
    expires_at = ledger.job(job_id).lease_expires_at
    if expires_at is None:
        raise ValueError(f"Job {job_id} has no lease")
    ledger.time = expires_at + timedelta(milliseconds=1)


def steal(ledger: MemoryLedger, job_id: UUID) -> None:
    """Let another worker hold the lease, as if it had run out and been taken."""
    job = ledger.job(job_id)
    ledger.committed.jobs[job_id] = replace(
        job, attempt=job.attempt + 1, lease_owner="worker-2", updated_at=ledger.time
    )
