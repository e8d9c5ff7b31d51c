"""What nobody asks for and must happen all the same: expiry, late news, cleaning up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from reel_kernel.effects import Effect
from upload_service.domain.errors import StoreUnavailable
from upload_service.domain.lifecycle import Status
from upload_service.domain.session import Failure, UploadSession
from upload_service.ports import Deps, UploadGone
from upload_service.usecases import endings
from upload_service.usecases.abort_strays import abort_strays
from upload_service.usecases.conclude import conclude, is_joined
from upload_service.usecases.reaper_metrics import Kind, Outcome, count_postponed, count_reaped
from upload_service.usecases.settle import settle_soon

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """How many sessions, and uploads that none of them knows, each part of a sweep dealt with."""

    healed: int = 0
    expired: int
    announced: int
    visited: int
    strays: int = 0


async def sweep(deps: Deps) -> Swept:
    """Do one batch of each; several workers may sweep at once, no session is dealt with twice."""
    swept = Swept(
        healed=await heal_interrupted(deps),
        expired=await expire_untouched(deps),
        announced=await announce_abandoned(deps),
        visited=await settle_ended(deps),
        strays=await abort_strays(deps),
    )
    if swept != Swept(expired=0, announced=0, visited=0):
        log.info(
            "sessions_swept",
            healed=swept.healed,
            expired=swept.expired,
            announced=swept.announced,
            visited=swept.visited,
            strays=swept.strays,
        )
    return swept


async def heal_interrupted(deps: Deps) -> int:
    """End live sessions whose parts the store had joined when their completion was cut off.

    Those whose parts are still apart wait for the client, as any other.
    """
    before = deps.now() - deps.policy.completing_grace
    async with deps.begin() as tx:
        sessions = await tx.housekeeping.interrupted(before=before, limit=deps.policy.sweep_batch)
    return sum([await _heal(session, deps) for session in sessions])


async def _heal(session: UploadSession, deps: Deps) -> bool:
    try:
        if await _is_over(session, deps):
            _count_ended(await conclude(session, deps))
            return True
    except StoreUnavailable as error:
        count_postponed(Kind.COMPLETION)
        log.warning("heal_postponed", upload_session_id=str(session.id), error=repr(error))
        return False
    async with deps.begin(Effect.COMPLETION_SET_BACK) as tx:
        current = await tx.sessions.get_for_update(session.id, session.owner_id)
        if current.completing_at == session.completing_at and current.is_live:
            await tx.sessions.save(replace(current, completing_at=None))
    count_reaped(Kind.COMPLETION, Outcome.REOPENED)
    return False


def _count_ended(session: UploadSession) -> None:
    is_completed = session.status is Status.COMPLETED
    outcome = Outcome.COMPLETED if is_completed else Outcome.FAILED
    count_reaped(Kind.COMPLETION, outcome, session.fail_reason)


async def _is_over(session: UploadSession, deps: Deps) -> bool:
    if await is_joined(session, deps):
        return True
    try:
        await deps.store.list_parts(session.source_key, session.provider_upload_id or "")
    except UploadGone:
        return True
    return False


async def expire_untouched(deps: Deps) -> int:
    """Fail live sessions without activity for their time to live (UPLOAD_EXPIRED)."""
    now = deps.now()
    async with deps.begin(Effect.SESSIONS_EXPIRED) as tx:
        sessions = await tx.housekeeping.untouched(
            before=now - deps.policy.session_ttl, limit=deps.policy.sweep_batch
        )
        for session in sessions:
            await endings.reject(tx, session, Failure.UPLOAD_EXPIRED, now=now)
    for _ in sessions:
        count_reaped(Kind.SESSION, Outcome.FAILED, Failure.UPLOAD_EXPIRED)
    return len(sessions)


async def announce_abandoned(deps: Deps) -> int:
    """Tell video-service of failed sessions that no other followed within the time to live."""
    now = deps.now()
    async with deps.begin(Effect.FAILURES_ANNOUNCED) as tx:
        sessions = await tx.housekeeping.unannounced(
            before=now - deps.policy.session_ttl, limit=deps.policy.sweep_batch
        )
        for session in sessions:
            await tx.sessions.save(replace(session, announced_at=now))
            await endings.announce_failure(tx, session, Failure.UPLOAD_EXPIRED)
    for _ in sessions:
        count_reaped(Kind.NEWS, Outcome.ANNOUNCED, Failure.UPLOAD_EXPIRED)
    return len(sessions)


async def settle_ended(deps: Deps) -> int:
    """Free the store of what ended sessions left; those it does not confirm come up again.

    Goes on batch by batch until nothing is left, or the store does not answer. A batch ends well
    before its lease does.
    """
    visited = 0
    while sessions := await _claim_unsettled(deps):
        visited += len(sessions)
        timeout = deps.policy.settle_timeout
        answered = [await settle_soon(session, deps, within=timeout) for session in sessions]
        _count_visits(answered)
        if not all(answered):
            break
    return visited


def _count_visits(answered: Sequence[bool]) -> None:
    for is_answered in answered:
        if is_answered:
            count_reaped(Kind.LEFTOVERS, Outcome.VISITED)
        else:
            count_postponed(Kind.LEFTOVERS)


async def _claim_unsettled(deps: Deps) -> Sequence[UploadSession]:
    now = deps.now()
    async with deps.begin(Effect.SETTLING_CLAIMED) as tx:
        return await tx.housekeeping.claim_unsettled(
            now=now,
            quiet_since=now - deps.policy.completing_grace,
            lease_until=now + deps.policy.settle_lease,
            limit=deps.policy.settle_batch,
        )
