"""What the background process looks after, every minute or so."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import structlog

from video_service.domain.stuck import Patience, Resolution
from video_service.ports import Deps
from video_service.usecases.erase_deleted import erase_deleted
from video_service.usecases.resolve_stuck import resolve_stuck

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`erase_after`: how long the rows of a deleted video are kept for whoever looks into it."""

    patience: Patience
    erase_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What one sweep did: the numbers to count."""

    resolved: Counter[Resolution]
    erased: int


async def sweep(policy: Policy, deps: Deps) -> Swept:
    """Resolve what is stuck, and erase what is deleted; both a batch at a time."""
    swept = Swept(
        resolved=await resolve_stuck(policy.patience, deps),
        erased=await erase_deleted(policy.erase_after, deps),
    )
    if swept.resolved or swept.erased:
        log.info("sweep_ended", resolved=dict(swept.resolved), erased=swept.erased)
    return swept
