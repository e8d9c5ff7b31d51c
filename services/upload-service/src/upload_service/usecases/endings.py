"""The ends of a session: each commits its state and its news in the caller's transaction."""

from datetime import datetime

from reel_contracts.webhooks import UploadOutcome, UploadWebhook
from upload_service.domain.lifecycle import Event
from upload_service.domain.session import Failure, UploadSession
from upload_service.ports import VIDEO_WEBHOOK, Transaction


async def complete(tx: Transaction, session: UploadSession, *, now: datetime) -> UploadSession:
    """End with COMPLETED; a pause that slipped in while the store was joining parts is undone.

    Raises:
        InvalidTransition: the session ended in another way.
    """
    done = (await _ready(tx, session, Event.COMPLETE, now=now)).completed(now=now)
    await tx.sessions.save(done)
    news = UploadWebhook(
        upload_session_id=done.id,
        video_id=done.video_id,
        status=UploadOutcome.COMPLETED,
        source_file_key=done.source_key,
        source_size_bytes=done.source_size_bytes,
        source_mime=done.source_mime,
    )
    await tx.outbox.add(VIDEO_WEBHOOK, done.video_id, news)
    return done


async def cancel(tx: Transaction, session: UploadSession, *, now: datetime) -> UploadSession:
    """End with CANCELED.

    Raises:
        InvalidTransition: the session ended in another way.
    """
    done = (await _ready(tx, session, Event.CANCEL, now=now)).canceled(now=now)
    await tx.sessions.save(done)
    news = UploadWebhook(
        upload_session_id=done.id, video_id=done.video_id, status=UploadOutcome.CANCELED
    )
    await tx.outbox.add(VIDEO_WEBHOOK, done.video_id, news)
    return done


async def reject(
    tx: Transaction, session: UploadSession, reason: Failure, *, now: datetime
) -> UploadSession:
    """End with FAILED and say so: the video fails with `reason`, too.

    Raises:
        InvalidTransition: the session ended in another way.
    """
    ready = await _ready(tx, session, Event.FAIL, now=now)
    done = ready.failed(reason, now=now, announced=True)
    await tx.sessions.save(done)
    await announce_failure(tx, done, reason)
    return done


async def give_up(
    tx: Transaction, session: UploadSession, reason: Failure, *, now: datetime
) -> UploadSession:
    """End with FAILED without a word: the video stays UPLOADING, for a new session (spec 1.5).

    If none follows within the session's time to live, the sweep announces UPLOAD_EXPIRED, so that
    the video does not say UPLOADING for ever.

    Raises:
        InvalidTransition: the session ended in another way.
    """
    ready = await _ready(tx, session, Event.FAIL, now=now)
    done = ready.failed(reason, now=now, announced=False)
    await tx.sessions.save(done)
    return done


async def announce_failure(tx: Transaction, session: UploadSession, reason: Failure) -> None:
    """Promise the news of a failure; video-service ignores it for any but its current session."""
    news = UploadWebhook(
        upload_session_id=session.id,
        video_id=session.video_id,
        status=UploadOutcome.FAILED,
        fail_reason=reason,
    )
    await tx.outbox.add(VIDEO_WEBHOOK, session.video_id, news)


async def _ready(
    tx: Transaction, session: UploadSession, event: Event, *, now: datetime
) -> UploadSession:
    # Each edge is its own UPDATE, so that the database checks each against the table.
    ready = session.ready_for(event, now=now)
    if ready is not session:
        await tx.sessions.save(ready)
    return ready
