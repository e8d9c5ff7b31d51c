"""A client wants to PUT parts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from reel_kernel.checksums import is_checksum
from reel_kernel.effects import Effect
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
    headers: Mapping[str, str]


async def part_urls(
    session_id: UUID,
    owner_id: UUID,
    numbers: Sequence[int],
    deps: Deps,
    checksums: Sequence[str] = (),
) -> tuple[SignedPartUrl, ...]:
    """Sign a URL for each part, for exactly that part's length; repeats of a number collapse.

    In a session with a checksum algorithm, `checksums` are those of the parts, in the same order,
    and the URL is signed for it as well: the store refuses other bytes.

    The first one handed out is the start of the upload (spec 1.5: INITIATED → IN_PROGRESS).

    Raises:
        UploadNotFound: no such session of this owner.
        InvalidTransition: the session is paused, has ended, or was not opened in time.
        InvalidRequest: a number lies beyond the session's plan, or a checksum is missing, too
            many, or none of the session's algorithm.
        UploadNotReady: the session is still being opened.
    """
    wanted = _Wanted(numbers, checksums)
    session, upload_id = await _start(session_id, owner_id, wanted, deps)
    return tuple(
        [
            await _sign(session, upload_id, (number, wanted.by_number.get(number)), deps)
            for number in dict.fromkeys(numbers)
        ]
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    numbers: Sequence[int]
    checksums: Sequence[str]

    @property
    def by_number(self) -> Mapping[int, str]:
        return dict(zip(self.numbers, self.checksums, strict=False))

    def field(self, name: str, index: int) -> str:
        return name if len(self.numbers) == 1 else f"{name}s[{index}]"


async def _start(
    session_id: UUID, owner_id: UUID, wanted: _Wanted, deps: Deps
) -> tuple[UploadSession, str]:
    async with deps.begin(Effect.UPLOAD_STARTED) as tx:
        session = await tx.sessions.get_for_update(session_id, owner_id)
        now = deps.now()
        if session.is_live and deps.policy.is_abandoned(session, now):
            raise _ended(Status.FAILED)  # as whoever looks at it will see
        upload_id = _signable(session)
        _check(session, wanted)
        if wanted.checksums:
            await tx.sessions.sign_checksums(session.id, wanted.by_number)
        touched = replace(session, updated_at=now)
        if session.status is Status.INITIATED:
            touched = session.on(Event.START, now=now)
        await tx.sessions.save(touched)
        return touched, upload_id


def _signable(session: UploadSession) -> str:
    if session.status not in SIGNABLE:
        raise _ended(session.status)
    if session.provider_upload_id is None:
        raise UploadNotReady
    return session.provider_upload_id


def _ended(status: Status) -> InvalidTransition:
    detail = f"Part URLs are not given out while {status}"
    return InvalidTransition(detail, extra={"currentStatus": str(status)})


def _check(session: UploadSession, wanted: _Wanted) -> None:
    errors = [*_bad_numbers(session, wanted), *_bad_checksums(session, wanted)]
    if errors:
        raise InvalidRequest(errors=errors)


def _bad_numbers(session: UploadSession, wanted: _Wanted) -> Iterator[FieldError]:
    plan = session.plan
    message = f"must be from 1 to {plan.count}, the number of parts of this upload"
    for index, number in enumerate(wanted.numbers):
        if number not in plan:
            name = wanted.field("partNumber", index)
            yield FieldError(field=name, code="out-of-range", message=message)


def _bad_checksums(session: UploadSession, wanted: _Wanted) -> Iterator[FieldError]:
    algorithm, name = session.checksum_algorithm, wanted.field("checksum", 0).split("[")[0]
    if algorithm is None:
        if wanted.checksums:
            message = "this upload was opened without a checksum algorithm"
            yield FieldError(field=name, code="unexpected", message=message)
        return
    if len(wanted.checksums) != len(wanted.numbers):
        message = f"one {algorithm} checksum a part is required"
        yield FieldError(field=name, code="missing", message=message)
    for index, checksum in enumerate(wanted.checksums):
        if not is_checksum(algorithm, checksum):
            message = f"must be a Base64 {algorithm} checksum"
            field = wanted.field("checksum", index)
            yield FieldError(field=field, code="invalid", message=message)


async def _sign(
    session: UploadSession, upload_id: str, part: tuple[int, str | None], deps: Deps
) -> SignedPartUrl:
    number, checksum = part
    algorithm = session.checksum_algorithm
    signed = await deps.store.sign_part(
        session.source_key,
        upload_id,
        number=number,
        size_bytes=session.plan.length(number),
        ttl_s=deps.policy.part_url_ttl_s,
        checksum=(algorithm, checksum) if algorithm and checksum else None,
    )
    return SignedPartUrl(
        number=number, url=signed.url, expires_at=signed.expires_at, headers=signed.headers
    )
