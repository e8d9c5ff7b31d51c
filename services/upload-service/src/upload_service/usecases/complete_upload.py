"""A client says that every part is in place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from reel_kernel.checksums import joined_etag
from reel_kernel.effects import Effect
from reel_kernel.errors import InvalidTransition
from upload_service.domain.errors import (
    ChecksumMismatch,
    PartsMismatch,
    StoreUnavailable,
    UnsupportedFormat,
    UploadFailed,
    UploadNotReady,
)
from upload_service.domain.lifecycle import Event, Status
from upload_service.domain.parts import PartSums, StoredPart, sums_of
from upload_service.domain.session import Failure, UploadSession
from upload_service.ports import Deps, PartsRejected, UploadGone
from upload_service.usecases.conclude import conclude
from upload_service.usecases.stored_parts import stored_parts


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedChecksums:
    """`whole` has the form that the session's algorithm gives the whole object's checksum."""

    parts: Mapping[int, str] = field(default_factory=dict[int, str])
    whole: str | None = None


NO_CLAIM: Final = ClaimedChecksums()


@dataclass(frozen=True, slots=True)
class _Claim:
    etags: Mapping[int, str]
    checksums: ClaimedChecksums


async def complete_upload(
    session_id: UUID,
    owner_id: UUID,
    claimed: Mapping[int, str],
    deps: Deps,
    checksums: ClaimedChecksums = NO_CLAIM,
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
        checksums: What the client says the parts and the whole are, as far as it says so.

    Raises:
        UploadNotFound: no such session of this owner.
        InvalidTransition: the session is not IN_PROGRESS, or was cancelled meanwhile.
        PartsMismatch: parts are missing, differ, or are not of the plan; nothing changed.
        ChecksumMismatch: the parts are there, but the whole is another file; nothing changed.
        UnsupportedFormat: the bytes are not what was declared; the session is FAILED.
        UploadFailed: the store lost the upload; the session is FAILED, a new one can be opened.
        StoreUnavailable: nothing was decided; repeat the call.
    """
    session, upload_id = await _begin(session_id, owner_id, deps)
    if session.status is Status.COMPLETED:
        return session
    try:
        await _join(session, upload_id, _Claim(claimed, checksums), deps)
        return _answer(await conclude(session, deps))
    except (PartsMismatch, ChecksumMismatch, StoreUnavailable):
        # A concurrent call may have ended the session, and taken the parts away from this one.
        async with deps.begin() as tx:
            current = await tx.sessions.get(session_id, owner_id)
        if current.is_live:
            raise
        return _answer(current)


async def _begin(session_id: UUID, owner_id: UUID, deps: Deps) -> tuple[UploadSession, str]:
    async with deps.begin(Effect.COMPLETION_BEGUN) as tx:
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


async def _join(session: UploadSession, upload_id: str, claim: _Claim, deps: Deps) -> None:
    try:
        stored = await stored_parts(session, upload_id, deps)
        session.plan.check(claim.etags, stored, claim.checksums.parts)
        sums = _sums(session, stored, claim.checksums.whole)
        if await _expect(session, stored, sums, deps):
            await deps.store.complete(session.source_key, upload_id, stored, sums)
    except UploadGone:
        return  # an earlier or a concurrent call joined them, or they were lost: `conclude` tells
    except PartsRejected as error:
        raise StoreUnavailable("The parts changed while they were being joined") from error


def _sums(
    session: UploadSession, stored: Sequence[StoredPart], claimed: str | None
) -> PartSums | None:
    algorithm = session.checksum_algorithm
    sums = sums_of(algorithm, stored) if algorithm else None
    if claimed is not None and claimed != (sums and sums.whole):
        raise ChecksumMismatch(expected=claimed, actual=sums and sums.whole)
    return sums


async def _expect(
    session: UploadSession, stored: Sequence[StoredPart], sums: PartSums | None, deps: Deps
) -> bool:
    """Write down what the joined object will look like; False when the session has ended."""
    async with deps.begin(Effect.COMPLETION_EXPECTED) as tx:
        current = await tx.sessions.get_for_update(session.id, session.owner_id)
        if current.is_live:
            expected = replace(
                current,
                expected_etag=joined_etag([part.etag for part in stored]) or None,
                source_checksum=sums and sums.whole,
            )
            await tx.sessions.save(expected)
    return current.is_live


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
