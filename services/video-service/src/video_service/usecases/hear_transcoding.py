"""transcode-service reports the end of a job (spec 2.3)."""

from typing import Final

import structlog

from reel_contracts.failures import FailReason
from reel_kernel.effects import Effect
from video_service.domain.lifecycle import TRANSCODE_DONE, VideoStatus
from video_service.domain.news import TranscodeFailed, TranscodeNews, TranscodeSucceeded
from video_service.domain.video import Video
from video_service.ports import Deps, Transaction

SENDER: Final = "transcode-service"
EFFECTS: Final = {
    TranscodeSucceeded: Effect.FILM_HEARD,
    TranscodeFailed: Effect.TRANSCODE_FAILURE_HEARD,
}
log = structlog.stdlib.get_logger(__name__)


async def hear_transcoding(message_id: str, news: TranscodeNews, deps: Deps) -> None:
    """Take the news once; what is stale or comes after the end changes nothing.

    Raises:
        VideoNotFound: no such video.
        InvalidTransition: the video has no complete upload.
        InvalidRequest: a film without a master playlist, or with another video's assets.
    """
    async with deps.begin(EFFECTS[type(news)]) as tx:
        if not await tx.inbox.first_seen(message_id, SENDER):
            log.info("webhook_repeated", webhook_id=message_id)
            return
        video = await tx.videos.lock(news.video_id)
        if _is_moot(video, news) and not _was_given_up(video, news):
            log.info("transcode_news_ignored", status=video.status, job_id=str(news.job_id))
            return
        await _finish(await _enqueued(video, tx, deps), news, tx, deps)


def _was_given_up(video: Video, news: TranscodeNews) -> bool:
    """Tell whether this is the film of a job that we lost patience with: it is there after all.

    Of a video that was frozen (ROLLBACK) no film is wanted, however late or good.
    """
    is_timed_out = (video.status, video.fail_reason) == (
        VideoStatus.FAILED,
        FailReason.TRANSCODE_TIMEOUT,
    )
    is_its_film = isinstance(news, TranscodeSucceeded) and news.job_id == video.job_id
    return is_timed_out and is_its_film and video.deleted_at is None


def _is_moot(video: Video, news: TranscodeNews) -> bool:
    is_stale = news.job_id is not None and news.job_id != video.job_id
    return is_stale or video.deleted_at is not None or video.status in TRANSCODE_DONE


async def _enqueued(video: Video, tx: Transaction, deps: Deps) -> Video:
    """Walk to TRANSCODING: the worker was quicker than the relay's commit, or than our patience."""
    if video.status is VideoStatus.UPLOADED:
        video = video.transcode_enqueued(now=deps.now())
    elif video.status is VideoStatus.FAILED and video.job_id is not None:
        video = video.transcode_retried(video.job_id, now=deps.now())
    else:
        return video
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
