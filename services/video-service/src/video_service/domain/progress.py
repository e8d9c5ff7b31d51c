"""How far a transcode is, as far as anybody told."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

MOST_PERCENT: Final = 99
"""A hundred is for READY to say."""


class Phase(StrEnum):
    READING = "READING"
    ENCODING = "ENCODING"
    PUBLISHING = "PUBLISHING"
    VERIFYING = "VERIFYING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`fraction` is of the whole job, 0 to 1; `eta_s` was estimated when it was reported."""

    fraction: float
    eta_s: float | None
    phase: Phase

    @property
    def percent(self) -> int:
        """Whole per cent, rounded down."""
        return min(MOST_PERCENT, int(self.fraction * 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressReport:
    """Progress of one attempt of one job of a video."""

    video_id: UUID
    job_id: UUID
    attempt: int
    progress: Progress
