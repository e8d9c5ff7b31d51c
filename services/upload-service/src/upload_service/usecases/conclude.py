"""What became of an upload whose parts were joined, or that the store does not know any more."""

from dataclasses import replace

import structlog

from reel_kernel.effects import Effect
from reel_kernel.media import SNIFF_BYTES, matches_declared, sniff_container
from upload_service.domain.lifecycle import Status
from upload_service.domain.session import Failure, UploadSession
from upload_service.domain.stored import StoredSource
from upload_service.ports import Deps, Transaction
from upload_service.usecases import endings
from upload_service.usecases.settle import settle_soon

log = structlog.stdlib.get_logger(__name__)


async def conclude(session: UploadSession, deps: Deps) -> UploadSession:
    """Look at the object itself and end the session by what is there; return it as it then stands.

    The size, entity tag and checksum that were expected and a container of the declared family:
    COMPLETED. Another container: FAILED with UNSUPPORTED_FORMAT. No object, or another one: FAILED
    with PROVIDER_ERROR. A session that ended in the meantime stays as it is. Safe to run side by
    side: one effect, the same answer.

    Raises:
        StoreUnavailable: nothing was decided; try again.
    """
    async with deps.begin() as tx:  # a concurrent call may just have written what it expects
        session = await tx.sessions.get(session.id, session.owner_id)
    found = await _head(session, deps)
    failure = await _inspect(session, found, deps)
    async with deps.begin(Effect.SESSION_CONCLUDED) as tx:
        current = await tx.sessions.get_for_update(session.id, session.owner_id)
        if current.is_live:
            current = replace(current, source_etag=found and found.etag)
            current = await _end(tx, current, failure, deps)
    if current.status is not Status.COMPLETED:
        await settle_soon(current, deps)  # an object that nobody wants may be there
    log.info("upload_concluded", upload_session_id=str(current.id), status=current.status)
    return current


async def is_joined(session: UploadSession, deps: Deps) -> bool:
    """Tell whether the store has joined what an interrupted completion had asked it to.

    A store may go on listing the parts of an upload that it has joined; the object decides.

    Raises:
        StoreUnavailable: it did not answer.
    """
    if session.expected_etag is None:
        return False
    source = await _head(session, deps)
    return source is not None and _is_meant(session, source)


async def _head(session: UploadSession, deps: Deps) -> StoredSource | None:
    with_checksum = session.checksum_algorithm is not None
    return await deps.store.head(session.source_key, with_checksum=with_checksum)


async def _inspect(
    session: UploadSession, source: StoredSource | None, deps: Deps
) -> Failure | None:
    if source is None or not _is_meant(session, source):
        return Failure.PROVIDER_ERROR
    length = min(SNIFF_BYTES, source.size_bytes)
    head = await deps.store.read_head(session.source_key, length, source.etag)
    if not matches_declared(session.source_mime, sniff_container(head)):
        return Failure.UNSUPPORTED_FORMAT
    return None


def _is_meant(session: UploadSession, source: StoredSource) -> bool:
    # Another session on this video, before or after, writes to the same key.
    wanted = (session.source_size_bytes, session.expected_etag, session.source_checksum)
    found = (
        source.size_bytes,
        source.etag if session.expected_etag else None,
        source.checksum or session.source_checksum,
    )
    if found != wanted:
        log.warning("source_is_another", upload_session_id=str(session.id), found=found)
    return found == wanted


async def _end(
    tx: Transaction, session: UploadSession, failure: Failure | None, deps: Deps
) -> UploadSession:
    match failure:
        case None:
            return await endings.complete(tx, session, now=deps.now())
        case Failure.UNSUPPORTED_FORMAT:
            return await endings.reject(tx, session, failure, now=deps.now())
        case _:
            return await endings.give_up(tx, session, failure, now=deps.now())
