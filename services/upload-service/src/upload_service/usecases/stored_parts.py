"""What the store has of an upload."""

from collections.abc import Sequence
from dataclasses import replace

from upload_service.domain.parts import StoredPart
from upload_service.domain.session import UploadSession
from upload_service.ports import Deps


async def stored_parts(session: UploadSession, upload_id: str, deps: Deps) -> Sequence[StoredPart]:
    """Return the store's own list of parts, each with the checksum that the store verified.

    Where the store does not tell it, that is the one its URL was signed for: the store takes no
    other bytes by that URL.

    Raises:
        UploadGone: no such upload in the store.
        StoreUnavailable: it did not answer.
    """
    parts = await deps.store.list_parts(session.source_key, upload_id)
    if session.checksum_algorithm is None or all(part.checksum for part in parts):
        return parts
    async with deps.begin() as tx:
        signed = await tx.sessions.signed_checksums(session.id)
    return [
        part if part.checksum else replace(part, checksum=signed.get(part.number)) for part in parts
    ]
