"""What the job machinery needs from the outside world."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final, Protocol
from uuid import UUID

from reel_contracts.base import Message
from reel_contracts.webhooks import TranscodeProgress
from reel_kernel.effects import Effect
from reel_kernel.errors import DomainError
from transcode_service.domain.attempt import Attempt
from transcode_service.domain.backoff import Random, RetryPolicy
from transcode_service.domain.consumption import Consumption
from transcode_service.domain.job import Job
from transcode_service.domain.plan import Plan
from transcode_service.domain.transcoding import Progress, SourceRef, TranscodeResult
from transcode_service.domain.video_outputs import VideoOutputs

VIDEO_WEBHOOK: Final = "video-webhook"
"""Outbox destination: the transcoding webhook of video-service."""
PURGE_WEBHOOK: Final = "purge-webhook"
"""Outbox destination: where video-service hears what was purged of a deleted video."""
TRANSCODE_JOBS: Final = "transcode-jobs"
"""Outbox destination: this service's own job queue (for messages that got lost)."""


class LedgerUnavailable(DomainError):
    """The database did not answer, or gave up the transaction; trying again may help."""

    code: ClassVar[str] = "ledger-unavailable"
    title: ClassVar[str] = "The job database can't be reached"


class Videos(Protocol):
    """One row for each video this service was ever asked about."""

    async def lock(self, video_id: UUID) -> VideoOutputs:
        """Return the row, made on first sight, locked until the transaction ends.

        Whoever takes it may start or cancel jobs of the video; take it before any job's lock.
        """
        ...

    async def save(self, video: VideoOutputs) -> None: ...

    async def to_purge(self) -> Sequence[VideoOutputs]:
        """Return some deleted videos that are due, not purged for good, and have no live lease."""
        ...


class Jobs(Protocol):
    """The jobs, by id of the request."""

    async def get_for_update(self, job_id: UUID) -> Job | None:
        """Lock and return the job."""
        ...

    async def add(self, job: Job) -> None: ...

    async def save(self, job: Job) -> None: ...

    async def unfinished_of(self, video_id: UUID) -> Sequence[Job]:
        """Lock and return the QUEUED and RUNNING jobs of a video."""
        ...

    async def is_superseded(self, job: Job) -> bool:
        """Tell whether a newer request of the same video waits, runs or has SUCCEEDED."""
        ...

    async def forgotten(self, *, age: timedelta) -> Sequence[Job]:
        """Return some unfinished jobs, not locked, that nothing happened to for too long.

        Too long is `age` × 2^resends after the latest of: last change, lease end, `not_before`.
        """
        ...

    async def canceled_and_abandoned(self) -> Sequence[Job]:
        """Lock and return some CANCELED jobs whose lease ran out before their attempt stopped."""
        ...


class Attempts(Protocol):
    """Every attempt there was."""

    async def add(self, attempt: Attempt) -> None: ...

    async def get(self, video_id: UUID, number: int) -> Attempt: ...

    async def save(self, attempt: Attempt) -> None: ...

    async def to_sweep(self) -> Sequence[Attempt]:
        """Return some attempts that ended without success, are due, and not swept for good."""
        ...


class Outbox(Protocol):
    """Messages that leave if, and only if, the transaction commits."""

    async def add(self, destination: str, key: UUID, *messages: Message) -> None: ...


class Inbox(Protocol):
    """Ids of messages whose effect is committed."""

    async def first_seen(self, message_id: str, source: str) -> bool:
        """Remember the message; False means that its effect took place already."""
        ...


class Transaction(Protocol):
    """Repositories that commit or roll back together."""

    @property
    def videos(self) -> Videos: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def attempts(self) -> Attempts: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def inbox(self) -> Inbox: ...

    async def now(self) -> datetime:
        """Return the database's time at this moment: workers' clocks differ, leases may not."""
        ...


class Begin(Protocol):
    def __call__(self, effect: Effect | None = None, /) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction; `effect` names what its commit makes durable.

        Without one nothing can be written. Raises LedgerUnavailable.
        """
        ...


ReadConsumption = Callable[[], Awaitable[Consumption]]
"""Ask what operators want; it raises LedgerUnavailable."""


OnPlan = Callable[[Plan], Awaitable[None]]
"""Hears what is going to be made of the film; what it raises ends the transcode."""


class Transcoder(Protocol):
    """The media pipeline, as the job machinery sees it."""

    async def __call__(
        self,
        source: SourceRef,
        *,
        prefix: str,
        qualities: Sequence[str],
        on_plan: OnPlan,
        on_progress: Callable[[Progress], None],
    ) -> TranscodeResult:
        """Publish the ladder under `prefix` (ends in a slash), once `on_plan` has been told how.

        `on_progress` is called on the event loop, about twice a second; it returns at once.

        Cancellation stops it; when the call has ended nothing writes under the prefix any more.

        Raises:
            SourceRejected: no attempt can ever succeed.
            Exception: anything else is passing.
        """
        ...


SendProgress = Callable[[TranscodeProgress], Awaitable[None]]
"""Tell video-service how far an attempt is, once and in bounded time; it may be lost."""


class OutputStore(Protocol):
    """The HLS objects in the bucket."""

    async def delete_attempt(self, prefix: str) -> int:
        """Delete the objects of one attempt, and no others, even if prefixes nest; count them."""
        ...

    async def measure_video(self, video_id: UUID) -> tuple[int, int]:
        """Return how many HLS objects a video has, and their bytes in all."""
        ...

    async def delete_video(self, video_id: UUID) -> int:
        """Delete every HLS object of a video; return how many there were."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDeps:
    """What it takes to run jobs; `wake_sweeper` says that there is something to sweep now."""

    begin: Begin
    transcode: Transcoder
    owner: str
    retry: RetryPolicy
    random: Random
    lease_s: float
    beat_s: float
    wake_sweeper: Callable[[], None]
    send_progress: SendProgress
    monotonic: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepDeps:
    """What it takes to tidy up.

    For `settle` after its lease ended a lost worker is believed able to write one more object.
    A job that nothing happened to for `forgotten` has lost its message. What cannot be deleted is
    tried again after `pause`.
    """

    begin: Begin
    store: OutputStore
    retry: RetryPolicy
    settle: timedelta
    forgotten: timedelta
    pause: timedelta = timedelta(seconds=60)
