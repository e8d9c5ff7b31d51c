"""Multipart uploads in the store that no session knows.

A request that died between creating an upload and recording its id leaves one; settling finds it as
long as the video has a session. What is left when there is none, or after the database was restored
to an earlier day, is found here: it would be paid for until somebody looked.
"""

import re
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

import structlog

from upload_service.domain.errors import StoreUnavailable
from upload_service.domain.stored import OpenUpload
from upload_service.ports import Deps
from upload_service.usecases.reaper_metrics import Kind, Outcome, count_postponed, count_reaped

PREFIX: Final = "videos/"
_SOURCE: Final = re.compile(r"videos/[0-9a-f-]{36}/source\.[a-z0-9]+")

log = structlog.stdlib.get_logger(__name__)


async def abort_strays(deps: Deps) -> int:
    """Abort up to a batch of uploads that are old and that no session has; return how many.

    Ids of videos are random, so looking from a random one on, and from the beginning when the end
    was reached, comes to every upload in time, however many there are; no round is long.
    """
    try:
        uploads = await _some_uploads(deps)
        strays = await _strays(uploads, deps)
        for stray in strays:
            await deps.store.abort(stray.key, stray.upload_id)
            count_reaped(Kind.STRAY, Outcome.ABORTED)
            log.warning("stray_upload_aborted", key=stray.key, initiated_at=stray.initiated_at)
    except StoreUnavailable as error:
        count_postponed(Kind.STRAY)
        log.warning("stray_search_postponed", error=repr(error))
        return 0
    return len(strays)


async def _some_uploads(deps: Deps) -> Sequence[OpenUpload]:
    limit = deps.policy.stray_listing
    found = await deps.store.some_uploads(PREFIX, after=f"{PREFIX}{uuid4()}", limit=limit)
    if len(found) == limit:
        return found
    first = await deps.store.some_uploads(PREFIX, after="", limit=limit - len(found))
    return list({upload.upload_id: upload for upload in [*found, *first]}.values())


async def _strays(uploads: Sequence[OpenUpload], deps: Deps) -> Sequence[OpenUpload]:
    """Return the old uploads of sources, transcodes write below the same prefix, nobody knows."""
    before = deps.now() - deps.policy.stray_age
    old = [
        upload
        for upload in uploads
        if upload.initiated_at < before and _SOURCE.fullmatch(upload.key)
    ]
    if not old:
        return []
    async with deps.begin() as tx:
        unknown = await tx.housekeeping.unknown_uploads([upload.upload_id for upload in old])
    strays = [upload for upload in old if upload.upload_id in set(unknown)]
    return strays[: deps.policy.stray_batch]
