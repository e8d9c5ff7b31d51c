"""Leaving nothing behind in the store once a session has ended.

What may be left: the session's own multipart upload; one that a crash or a lost answer kept from
being recorded; an object nobody wants (cancelled while completing, wrong bytes, video deleted). All
of them live under the video's own source prefix, so listing that prefix finds them.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from reel_kernel.effects import Effect
from upload_service.domain.errors import StoreUnavailable
from upload_service.domain.lifecycle import Status
from upload_service.domain.session import UploadSession
from upload_service.ports import Deps
from upload_service.usecases.purge_source import purge_source, report_purged

SOON: Final = timedelta(seconds=5)
"""How long a client waits for the cleaning up after its own request."""

log = structlog.stdlib.get_logger(__name__)


async def settle(session: UploadSession, deps: Deps) -> bool:
    """Abort and delete what an ended session left; True when the store confirms that all is gone.

    Safe to repeat and to run side by side.

    Raises:
        StoreUnavailable: try again later.
    """
    if session.status is not Status.COMPLETED and session.provider_upload_id:
        await deps.store.abort(session.source_key, session.provider_upload_id)
    confirmed = await _abort_strays(session.video_id, deps)
    await _delete_unwanted(session, deps)
    if not confirmed:
        return False
    now = deps.now()
    quiet_since = now - deps.policy.completing_grace
    async with deps.begin(Effect.SESSION_SETTLED) as tx:
        settled = await tx.housekeeping.mark_settled(session.id, now=now, quiet_since=quiet_since)
        if settled and session.video_deleted_at:
            await report_purged(session.video_id, tx, now=now)
    return settled


async def settle_soon(session: UploadSession, deps: Deps, *, within: timedelta = SOON) -> bool:
    """Settle now if the store answers in time, and tell whether it did.

    The sweep repeats it until it is confirmed.
    """
    try:
        async with asyncio.timeout(within.total_seconds()):
            await settle(session, deps)
    except (StoreUnavailable, TimeoutError) as error:
        log.warning("settle_postponed", upload_session_id=str(session.id), error=repr(error))
        return False
    return True


async def _abort_strays(video_id: UUID, deps: Deps) -> bool:
    """Abort uploads that no live session owns; True when there were none."""
    # The store is listed before the sessions are read: an upload opened in between is not listed,
    # and the reservation of every listed one is already there to be read.
    uploads = await deps.store.list_uploads(_source_prefix(video_id))
    live = [session for session in await _sessions(video_id, deps) if session.is_live]
    if any(not session.is_open for session in live):
        return False  # one of the listed may be about to become that session's
    kept = {session.provider_upload_id for session in live}
    strays = [upload for upload in uploads if upload.upload_id not in kept]
    for stray in strays:
        await deps.store.abort(stray.key, stray.upload_id)
    return not strays


async def _delete_unwanted(session: UploadSession, deps: Deps) -> None:
    if session.video_deleted_at:
        await purge_source(session.video_id, deps)
        return
    others = await _sessions(session.video_id, deps)
    wanted = any(other.is_live or other.status is Status.COMPLETED for other in others)
    if not wanted:
        await deps.store.delete(session.source_key)


async def _sessions(video_id: UUID, deps: Deps) -> Sequence[UploadSession]:
    async with deps.begin() as tx:
        return await tx.sessions.of_video(video_id)


def _source_prefix(video_id: UUID) -> str:
    return f"videos/{video_id}/source."
