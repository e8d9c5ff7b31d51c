"""A client pauses, resumes or cancels; repeats have the same answer and no further effect."""

from uuid import UUID

from reel_kernel.effects import Effect
from upload_service.domain.errors import UploadNotReady
from upload_service.domain.lifecycle import Event, Status
from upload_service.domain.session import UploadSession
from upload_service.ports import Deps
from upload_service.usecases import endings
from upload_service.usecases.settle import settle_soon


async def pause_upload(session_id: UUID, owner_id: UUID, deps: Deps) -> UploadSession:
    """Give out no more part URLs until it is resumed; URLs given out before stay good.

    Raises:
        UploadNotFound: no such session of this owner.
        InvalidTransition: it has not started, or has ended.
    """
    return await _steer(session_id, owner_id, Event.PAUSE, Status.PAUSED, deps)


async def resume_upload(session_id: UUID, owner_id: UUID, deps: Deps) -> UploadSession:
    """Let a paused upload go on.

    Raises:
        UploadNotFound: no such session of this owner.
        InvalidTransition: it has not started, or has ended.
    """
    return await _steer(session_id, owner_id, Event.RESUME, Status.IN_PROGRESS, deps)


async def cancel_upload(session_id: UUID, owner_id: UUID, deps: Deps) -> UploadSession:
    """End a live session for good, and the video with it; then free its room in the store.

    Raises:
        UploadNotFound: no such session of this owner.
        InvalidTransition: it has completed or failed.
        UploadNotReady: it is still being opened.
    """
    async with deps.begin(Effect.SESSION_CANCELED) as tx:
        session = await tx.sessions.get_for_update(session_id, owner_id)
        if session.status is Status.CANCELED:
            return session
        if session.is_live and not session.is_open:
            # Admission may still be on its way: news of the end must not overtake it.
            raise UploadNotReady
        session = await endings.cancel(tx, session, now=deps.now())
    await settle_soon(session, deps)
    return session


async def _steer(
    session_id: UUID, owner_id: UUID, event: Event, goal: Status, deps: Deps
) -> UploadSession:
    async with deps.begin(Effect.UPLOAD_STEERED) as tx:
        session = await tx.sessions.get_for_update(session_id, owner_id)
        if session.status is goal:
            return session
        session = session.on(event, now=deps.now())
        await tx.sessions.save(session)
        return session
