"""What the use cases need from the outside world."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from reel_contracts.base import Message
from reel_kernel.checksums import Algorithm
from reel_kernel.clock import Clock
from reel_kernel.effects import Effect
from reel_kernel.ids import IdSource
from upload_service.domain.parts import Found, PartSums, StoredPart
from upload_service.domain.policy import Policy, Usage
from upload_service.domain.session import UploadSession
from upload_service.domain.stored import OpenUpload, SignedPart, StoredSource

VIDEO_WEBHOOK: Final = "video-webhook"
"""Outbox destination: the signed webhook of video-service."""
PURGE_WEBHOOK: Final = "purge-webhook"
"""Outbox destination: where video-service hears what was purged of a deleted video."""


class UploadGone(Exception):
    """The store knows no such multipart upload: it was completed, aborted, or never was."""


class PartsRejected(Exception):
    """The store refused to join the parts: one was replaced or is missing."""


class Purges(Protocol):
    """Receipts of deleted videos, inside a transaction."""

    async def note(self, video_id: UUID, found: Found) -> None:
        """Note what is about to be deleted; a purge that is taken up again finds less."""

    async def close(self, video_id: UUID, *, now: datetime) -> Found | None:
        """Return what was found, once: when every session of the video is settled."""


class SessionRepository(Protocol):
    """Upload sessions, in the caller's transaction."""

    async def reserve(self, session: UploadSession) -> bool:
        """Insert a reservation; False when the owner has a live session on the video already.

        Waits for a concurrent insert to commit or roll back.
        """
        ...

    async def withdraw(self, session_id: UUID) -> None:
        """Delete a reservation that was refused; leaves an opened session alone."""

    async def get(self, session_id: UUID, owner_id: UUID) -> UploadSession:
        """Raises UploadNotFound: no such session, or another owner's."""
        ...

    async def get_for_update(self, session_id: UUID, owner_id: UUID) -> UploadSession:
        """Lock the row until the transaction ends. Raises UploadNotFound."""
        ...

    async def of_video(self, video_id: UUID) -> Sequence[UploadSession]:
        """Return every session of a video, oldest first."""
        ...

    async def rivals_for_update(self, video_id: UUID) -> Sequence[UploadSession]:
        """Lock and return the live and completed sessions of a video, oldest first."""
        ...

    async def usage_for_update(self, owner_id: UUID) -> Usage:
        """Return what the owner's live sessions take up; it grows by no one else until the end."""
        ...

    async def sign_checksums(self, session_id: UUID, checksums: Mapping[int, str]) -> None:
        """Remember for which checksum each part's URL was signed last."""

    async def signed_checksums(self, session_id: UUID) -> Mapping[int, str]:
        """Return part number → checksum of its last URL."""
        ...

    async def save(self, session: UploadSession) -> None:
        """Write what may change; the database refuses a status the table has no edge to."""

    async def progress(self, session_id: UUID, bytes_uploaded: int, now: datetime) -> None:
        """Remember what the store has and that the client is active; only while live."""

    async def mark_video_deleted(self, video_id: UUID, now: datetime) -> None:
        """Have every session of the video settled again: its source must go, too."""


class SessionHousekeeping(Protocol):
    """Work lists of the sweep; rows that another worker holds are skipped."""

    async def interrupted(self, *, before: datetime, limit: int) -> Sequence[UploadSession]:
        """Lock live sessions whose last completion began before `before` and never ended."""
        ...

    async def unknown_uploads(self, upload_ids: Sequence[str]) -> Sequence[str]:
        """Return those of the store's upload ids that no session has."""
        ...

    async def untouched(self, *, before: datetime, limit: int) -> Sequence[UploadSession]:
        """Lock live sessions without activity since `before`."""
        ...

    async def unannounced(self, *, before: datetime, limit: int) -> Sequence[UploadSession]:
        """Lock FAILED sessions that ended before `before` and that video-service never heard of."""
        ...

    async def claim_unsettled(
        self, *, now: datetime, quiet_since: datetime, lease_until: datetime, limit: int
    ) -> Sequence[UploadSession]:
        """Lease ended sessions whose leavings in the store are not confirmed gone.

        Skips those on which a request may still be working (`quiet_since`, see `mark_settled`).
        """
        ...

    async def mark_settled(self, session_id: UUID, *, now: datetime, quiet_since: datetime) -> bool:
        """Record that the store holds nothing of it any more.

        False, and nothing is recorded, when a request that began after `quiet_since` may still be
        opening or completing it in the store: it has to be looked at once more.
        """
        ...


class Outbox(Protocol):
    async def add(self, destination: str, key: UUID, *messages: Message) -> None:
        """Promise delivery, in order per `key`, if the transaction commits."""


class Inbox(Protocol):
    async def first_seen(self, message_id: str, source: str) -> bool:
        """Return False when the message's effect is already committed."""
        ...


class Transaction(Protocol):
    """Repositories that commit or roll back together."""

    @property
    def sessions(self) -> SessionRepository: ...

    @property
    def housekeeping(self) -> SessionHousekeeping: ...

    @property
    def purges(self) -> Purges: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def inbox(self) -> Inbox: ...


class SourceStore(Protocol):
    """Multipart uploads and objects. Every method raises StoreUnavailable when it cannot tell."""

    async def create(self, key: str, mime: str, algorithm: Algorithm | None = None) -> str:
        """Open a multipart upload, whose parts `algorithm` checks, and return its id."""
        ...

    async def sign_part(
        self,
        key: str,
        upload_id: str,
        *,
        number: int,
        size_bytes: int,
        ttl_s: int,
        checksum: tuple[Algorithm, str] | None = None,
    ) -> SignedPart:
        """Sign a PUT of exactly `size_bytes` bytes with this checksum; no request is made."""
        ...

    async def list_parts(self, key: str, upload_id: str) -> Sequence[StoredPart]:
        """Return the stored parts, ascending. Raises UploadGone."""
        ...

    async def complete(
        self, key: str, upload_id: str, parts: Sequence[StoredPart], sums: PartSums | None = None
    ) -> None:
        """Join the parts to one object. Raises UploadGone, PartsRejected."""

    async def abort(self, key: str, upload_id: str) -> None:
        """Drop the upload and its parts; nothing happens when it is gone."""

    async def list_uploads(self, prefix: str) -> Sequence[OpenUpload]:
        """Return the open multipart uploads of keys that begin with `prefix`."""
        ...

    async def some_uploads(self, prefix: str, *, after: str, limit: int) -> Sequence[OpenUpload]:
        """Return up to `limit` of them whose keys come behind `after`, by ascending key."""
        ...

    async def head(self, key: str, *, with_checksum: bool = False) -> StoredSource | None:
        """Return the whole object's size and version; None when there is none."""
        ...

    async def read_head(self, key: str, length: int, etag: str) -> bytes:
        """Return up to `length` first bytes of the version `etag`."""
        ...

    async def measure(self, prefix: str) -> Found:
        """Return how many objects have keys that begin with `prefix`, and their bytes."""
        ...

    async def delete(self, prefix: str) -> None:
        """Delete every object whose key begins with `prefix`."""


class VideoService(Protocol):
    async def admit(self, session: UploadSession) -> None:
        """Ask whether the owner may upload to the video now, and bind the video to this session.

        Safe to repeat for the same session.

        Raises:
            VideoNotFound: no such video, or another owner's, or deleted.
            InvalidTransition: the video's status takes no upload.
            VideoServiceUnavailable: no clear answer within the attempts allowed.
        """


class Begin(Protocol):
    def __call__(self, effect: Effect | None = None, /) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction; `effect` names what its commit makes durable, if anything."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    begin: Begin
    store: SourceStore
    video_service: VideoService
    now: Clock
    new_id: IdSource
    policy: Policy
