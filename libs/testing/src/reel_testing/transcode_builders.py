"""Builders of what goes through the transcode-service's ledger, and fakes around it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from reel_contracts.events import TranscodeRequested
from reel_hls.findings import Finding, Report
from reel_testing.transcode_ledger import START, MemoryLedger
from transcode_service.domain.attempt import hls_prefix, is_of_attempt
from transcode_service.domain.backoff import RetryPolicy
from transcode_service.domain.plan import Plan, make_plan
from transcode_service.domain.probe import Probe, VideoStream
from transcode_service.domain.transcoding import (
    Progress,
    PublishedAsset,
    SourceRef,
    TranscodeResult,
)
from transcode_service.ports.jobs import JobDeps, OnPlan, SendProgress, SweepDeps
from transcode_service.usecases.tell_progress import tell_nobody
from transcode_service.usecases.transcode import unheard

Work = Callable[[str], Awaitable[None]]


async def no_work(_prefix: str) -> None:
    """Be done at once."""


class FakeTranscoder:
    """Does `work(prefix)` and answers with a result; remembers what it was called with.

    `on_progress` is what the last call was given.
    `started` is set when a call begins, `stopped` when one has ended, however it ended.
    """

    def __init__(self, work: Work = no_work) -> None:
        self.work = work
        self.calls: list[tuple[SourceRef, str, tuple[str, ...]]] = []
        self.on_progress: Callable[[Progress], None] = unheard
        self.started = asyncio.Event()
        self.stopped = asyncio.Event()

    @property
    def prefixes(self) -> list[str]:
        """Where each call wrote."""
        return [prefix for _, prefix, _ in self.calls]

    async def __call__(
        self,
        source: SourceRef,
        *,
        prefix: str,
        qualities: Sequence[str],
        on_plan: OnPlan,
        on_progress: Callable[[Progress], None],
    ) -> TranscodeResult:
        self.on_progress = on_progress
        self.calls.append((source, prefix, tuple(qualities)))
        self.stopped.clear()
        self.started.set()
        try:
            await on_plan(a_plan())
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


def a_plan() -> Plan:
    """Return the plan of a plain 1080p film of 62.5 s without sound."""
    film = VideoStream(
        index=0, codec="h264", decodable=True, width=1920, height=1080, duration_s=62.5
    )
    return make_plan(Probe(video=(film,), audio=()), ("1080p",))


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
        verdict=a_verdict(f"{prefix}master.m3u8"),
    )


def a_verdict(uri: str, *findings: Finding) -> Report:
    """Return what the check of a published film of two segments says."""
    return Report(
        uri=uri, findings=findings, playlists=2, segments=2, bytes_read=70_000, duration_s=62.5
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
    send_progress: SendProgress = tell_nobody,
    monotonic: Callable[[], float] = lambda: 0.0,
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
        send_progress=send_progress,
        monotonic=monotonic,
    )


class MemoryOutputs:
    """Objects by key; `broken` makes every deletion fail."""

    def __init__(self, *keys: str) -> None:
        self.keys = set(keys)
        self.broken = False

    async def delete_attempt(self, prefix: str) -> int:
        return self._delete({key for key in self.keys if is_of_attempt(key, prefix)})

    async def measure_video(self, video_id: UUID) -> tuple[int, int]:
        if self.broken:
            raise OSError("the store is away")
        keys = [key for key in self.keys if key.startswith(hls_prefix(video_id))]
        return len(keys), sum(map(len, keys))

    async def delete_video(self, video_id: UUID) -> int:
        return self._delete({key for key in self.keys if key.startswith(hls_prefix(video_id))})

    def _delete(self, keys: set[str]) -> int:
        if self.broken:
            raise OSError("the store is away")
        self.keys -= keys
        return len(keys)


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
