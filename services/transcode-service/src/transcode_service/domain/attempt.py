"""One try at a job, with an output prefix of its own (so that a zombie overwrites nothing)."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from reel_hls.findings import Report
from transcode_service.domain.plan_record import PlanRecord


class AttemptState(StrEnum):
    """How an attempt stands. All but RUNNING are final; only SUCCEEDED keeps its objects."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    LOST = "LOST"
    INTERRUPTED = "INTERRUPTED"
    CANCELED = "CANCELED"


MAX_ERROR_CHARS: Final = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """`number` is unique in the video, over all its jobs; `error` is for operators, not clients.

    `plan` is None until the film has been looked at, and of a film that was rejected then.
    `verdict` is what reading the published film back told, if it came to that.
    Once it ended without success its objects are deleted at `sweep_after`; for good at `swept_at`.
    """

    video_id: UUID
    number: int
    job_id: UUID
    prefix: str
    owner: str
    started_at: datetime
    state: AttemptState = AttemptState.RUNNING
    error: str | None = None
    ended_at: datetime | None = None
    sweep_after: datetime | None = None
    swept_at: datetime | None = None
    plan: PlanRecord | None = None
    verdict: Report | None = None

    def planned(self, plan: PlanRecord) -> Self:
        """Note what it is going to make."""
        return replace(self, plan=plan)

    def end(
        self,
        state: AttemptState,
        *,
        now: datetime,
        error: str | None = None,
        verdict: Report | None = None,
    ) -> Self:
        """Record how it ended; the error text is cut to `MAX_ERROR_CHARS`, keeping its end."""
        tail = error[-MAX_ERROR_CHARS:] if error else None
        return replace(
            self, state=state, ended_at=now, error=tail, sweep_after=now, verdict=verdict
        )

    def swept(self, *, now: datetime, settle: timedelta) -> Self:
        """Note that the objects were deleted just now.

        The worker of a LOST attempt may be alive and write one more, so such an attempt is swept
        again `settle` after its end.
        """
        if self.state is AttemptState.LOST and self.ended_at and now < self.ended_at + settle:
            return replace(self, sweep_after=self.ended_at + settle)
        return replace(self, swept_at=now)

    def postponed(self, until: datetime) -> Self:
        """Note that deleting failed, to be tried again."""
        return replace(self, sweep_after=until)


def hls_prefix(video_id: UUID) -> str:
    """Return the prefix below which every attempt of a video writes."""
    return f"videos/{video_id}/hls/"


def attempt_prefix(video_id: UUID, number: int) -> str:
    """Return where attempt `number` writes: `…/hls/` for the first, `…/hls/a{n}/` for others."""
    root = hls_prefix(video_id)
    return root if number == 1 else f"{root}a{number}/"


_NESTED_ATTEMPT: Final = re.compile(r"a\d+/")


def is_of_attempt(key: str, prefix: str) -> bool:
    """Tell whether `key` was written by the attempt of this `prefix`.

    The first attempt's prefix contains those of all later ones, whose objects are not its own.
    """
    return key.startswith(prefix) and not _NESTED_ATTEMPT.match(key.removeprefix(prefix))
