"""video-service over a real database: its ASGI app, its callers and its peers."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from secrets import token_bytes
from typing import Any, Final, cast
from uuid import UUID, uuid4

import httpx
import msgspec
from litestar import Litestar

from reel_contracts.base import Message
from reel_contracts.events import TranscodeCanceled, TranscodeRequested, VideoDeleted
from reel_db import health, pool
from reel_db.idempotency import PgKeyLedger
from reel_db.outbox import OutboxRow
from reel_db.pool import Pool
from reel_http.auth import JwtAuth
from reel_kernel.effects import Effect
from reel_messaging.webhooks import WebhookSender, WebhookVerifier
from reel_testing.tokens import AUDIENCE, ISSUER, TokenIssuer
from video_service.adapters.deliveries import on_delivered
from video_service.adapters.polled_videos import polled_videos
from video_service.api.app import Wiring, create_app
from video_service.api.edge import Edge
from video_service.bootstrap import build_deps, change_feed
from video_service.domain.errors import SourceStoreUnavailable
from video_service.ports import Deps

CDN: Final = "https://cdn.example.com"
UPLOADS: Final = "/api/webhooks/uploads"
TRANSCODING: Final = "/api/webhooks/transcoding"
PROGRESS: Final = "/api/webhooks/progress"

SELECT_OUTBOX: Final = """
SELECT id, seq, destination, key, body, attempts, created_at FROM outbox WHERE key = $1 ORDER BY seq
"""


def new_secret() -> str:
    """Make a webhook secret in the form of Standard Webhooks."""
    return f"whsec_{b64encode(token_bytes(32)).decode()}"


@dataclass(frozen=True, slots=True)
class PeerSecrets:
    """What the app accepts; `old_upload` is the one that is being rotated out."""

    upload: str = field(default_factory=new_secret)
    old_upload: str = field(default_factory=new_secret)
    transcode: str = field(default_factory=new_secret)


@dataclass
class StoredSources:
    """A store that has every object but those in `missing`, and knows nothing of `unknown`."""

    missing: set[str] = field(default_factory=set[str])
    unknown: set[str] = field(default_factory=set[str])

    async def exists(self, file_key: str) -> bool:
        if file_key in self.unknown:
            raise SourceStoreUnavailable
        return file_key not in self.missing


@dataclass(frozen=True, kw_only=True)
class VideoService:
    """Speaks to the app as an owner, and as the two other services."""

    app: Litestar
    http: httpx.AsyncClient
    pool: Pool
    tokens: TokenIssuer
    sources: StoredSources
    secrets: PeerSecrets
    deps: Deps

    async def call(
        self,
        owner: UUID,
        method: str,
        path: str = "",
        *,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request as `owner`; `path` is relative to `/api/videos`."""
        signed = {**self.tokens.header(owner), **(headers or {})}
        url = f"/api/videos{path}"
        return await self.http.request(method, url, headers=signed, json=json, content=content)

    async def create(self, owner: UUID, **changes: object) -> dict[str, Any]:
        body = {"title": "Tour", "sourceMime": "video/mp4", "sourceSizeBytes": 1000, **changes}
        response = await self.call(owner, "POST", json=body)
        assert response.status_code == 201, response.text
        return response.json()

    async def get(self, owner: UUID, video_id: str) -> dict[str, Any]:
        response = await self.call(owner, "GET", f"/{video_id}")
        assert response.status_code == 200, response.text
        return response.json()

    async def upload_says(
        self, *, message_id: UUID | None = None, **members: object
    ) -> httpx.Response:
        """Deliver a genuine webhook of upload-service."""
        sender = WebhookSender(self.http, UPLOADS, self.secrets.upload)
        return await sender.send(message_id or uuid4(), msgspec.json.encode(members))

    async def transcode_says(
        self, *, message_id: UUID | None = None, **members: object
    ) -> httpx.Response:
        """Deliver a genuine webhook of transcode-service."""
        sender = WebhookSender(self.http, TRANSCODING, self.secrets.transcode)
        return await sender.send(message_id or uuid4(), msgspec.json.encode(members))

    async def progress_says(self, video_id: str, **members: object) -> httpx.Response:
        """Report progress of a video's current job, or of what `members` say."""
        job_id = str((await self.row(video_id))["job_id"])
        told = {"attempt": 1, "fraction": 0.5, "etaSeconds": 12.5, "phase": "ENCODING"}
        body = {"videoId": video_id, "jobId": job_id, **told, **members}
        sender = WebhookSender(self.http, PROGRESS, self.secrets.transcode)
        return await sender.send(uuid4(), msgspec.json.encode(body))

    async def messages(self, video_id: str) -> list[tuple[str, Message]]:
        """Return what the outbox holds for a video: destinations and messages, in order."""
        rows = await self.outbox_rows(video_id)
        kind = TranscodeCanceled | TranscodeRequested | VideoDeleted
        return [(row.destination, msgspec.json.decode(row.body, type=kind)) for row in rows]

    async def outbox_rows(self, video_id: str) -> list[OutboxRow]:
        records = await self.pool.fetch(SELECT_OUTBOX, UUID(video_id))
        return [OutboxRow(**{**dict(r), "body": r["body"].encode()}) for r in records]

    async def row(self, video_id: str) -> dict[str, Any]:
        """Return the row of a video, whoever's and however deleted it is."""
        record = await self.pool.fetchrow("SELECT * FROM videos WHERE id = $1", UUID(video_id))
        assert record is not None
        return dict(record)

    async def enqueue(self, video_id: str) -> None:
        """Do what the relay does once the queue has the latest job."""
        rows = await self.outbox_rows(video_id)
        async with pool.transaction(self.pool, Effect.DELIVERY_MARKED) as connection:
            await on_delivered(connection, rows[-1])

    async def given(self, owner: UUID, status: str) -> str:
        """Bring a new video of `owner` to `status`, on the way that real ones go."""
        video_id: str = (await self.create(owner))["id"]
        session = {"uploadSessionId": str(uuid4()), "videoId": video_id}
        asked = {**session, "status": "INITIATED", "ownerId": str(owner)}
        uploaded = {**session, "status": "COMPLETED", **source_of(video_id)}
        film = {"videoId": video_id, "status": "READY", **film_of(video_id)}
        failure = {"videoId": video_id, "status": "FAILED", "failReason": "TRANSCODE_ERROR"}
        steps = {
            "UPLOADING": partial(self.upload_says, **asked),
            "UPLOADED": partial(self.upload_says, **uploaded),
            "TRANSCODING": partial(self.enqueue, video_id),
            "READY": partial(self.transcode_says, **film),
            "FAILED": partial(self.transcode_says, **failure),
        }
        for step in WAYS[status]:
            await steps[step]()
        assert (await self.get(owner, video_id))["status"] == status
        return video_id


_TO_TRANSCODING: Final = ("UPLOADING", "UPLOADED", "TRANSCODING")
WAYS: Final[dict[str, tuple[str, ...]]] = {
    "DRAFT": (),
    "UPLOADING": ("UPLOADING",),
    "UPLOADED": ("UPLOADING", "UPLOADED"),
    "TRANSCODING": _TO_TRANSCODING,
    "READY": (*_TO_TRANSCODING, "READY"),
    "FAILED": (*_TO_TRANSCODING, "FAILED"),
}


def source_of(video_id: str) -> dict[str, Any]:
    """Members of a COMPLETED webhook."""
    return {
        "sourceFileKey": f"videos/{video_id}/source.mp4",
        "sourceSizeBytes": 1000,
        "sourceMime": "video/mp4",
    }


def film_of(video_id: str) -> dict[str, Any]:
    """Members of a READY webhook."""
    prefix = f"videos/{video_id}/hls"
    return {
        "durationSeconds": 62.5,
        "width": 1920,
        "height": 1080,
        "assets": [
            {"type": "HLS_MASTER", "fileKey": f"{prefix}/master.m3u8"},
            {
                "type": "HLS_RENDITION",
                "quality": "1080p",
                "bandwidth": 5_000_000,
                "fileKey": f"{prefix}/1080p/playlist.m3u8",
            },
            {"type": "THUMBNAIL", "fileKey": f"{prefix}/poster.jpg"},
            {"type": "THUMBNAIL", "container": "vtt", "fileKey": f"{prefix}/storyboard.vtt"},
        ],
    }


@asynccontextmanager
async def video_service(
    database_url: str, *, stop: asyncio.Event | None = None, slow_client_s: float = 20
) -> AsyncGenerator[VideoService]:
    """Run the app in this process, over a migrated database; `stop` ends the event streams."""
    tokens, sources, secrets = TokenIssuer(), StoredSources(), PeerSecrets()
    async with (
        pool.connect(database_url, application_name="video-test") as pool_,
        change_feed(pool_, stop or asyncio.Event()) as changes,
        polled_videos(pool_) as polled,
    ):
        deps = build_deps(pool_, sources, changes)
        app = create_app(
            Wiring(
                edge=Edge.of(deps, CDN),
                auth=JwtAuth(tokens.public_pem, ISSUER, AUDIENCE),
                from_upload=WebhookVerifier([secrets.upload, secrets.old_upload]),
                from_transcode=WebhookVerifier([secrets.transcode]),
                health={"database": partial(health.ping, pool_)},
                keys=PgKeyLedger(pool_),
                polled=polled,
                slow_client_s=slow_client_s,
            )
        )
        transport = httpx.ASGITransport(app=cast("Any", app))
        async with httpx.AsyncClient(transport=transport, base_url="http://video.test") as http:
            yield VideoService(
                app=app,
                http=http,
                pool=pool_,
                tokens=tokens,
                sources=sources,
                secrets=secrets,
                deps=deps,
            )
