"""upload-service reports about a session (spec 2.3)."""

from typing import Final

import structlog

from reel_contracts.failures import FailReason
from reel_kernel.effects import Effect
from video_service.domain.errors import VideoNotFound
from video_service.domain.lifecycle import UPLOAD_DONE, VideoStatus
from video_service.domain.news import UploadAsked, UploadCompleted, UploadFailed, UploadNews
from video_service.domain.video import Video
from video_service.ports import Deps, Transaction
from video_service.usecases.request_transcode import request_transcode

SENDER: Final = "upload-service"
EFFECTS: Final = {
    UploadAsked: Effect.ADMISSION_HEARD,
    UploadCompleted: Effect.COMPLETION_HEARD,
    UploadFailed: Effect.UPLOAD_FAILURE_HEARD,
}
log = structlog.stdlib.get_logger(__name__)


async def hear_upload(message_id: str, news: UploadNews, deps: Deps) -> None:
    """Take the news once; a repeated message has no effect.

    Raises:
        VideoNotFound: no such video; for admission also: deleted, or not the caller's.
        InvalidTransition: admission of a video past its upload, completion of one never admitted.
    """
    async with deps.begin(EFFECTS[type(news)]) as tx:
        if not await tx.inbox.first_seen(message_id, SENDER):
            log.info("webhook_repeated", webhook_id=message_id)
            return
        video = await tx.videos.lock(news.video_id)
        match news:
            case UploadAsked():
                await _admit(video, news, tx, deps)
            case UploadCompleted():
                await _complete(video, news, tx, deps)
            case UploadFailed():
                await _fail(video, news, tx, deps)


async def _admit(video: Video, news: UploadAsked, tx: Transaction, deps: Deps) -> None:
    if video.deleted_at is not None or video.owner_id != news.owner_id:
        raise VideoNotFound
    if video.status is VideoStatus.UPLOADING and video.upload_session_id == news.session_id:
        return
    await tx.videos.save(video.upload_started(news.session_id, now=deps.now()))
    log.info("upload_admitted", upload_session_id=str(news.session_id))


async def _complete(video: Video, news: UploadCompleted, tx: Transaction, deps: Deps) -> None:
    """Any session's completion counts: its object is in place, and no other session can be."""
    if video.deleted_at is None and _was_given_up(video, news):
        await _recover(video, news, tx, deps)
        return
    if video.deleted_at is not None or video.status in UPLOAD_DONE:
        log.info("upload_news_ignored", status=video.status)
        return
    now = deps.now()
    uploaded = video.upload_completed(news.session_id, news.source, job_id=deps.new_id(), now=now)
    await tx.videos.save(uploaded)
    await request_transcode(uploaded, tx, now=now)
    log.info("upload_completed", source_size_bytes=uploaded.source_size_bytes)


def _was_given_up(video: Video, news: UploadCompleted) -> bool:
    """Tell whether we lost patience with the very session that did complete."""
    is_expired = (video.status, video.fail_reason) == (
        VideoStatus.FAILED,
        FailReason.UPLOAD_EXPIRED,
    )
    return is_expired and video.upload_session_id == news.session_id


async def _recover(video: Video, news: UploadCompleted, tx: Transaction, deps: Deps) -> None:
    now = deps.now()
    recovered = video.upload_recovered(news.session_id, news.source, job_id=deps.new_id(), now=now)
    await tx.videos.save(recovered)
    await request_transcode(recovered, tx, now=now)
    log.info("upload_recovered", source_size_bytes=recovered.source_size_bytes)


async def _fail(video: Video, news: UploadFailed, tx: Transaction, deps: Deps) -> None:
    is_current = video.upload_session_id == news.session_id
    if video.deleted_at is not None or video.status in UPLOAD_DONE or not is_current:
        log.info("upload_news_ignored", status=video.status)
        return
    await tx.videos.save(video.upload_failed(news.reason, now=deps.now()))
    log.info("upload_failed", fail_reason=news.reason)
