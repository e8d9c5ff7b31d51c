"""A store that does what it is asked, and whose answer to a completion is lost or wrong."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Any

from upload_service.domain.errors import StoreUnavailable
from upload_service.domain.parts import PartSums, StoredPart
from upload_service.ports import PartsRejected, SourceStore, UploadGone


class Loss(Enum):
    """What happens to a completion: before the store does it, or after."""

    REQUEST_LOST = auto()
    ANSWER_LOST = auto()
    GONE_AFTER_SUCCESS = auto()
    REJECTED_AFTER_SUCCESS = auto()
    CRASH_BEFORE = auto()
    CRASH_AFTER = auto()


class Crash(BaseException):
    """Ends the request as the end of its process would: nobody handles it."""


_RAISED = {
    Loss.REQUEST_LOST: StoreUnavailable,
    Loss.ANSWER_LOST: StoreUnavailable,
    Loss.GONE_AFTER_SUCCESS: UploadGone,
    Loss.REJECTED_AFTER_SUCCESS: PartsRejected,
    Loss.CRASH_BEFORE: Crash,
    Loss.CRASH_AFTER: Crash,
}
_BEFORE = {Loss.REQUEST_LOST, Loss.CRASH_BEFORE}


class LossyStore:
    """Everything goes to `store`; the next completions suffer `losses`, one each."""

    def __init__(self, store: SourceStore, *losses: Loss) -> None:
        self._store = store
        self.losses = list(losses)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the store has
        return getattr(self._store, name)

    async def complete(
        self, key: str, upload_id: str, parts: Sequence[StoredPart], sums: PartSums | None
    ) -> None:
        loss = self.losses.pop(0) if self.losses else None
        if loss not in _BEFORE:
            await self._store.complete(key, upload_id, parts, sums)
        if loss is not None:
            raise _RAISED[loss]
