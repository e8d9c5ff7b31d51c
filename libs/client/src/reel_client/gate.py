"""Part URLs of a session that its owner may pause, resume or cancel from elsewhere."""

import random
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from reel_client.api import ReelApi
from reel_client.errors import ProblemError, UploadEnded
from reel_client.progress import ProgressTracker
from reel_client.retries import Sleep
from reel_contracts.uploads import PartUrl, UploadStatus

PAUSE_POLL_S: Final = 2.0
_CONFLICT: Final = 409
_REFUSALS_MAX: Final = 3
_OPEN: Final = frozenset({UploadStatus.INITIATED, UploadStatus.IN_PROGRESS})


class SessionGate:
    """Gets URLs while the session is open and waits while it is paused.

    The wait has no end of its own: the person who paused decides, or the session expires.
    """

    def __init__(
        self, api: ReelApi, session_id: UUID, tracker: ProgressTracker, sleep: Sleep
    ) -> None:
        self._api = api
        self._session_id = session_id
        self._tracker = tracker
        self._sleep = sleep

    async def part_urls(
        self, part_numbers: Sequence[int], checksums: Sequence[str] | None = None
    ) -> list[PartUrl]:
        """Raises UploadEnded when the session is over, ProblemError when refused while open."""
        refusals = 0
        while True:
            try:
                return await self._api.part_urls(self._session_id, part_numbers, checksums)
            except ProblemError as problem:
                refusals += 1
                if problem.status != _CONFLICT or refusals > _REFUSALS_MAX:
                    raise
            if await self._waited_for_resume():
                refusals = 0

    async def _waited_for_resume(self) -> bool:
        """Return whether it was paused; comes back only to an open session."""
        status = await self._status()
        if status in _OPEN:
            return False
        self._tracker.paused(is_paused=True)
        while status is UploadStatus.PAUSED:
            await self._sleep(PAUSE_POLL_S * random.uniform(0.75, 1.25))  # noqa: S311 - jitter
            status = await self._status()
        self._tracker.paused(is_paused=False)
        return True

    async def _status(self) -> UploadStatus:
        status = (await self._api.get_upload(self._session_id)).status
        if status not in {*_OPEN, UploadStatus.PAUSED}:
            raise UploadEnded(self._session_id, status)
        return status
