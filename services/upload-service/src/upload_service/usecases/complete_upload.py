"""A client says that every part is in place."""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from reel_kernel.errors import InvalidTransition
from upload_service.domain.errors import (
    PartsMismatch,
    StoreUnavailable,
    UnsupportedFormat,
    UploadFailed,
    UploadNotReady,
)
from upload_service.domain.lifecycle import Event, Status
from upload_service.domain.session import Failure, UploadSession
from upload_service.ports import Deps, PartsRejected, UploadGone
from upload_service.usecases.conclude import conclude


async def complete_upload(
    session_id: UUID, owner_id: UUID, claimed: Mapping[int, str], deps: Deps
) -> UploadSession:
    """Join the parts, look at the result, and commit the end of the session with its news.

    The store is called between two short transactions, never inside one. Repeats and concurrent
    calls have one effect and the same answer: whoever finds the multipart upload gone looks at the
    object.

    Args:
        session_id: The session.
        owner_id: The caller.
        claimed: Part number → ETag, as the client got them from the store.
        deps: The outside world.

    Raises:
        UploadNotFound: no such session of this owner.
        InvalidTransition: the session is not IN_PROGRESS, or was cancelled meanwhile.
        PartsMismatch: parts are missing, differ, or are not of the plan; nothing changed.
        UnsupportedFormat: the bytes are not what was declared; the session is FAILED.
        UploadFailed: the store lost the upload; the session is FAILED, a new one can be opened.
        StoreUnavailable: nothing was decided; repeat the call.
    """
    session, upload_id = await _begin(session_id, owner_id, deps)
    if session.status is Status.COMPLETED:
        return session
    try:
        await _join(session, upload_id, claimed, deps)
        return _answer(await conclude(session, deps))
    except (PartsMismatch, StoreUnavailable):
        # A concurrent call may have ended the session, and taken the parts away from this one.
        async with deps.begin() as tx:
            current = await tx.sessions.get(session_id, owner_id)
        if current.is_live:
            raise
        return _answer(current)


async def _begin(session_id: UUID, owner_id: UUID, deps: Deps) -> tuple[UploadSession, str]:
    async with deps.begin() as tx:
        session = await tx.sessions.get_for_update(session_id, owner_id)
        if session.is_live:
            session.on(Event.COMPLETE, now=deps.now())  # refuses INITIATED and PAUSED
            now = deps.now()
            session = replace(session, completing_at=now, updated_at=now)
            await tx.sessions.save(session)
        else:
            session = _answer(session)
    if session.provider_upload_id is None:
        raise UploadNotReady
    return session, session.provider_upload_id


async def _join(
    session: UploadSession, upload_id: str, claimed: Mapping[int, str], deps: Deps
) -> None:
    key, plan = session.source_key, session.plan
    try:
        stored = await deps.store.list_parts(key, upload_id)
        plan.check(claimed, stored)
        await deps.store.complete(key, upload_id, stored)
    except UploadGone:
        return  # an earlier or a concurrent call joined them, or they were lost: `conclude` tells
    except PartsRejected as error:
        raise StoreUnavailable("The parts changed while they were being joined") from error


def _answer(session: UploadSession) -> UploadSession:
    """Return a completed session; raise what any other end means to the one who completes."""
    if session.status is Status.COMPLETED:
        return session
    if session.fail_reason is Failure.UNSUPPORTED_FORMAT:
        raise UnsupportedFormat(f"The bytes are not {session.source_mime}")
    if session.fail_reason is Failure.PROVIDER_ERROR:
        raise UploadFailed
    detail = f"{Event.COMPLETE} is not accepted while {session.status}"
    raise InvalidTransition(detail, extra={"currentStatus": str(session.status)})
