"""A client asks how far an upload is."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from reel_kernel.effects import Effect
from upload_service.domain.parts import StoredPart, bytes_in
from upload_service.domain.session import Failure, UploadSession
from upload_service.ports import Deps, UploadGone
from upload_service.usecases import endings
from upload_service.usecases.conclude import conclude, is_joined
from upload_service.usecases.stored_parts import stored_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """`parts` is the store's own list, ascending; empty once the session has ended."""

    session: UploadSession
    bytes_uploaded: int
    parts: Sequence[StoredPart] = ()


async def view_session(session_id: UUID, owner_id: UUID, deps: Deps) -> SessionView:
    """Return a session with what the store holds of it.

    Progress is the store's truth. The row keeps a copy, for when the store cannot be asked any
    more; it is written only when the sum has changed, and counts as activity of the client then. A
    live session that the store has joined, or does not know, is concluded: its completion was
    interrupted, or it is lost. One that was not opened in time is given up: a new one can be.

    Raises:
        UploadNotFound: no such session of this owner.
        StoreUnavailable: the store was needed and did not answer.
    """
    async with deps.begin() as tx:
        session = await tx.sessions.get(session_id, owner_id)
    if session.is_live and deps.policy.is_abandoned(session, deps.now()):
        return _stored_view(await _give_up(session, deps))
    if not session.is_live or session.provider_upload_id is None:
        return _stored_view(session)
    try:
        if await is_joined(session, deps):
            return _stored_view(await conclude(session, deps))
        parts = await stored_parts(session, session.provider_upload_id, deps)
    except UploadGone:
        return _stored_view(await conclude(session, deps))
    uploaded = bytes_in(parts)
    if uploaded != session.bytes_uploaded:
        async with deps.begin(Effect.PROGRESS_COPIED) as tx:
            await tx.sessions.progress(session.id, uploaded, deps.now())
    return SessionView(session=session, bytes_uploaded=uploaded, parts=parts)


async def _give_up(session: UploadSession, deps: Deps) -> UploadSession:
    async with deps.begin(Effect.SESSION_GIVEN_UP) as tx:
        current = await tx.sessions.get_for_update(session.id, session.owner_id)
        if current.is_live and not current.is_open:
            return await endings.give_up(tx, current, Failure.NEVER_OPENED, now=deps.now())
    return current


def _stored_view(session: UploadSession) -> SessionView:
    return SessionView(session=session, bytes_uploaded=session.bytes_uploaded)
