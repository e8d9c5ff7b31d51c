"""Rollback, step 5: what was frozen is transcoded again, at a bounded rate."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import structlog

from reel_contracts.failures import FailReason
from reel_kernel.effects import Effect
from video_service.domain.errors import SourceStoreUnavailable
from video_service.domain.lifecycle import VideoStatus
from video_service.domain.video import Video
from video_service.ports import Deps
from video_service.usecases.request_transcode import request_transcode

Sleep = Callable[[float], Awaitable[None]]
log = structlog.stdlib.get_logger(__name__)


class Outcome(StrEnum):
    """What became of one frozen video."""

    REPLAYED = "REPLAYED"
    WOULD_REPLAY = "WOULD_REPLAY"
    NOT_FROZEN = "NOT_FROZEN"
    """Another replay, its owner's retry or its deletion was quicker."""
    SOURCE_MISSING = "SOURCE_MISSING"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    video: Video
    outcome: Outcome


async def replay_frozen(
    deps: Deps,
    *,
    per_s: float,
    limit: int,
    is_dry_run: bool = False,
    sleep: Sleep = asyncio.sleep,
) -> AsyncGenerator[Replay]:
    """Replay up to `limit` frozen videos, the longest frozen first, at most `per_s` a second.

    A second call, also at the same time, enqueues nothing twice: a replayed video is no longer
    FAILED, and whoever locks it second sees that.
    """
    for video in await deps.work.frozen(limit=limit):
        outcome = await _outcome(video, deps, is_dry_run=is_dry_run)
        yield Replay(video=video, outcome=outcome)
        if outcome is Outcome.REPLAYED:
            await sleep(1 / per_s)


async def _outcome(seen: Video, deps: Deps, *, is_dry_run: bool) -> Outcome:
    try:
        exists = seen.source_file_key and await deps.sources.exists(seen.source_file_key)
    except SourceStoreUnavailable:
        return Outcome.STORE_UNAVAILABLE
    if not exists:
        return Outcome.SOURCE_MISSING
    return Outcome.WOULD_REPLAY if is_dry_run else await _replay(seen, deps)


async def _replay(seen: Video, deps: Deps) -> Outcome:
    job_id = deps.new_id()
    async with deps.begin(Effect.VIDEO_REPLAYED) as tx:
        video = await tx.videos.lock(seen.id)
        is_frozen = (video.status, video.fail_reason) == (VideoStatus.FAILED, FailReason.ROLLBACK)
        if not is_frozen or video.deleted_at is not None:
            return Outcome.NOT_FROZEN
        now = deps.now()
        video = video.transcode_retried(job_id, now=now)
        await tx.videos.save(video)
        await request_transcode(video, tx, now=now)
    log.info("video_replayed", video_id=str(video.id), job_id=str(job_id))
    return Outcome.REPLAYED
