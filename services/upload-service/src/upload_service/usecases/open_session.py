"""A client wants to upload a video's source.

The order of the steps, and what a crash after each leaves behind:

1. *Reserve*: the row, INITIATED without `provider_upload_id`, takes the video for its owner. Of
   concurrent calls one wins here, before video-service hears of any. Crash: the reservation holds
   the video for `opening_grace`; a repeat of the request goes on with it meanwhile. After that the
   next call replaces it, and who looks at it sees it fail.
2. *Admit*: video-service binds the video to this session's id and says UPLOADING. Crash: as above;
   the expiry is announced, so the video becomes FAILED and does not say UPLOADING for ever.
3. *Create* the multipart upload. Crash: as above; settling the ended reservation lists the video's
   source prefix in the store, finds the unrecorded upload, and aborts it.
4. *Record* its id. Now the session is open.

A repeat of the same request, which has the id of the session it wants, waits for none of that: it
goes on with the reservation that it finds, from step 2. Each of these steps may be done twice.

Recording before creating is impossible (the store makes the id), and admitting before reserving
would let the loser of a race take the video away from the winner.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID, uuid5

from reel_kernel.checksums import Algorithm
from reel_kernel.effects import Effect
from reel_kernel.errors import InvalidRequest, InvalidTransition
from reel_kernel.media import check_source
from upload_service.domain.errors import (
    StoreUnavailable,
    TooManyBytesInFlight,
    TooManyOpenUploads,
    UploadAlreadyCompleted,
    UploadSessionActive,
    VideoNotFound,
    VideoServiceUnavailable,
)
from upload_service.domain.lifecycle import Status
from upload_service.domain.parts import PartPlan
from upload_service.domain.session import Failure, UploadSession
from upload_service.ports import Deps, Transaction
from upload_service.usecases import endings
from upload_service.usecases.settle import settle_soon

NEXT_TRY: Final = "next try"
RESERVE_TRIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    video_id: UUID
    owner_id: UUID
    source_mime: str
    source_size_bytes: int
    checksum_algorithm: Algorithm | None = None
    session_id: UUID | None = None
    """The id the session is to have: a repeat with the same one finds what an earlier try made."""


async def open_session(command: OpenSession, deps: Deps) -> UploadSession:
    """Open an upload session on a video.

    Raises:
        InvalidRequest: type or size is not accepted.
        UploadSessionActive, UploadAlreadyCompleted: the owner's earlier session stands.
        TooManyOpenUploads, TooManyBytesInFlight: the owner's share is used up.
        VideoNotFound: no such video of this owner.
        InvalidTransition: the video's status takes no upload.
        VideoServiceUnavailable, StoreUnavailable: worth another try.
    """
    if errors := check_source(command.source_mime, command.source_size_bytes):
        raise InvalidRequest(errors=errors)
    earlier, session_id = await _earlier(command, deps)
    if earlier and earlier.is_open:
        return earlier
    if earlier and earlier.is_live and not deps.policy.is_abandoned(earlier, deps.now()):
        reservation = earlier  # the earlier try is over, or there would be no second
    else:
        reservation = await _reserve(_reservation(command, session_id, deps), deps)
    upload_id = await _admit_and_create(reservation, deps)
    return await _record(reservation, upload_id, deps)


async def _earlier(command: OpenSession, deps: Deps) -> tuple[UploadSession | None, UUID]:
    """Return what the last try of this very request had begun, and the id for another session.

    Each try's id follows from the one before, so that whatever a try leaves is known to the next.
    """
    if command.session_id is None:
        return None, deps.new_id()
    async with deps.begin() as tx:
        sessions = await tx.sessions.of_video(command.video_id)
    own = {one.id: one for one in sessions if one.owner_id == command.owner_id}
    last, session_id = None, command.session_id
    while session_id in own:
        last, session_id = own[session_id], uuid5(session_id, NEXT_TRY)
    return last, session_id


def _reservation(command: OpenSession, session_id: UUID, deps: Deps) -> UploadSession:
    size = command.source_size_bytes
    plan = PartPlan.of(size, target_part_bytes=deps.policy.part_size_bytes)
    now = deps.now()
    return UploadSession(
        id=session_id,
        video_id=command.video_id,
        owner_id=command.owner_id,
        source_mime=command.source_mime,
        source_size_bytes=size,
        part_size_bytes=plan.part_size_bytes,
        created_at=now,
        updated_at=now,
        checksum_algorithm=command.checksum_algorithm,
    )


async def _reserve(wanted: UploadSession, deps: Deps) -> UploadSession:
    for _ in range(RESERVE_TRIES):
        async with deps.begin(Effect.SESSION_RESERVED) as tx:
            await _clear_the_way(tx, wanted, deps)
            await _check_share(tx, wanted, deps)
            if await tx.sessions.reserve(wanted):
                return wanted
        await _check_rivals(wanted, deps)
    raise InvalidTransition("Other requests are opening sessions on this video")


async def _check_rivals(wanted: UploadSession, deps: Deps) -> None:
    """Raise if the concurrent call that was faster stands; it may have been refused meanwhile."""
    async with deps.begin() as tx:  # only now can its row be seen
        sessions = await tx.sessions.of_video(wanted.video_id)
    for rival in sessions:
        if rival.is_live or rival.status is Status.COMPLETED:
            _is_stale(rival, wanted, deps)


async def _clear_the_way(tx: Transaction, wanted: UploadSession, deps: Deps) -> None:
    for rival in await tx.sessions.rivals_for_update(wanted.video_id):
        if _is_stale(rival, wanted, deps):
            await endings.give_up(tx, rival, Failure.NEVER_OPENED, now=deps.now())


def _is_stale(rival: UploadSession, wanted: UploadSession, deps: Deps) -> bool:
    """Tell whether a rival is to be given up; raise what a standing one means to the caller."""
    is_own = rival.owner_id == wanted.owner_id
    if not is_own and rival.is_open:
        # The caller does not own the video: that it has a session is not theirs to know.
        raise VideoNotFound
    if not is_own:
        return False  # a stranger's reservation is about to be refused, and blocks nobody
    if rival.video_deleted_at is not None:
        raise VideoNotFound
    if rival.status is Status.COMPLETED:
        raise UploadAlreadyCompleted(rival.id)
    if not deps.policy.is_abandoned(rival, deps.now()):
        raise UploadSessionActive(rival.id)
    return True


async def _check_share(tx: Transaction, wanted: UploadSession, deps: Deps) -> None:
    policy = deps.policy
    usage = await tx.sessions.usage_for_update(wanted.owner_id)
    if 0 < policy.open_sessions_max <= usage.open_sessions:
        raise TooManyOpenUploads(limit=policy.open_sessions_max)
    in_flight = usage.bytes_in_flight
    if 0 < policy.bytes_in_flight_max < in_flight + wanted.source_size_bytes:
        raise TooManyBytesInFlight(limit=policy.bytes_in_flight_max, bytes_in_flight=in_flight)


async def _admit_and_create(session: UploadSession, deps: Deps) -> str:
    try:
        async with asyncio.timeout(deps.policy.opening_grace.total_seconds() / 2):
            await deps.video_service.admit(session)
            return await deps.store.create(
                session.source_key, session.source_mime, session.checksum_algorithm
            )
    except (VideoNotFound, InvalidTransition):
        async with deps.begin(Effect.SESSION_WITHDRAWN) as tx:
            await tx.sessions.withdraw(session.id)
        raise
    except (VideoServiceUnavailable, StoreUnavailable):
        await _abandon(session, deps)
        raise
    except TimeoutError as error:
        await _abandon(session, deps)
        raise StoreUnavailable("The session could not be opened in time") from error


async def _abandon(session: UploadSession, deps: Deps) -> None:
    """Free the video for another try; it may or may not have been admitted."""
    async with deps.begin(Effect.SESSION_ABANDONED) as tx:
        current = await tx.sessions.get_for_update(session.id, session.owner_id)
        if current.is_live:
            await endings.give_up(tx, current, Failure.PROVIDER_ERROR, now=deps.now())


async def _record(session: UploadSession, upload_id: str, deps: Deps) -> UploadSession:
    async with deps.begin(Effect.SESSION_OPENED) as tx:
        current = await tx.sessions.get_for_update(session.id, session.owner_id)
        opened = current
        if not current.is_open:  # else a repeat of this request was faster, and ours is a stray
            opened = replace(current, provider_upload_id=upload_id, updated_at=deps.now())
            await tx.sessions.save(opened)
    if opened.is_live:
        return opened
    await settle_soon(opened, deps)  # it ended meanwhile; its upload id is kept for settling
    if opened.video_deleted_at:
        raise VideoNotFound
    raise InvalidTransition(f"The session was {opened.status} before it was open")
