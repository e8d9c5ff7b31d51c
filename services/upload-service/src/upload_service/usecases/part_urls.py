"""A client wants to PUT parts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from reel_kernel.errors import FieldError, InvalidRequest, InvalidTransition
from upload_service.domain.errors import UploadNotReady
from upload_service.domain.lifecycle import SIGNABLE, Event, Status
from upload_service.domain.session import UploadSession
from upload_service.ports import Deps


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPartUrl:
    number: int
    url: str
    expires_at: datetime


async def part_urls(
    session_id: UUID, owner_id: UUID, numbers: Sequence[int], deps: Deps
) -> tuple[SignedPartUrl, ...]:
    """Sign a URL for each part, for exactly that part's length; repeats of a number collapse.

    The first one handed out is the start of the upload (spec 1.5: INITIATED → IN_PROGRESS).

    Raises:
        UploadNotFound: no such session of this owner.
        InvalidTransition: the session is paused or has ended.
        InvalidRequest: a number lies beyond the session's plan.
        UploadNotReady: the session is still being opened.
    """
    session, upload_id = await _start(session_id, owner_id, numbers, deps)
    return tuple(
        [await _sign(session, upload_id, number, deps) for number in dict.fromkeys(numbers)]
    )


async def _start(
    session_id: UUID, owner_id: UUID, numbers: Sequence[int], deps: Deps
) -> tuple[UploadSession, str]:
    async with deps.begin() as tx:
        session = await tx.sessions.get_for_update(session_id, owner_id)
        upload_id = _signable(session)
        _check_numbers(session, numbers)
        now = deps.now()
        touched = replace(session, updated_at=now)
        if session.status is Status.INITIATED:
            touched = session.on(Event.START, now=now)
        await tx.sessions.save(touched)
        return touched, upload_id


def _signable(session: UploadSession) -> str:
    if session.status not in SIGNABLE:
        detail = f"Part URLs are not given out while {session.status}"
        raise InvalidTransition(detail, extra={"currentStatus": str(session.status)})
    if session.provider_upload_id is None:
        raise UploadNotReady
    return session.provider_upload_id


def _check_numbers(session: UploadSession, numbers: Sequence[int]) -> None:
    plan = session.plan
    message = f"must be from 1 to {plan.count}, the number of parts of this upload"
    errors = [
        FieldError(
            field="partNumber" if len(numbers) == 1 else f"partNumbers[{index}]",
            code="out-of-range",
            message=message,
        )
        for index, number in enumerate(numbers)
        if number not in plan
    ]
    if errors:
        raise InvalidRequest(errors=errors)


async def _sign(session: UploadSession, upload_id: str, number: int, deps: Deps) -> SignedPartUrl:
    signed = await deps.store.sign_part(
        session.source_key,
        upload_id,
        number=number,
        size_bytes=session.plan.length(number),
        ttl_s=deps.policy.part_url_ttl_s,
    )
    return SignedPartUrl(number=number, url=signed.url, expires_at=signed.expires_at)
