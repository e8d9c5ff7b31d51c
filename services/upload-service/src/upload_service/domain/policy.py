"""The numbers of the flow."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from upload_service.domain.session import UploadSession

GIB: Final = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long things may take, and how many of them are dealt with at once.

    A request that opens a session ends well within `opening_grace`, one that completes a session
    within `completing_grace`: after that, what they left behind is treated as left by a crash. An
    upload in the store that no session knows is given up when it is older than `stray_age`.
    """

    part_size_bytes: int
    part_url_ttl_s: int
    session_ttl: timedelta
    opening_grace: timedelta = timedelta(seconds=60)
    completing_grace: timedelta = timedelta(minutes=10)
    settle_timeout: timedelta = timedelta(seconds=20)
    settle_lease: timedelta = timedelta(minutes=2)
    settle_batch: int = 4
    sweep_batch: int = 50
    stray_age: timedelta = timedelta(hours=1)
    stray_listing: int = 1000
    stray_batch: int = 50
    open_sessions_max: int = 200
    bytes_in_flight_max: int = 64 * GIB

    def is_abandoned(self, session: UploadSession, now: datetime) -> bool:
        """Tell whether a live session was left half opened by a request that cannot go on."""
        return not session.is_open and session.created_at <= now - self.opening_grace


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What an owner's live sessions take up; `bytes_in_flight` are their declared sizes."""

    open_sessions: int
    bytes_in_flight: int
