"""What the API double knows: videos, sessions, stored parts, every request, and what goes wrong."""

import asyncio
import hashlib
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import google_crc32c

TOKEN = "token-of-the-double"  # noqa: S105 - accepted by this double alone
CHECKSUM = "x-amz-checksum-crc32c"
WHEN = "2026-01-22T03:00:00Z"


@dataclass(frozen=True, slots=True)
class Seen:
    """One request: `part` is set for a PUT to the store, with the bytes that arrived."""

    method: str
    path: str
    part: int | None = None
    received_bytes: int = 0
    status: int = 0
    key: str | None = None


@dataclass(slots=True)
class Session:
    video_id: UUID
    size_bytes: int
    algorithm: str | None = None
    whole: str | None = None
    status: str = "INITIATED"
    signed: dict[int, str] = field(default_factory=dict[int, str])
    parts: dict[int, bytes] = field(default_factory=dict[int, bytes])
    id: UUID = field(default_factory=uuid4)

    def etag(self, number: int) -> str:
        return hashlib.md5(self.parts[number], usedforsecurity=False).hexdigest()

    def takes(self, number: int, body: bytes, claimed: str | None) -> bool:
        """Tell whether these are the bytes that the part's URL was signed for."""
        checksum = b64encode(google_crc32c.Checksum(body).digest()).decode()
        return claimed == self.signed[number] == checksum


@dataclass(slots=True)
class Script:
    """What goes wrong, by part number; counts go down as it happens.

    `cuts`: the connection is aborted in the middle of the body. `expired`: 403. `broken`: 503.
    `held`: the part is not read until `release`. `denied`: always 400.
    `unlisted`: lost when `complete` first looks. `lost_answers`: so many creations are done, but
    the connection is aborted instead of the answer.
    """

    cuts: dict[int, int] = field(default_factory=dict[int, int])
    expired: dict[int, int] = field(default_factory=dict[int, int])
    broken: dict[int, int] = field(default_factory=dict[int, int])
    denied: set[int] = field(default_factory=set[int])
    unlisted: set[int] = field(default_factory=set[int])
    held: set[int] = field(default_factory=set[int])
    release: asyncio.Event = field(default_factory=asyncio.Event)
    lost_answers: int = 0
    failing_completes: int = 0
    is_no_film: bool = False
    url_life: timedelta = timedelta(minutes=15)


class ApiDouble:
    """State of the double; `url` is where it listens."""

    def __init__(self, part_size_bytes: int) -> None:
        self.part_size_bytes = part_size_bytes
        self.url = ""
        self.seen: list[Seen] = []
        self.videos: dict[UUID, dict[str, object]] = {}
        self.sessions: dict[UUID, Session] = {}
        self.answers: dict[str, dict[str, object]] = {}
        self.script = Script()
        self.progress = asyncio.Condition()

    @property
    def session(self) -> Session:
        """The newest session."""
        return list(self.sessions.values())[-1]

    def puts(self, *, status: int = 200) -> list[int]:
        """Return the part numbers PUT with that outcome, in order; 0 stands for a cut."""
        return [s.part for s in self.seen if s.part is not None and s.status == status]

    def url_batches(self) -> int:
        return sum(s.path.endswith("/parts") for s in self.seen)

    async def until_stored(self, count: int) -> None:
        """Wait until the newest session holds so many parts."""
        async with asyncio.timeout(30), self.progress:
            await self.progress.wait_for(
                lambda: bool(self.sessions) and len(self.session.parts) >= count
            )

    def stored_bytes(self) -> bytes:
        return b"".join(self.session.parts[n] for n in sorted(self.session.parts))

    def add_video(self, status: str = "DRAFT") -> UUID:
        video_id = uuid4()
        self.videos[video_id] = {
            "id": str(video_id),
            "ownerId": str(uuid4()),
            "title": "tour",
            "description": None,
            "status": status,
            "failReason": None,
            "playback": {"ready": False, "streamUrl": None},
            "posterUrl": None,
            "storyboardUrl": None,
            "durationSeconds": None,
            "width": None,
            "height": None,
            "createdAt": WHEN,
            "updatedAt": WHEN,
        }
        return video_id

    def settle(self, video_id: UUID, status: str, **members: object) -> None:
        self.videos[video_id] |= {"status": status, **members}


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the double's own clock


def spend(counts: dict[int, int], number: int) -> bool:
    left = counts.get(number, 0)
    counts[number] = max(0, left - 1)
    return left > 0
