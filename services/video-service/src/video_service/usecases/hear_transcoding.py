"""transcode-service reports the end of a job (spec 2.3)."""

from typing import Final

import structlog

from video_service.domain.lifecycle import TRANSCODE_DONE, VideoStatus
from video_service.domain.news import TranscodeNews, TranscodeSucceeded
from video_service.domain.video import Video
from video_service.ports import Deps, Transaction

SENDER: Final = "transcode-service"
log = structlog.stdlib.get_logger(__name__)


async def hear_transcoding(message_id: str, news: TranscodeNews, deps: Deps) -> None:
    """Take the news once; what is stale or comes after the end changes nothing.

    Raises:
        VideoNotFound: no such video.
        InvalidTransition: the video has no complete upload.
        InvalidRequest: a film without a master playlist, or with another video's assets.
    """
    async with deps.begin() as tx:
        if not await tx.inbox.first_seen(message_id, SENDER):
            log.info("webhook_repeated", webhook_id=message_id)
            return
        video = await tx.videos.lock(news.video_id)
        if _is_moot(video, news):
            log.info("transcode_news_ignored", status=video.status, job_id=str(news.job_id))
            return
        await _finish(await _enqueued(video, tx, deps), news, tx, deps)


def _is_moot(video: Video, news: TranscodeNews) -> bool:
    is_stale = news.job_id is not None and news.job_id != video.job_id
    return is_stale or video.deleted_at is not None or video.status in TRANSCODE_DONE


async def _enqueued(video: Video, tx: Transaction, deps: Deps) -> Video:
    """Walk UPLOADED → TRANSCODING when the worker was quicker than the relay's commit."""
    if video.status is not VideoStatus.UPLOADED:
        return video
    video = video.transcode_enqueued(now=deps.now())
    await tx.videos.save(video)
    return video


async def _finish(video: Video, news: TranscodeNews, tx: Transaction, deps: Deps) -> None:
    if isinstance(news, TranscodeSucceeded):
        ready = video.transcode_succeeded(news.film, now=deps.now())
        await tx.videos.add_assets(video.id, news.film.assets)
        await tx.videos.save(ready)
        log.info("video_ready", duration_s=news.film.duration_s, assets=len(news.film.assets))
        return
    await tx.videos.save(video.transcode_failed(news.reason, now=deps.now()))
    log.info("transcode_failed", fail_reason=news.reason)
