"""upload-service in the test's own process, over real servers."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, cast
from uuid import UUID

import asyncpg
import httpx
import msgspec

from reel_messaging.sqs import QueuePublisher
from reel_testing.infra import Infra
from reel_testing.tokens import TokenIssuer
from reel_testing.upload.agent import Agent
from reel_testing.upload.video_double import SECRET, VideoServiceDouble
from upload_service.bootstrap import (
    Clients,
    Infrastructure,
    build_app,
    build_worker,
    database,
    wire,
)
from upload_service.settings import PREFIX, Settings
from upload_service.usecases.sweep import Swept, sweep

WAIT_S: Final = 20.0
POLL_S: Final = 0.02
NAME: Final = "upload-service"


@dataclass(frozen=True, kw_only=True)
class UploadSystem:
    """The service, what it stands on, and ways to push it along."""

    settings: Settings
    infra: Infrastructure
    agent: Agent
    videos: VideoServiceDouble

    @property
    def environment(self) -> dict[str, str]:
        """The service's settings as variables, for a process of its own."""
        values = msgspec.structs.asdict(self.settings).items()
        return {f"{PREFIX}{k.upper()}": str(v) for k, v in values if v is not None}

    async def until(self, condition: Callable[[], bool | Awaitable[bool]]) -> None:
        """Wait for a condition; fails the test after 20 s."""
        async with asyncio.timeout(WAIT_S):
            while True:
                holds = condition()
                if holds if isinstance(holds, bool) else await holds:
                    return
                await asyncio.sleep(POLL_S)

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[None]:
        """Run the worker's relay and consumer during the block."""
        parts = build_worker(self.settings, self.infra)
        async with asyncio.TaskGroup() as group:
            relaying = group.create_task(parts.relay.run())
            consuming = group.create_task(parts.consumer.run(asyncio.Event()))
            try:
                yield
            finally:
                relaying.cancel()
                consuming.cancel()

    async def sweep(self) -> Swept:
        return await sweep(self.infra.deps)

    async def age(self, session_id: UUID, seconds: float) -> None:
        """Let a session look as if everything about it had happened earlier."""
        await self.infra.pool.execute(
            """
            UPDATE upload_sessions
               SET created_at = created_at - make_interval(secs => $2),
                   updated_at = updated_at - make_interval(secs => $2),
                   completing_at = completing_at - make_interval(secs => $2)
             WHERE id = $1
            """,
            session_id,
            seconds,
        )

    async def is_settled(self, session_id: UUID) -> bool:
        """Tell whether nothing of an ended session is left open in the store."""
        return (await self.row(session_id))["provider_settled_at"] is not None

    async def row(self, session_id: UUID) -> asyncpg.Record:
        """Return the stored session, column by column."""
        row = await self.infra.pool.fetchrow(
            "SELECT * FROM upload_sessions WHERE id = $1", session_id
        )
        assert row is not None
        return row

    async def announce(self, message_id: str, body: bytes) -> None:
        """Put an event on the service's queue."""
        queue = QueuePublisher(self.infra.clients.sqs, self.settings.events_queue_url)
        await queue.publish(message_id, body)

    async def outbox(self) -> list[str]:
        """Return the `status` of every message in the outbox, oldest first."""
        rows = await self.infra.pool.fetch("SELECT body->>'status' FROM outbox ORDER BY seq")
        return [row[0] for row in rows]

    async def sources(self, video_id: UUID) -> list[str]:
        """Return the keys of the video's source objects."""
        listed = await self.infra.clients.s3.list_objects_v2(
            Bucket=self.settings.s3_bucket, Prefix=f"videos/{video_id}/source."
        )
        return [found.get("Key", "") for found in listed.get("Contents", [])]

    async def open_uploads(self, video_id: UUID) -> list[str]:
        """Return the ids of the video's multipart uploads that hold room in the store."""
        found = await self.infra.deps.store.list_uploads(f"videos/{video_id}/source.")
        return [upload.upload_id for upload in found]


@dataclass(frozen=True, kw_only=True)
class Servers:
    """What the systems of one test session share: opening clients is slow, sharing them safe."""

    settings: Settings
    clients: Clients
    tokens: TokenIssuer


def server_settings(infra: Infra, *, bucket: str, tokens: TokenIssuer) -> Settings:
    """Return settings for a service on these servers; each system replaces what is its own."""
    s3 = infra.s3_as(NAME)
    return Settings(
        database_url="",
        jwt_public_key=tokens.public_pem,
        s3_endpoint_url=s3.endpoint_url,
        s3_bucket=bucket,
        s3_access_key_id=s3.access_key_id,
        s3_secret_access_key=s3.secret_access_key,
        sqs_endpoint_url=infra.sqs.endpoint_url,
        sqs_access_key_id=infra.sqs.access_key_id,
        sqs_secret_access_key=infra.sqs.secret_access_key,
        events_queue_url="http://queue",
        video_service_url="http://video-service",
        webhook_secret=SECRET,
        admission_timeout_s=1,
    )


@asynccontextmanager
async def upload_system(
    servers: Servers,
    *,
    database_url: str,
    queue_url: str,
    videos: VideoServiceDouble,
    owner_id: UUID,
) -> AsyncGenerator[UploadSystem]:
    """Build a service with a database, a queue and a video-service of its own."""
    settings = msgspec.structs.replace(
        servers.settings,
        database_url=database_url,
        events_queue_url=queue_url,
        video_service_url=videos.url,
    )
    async with database(settings, "test") as pool:
        infra = wire(settings, pool, servers.clients)
        app = cast("Any", build_app(settings, infra))  # Litestar's ASGI types are its own
        async with (
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app), base_url="http://upload-service"
            ) as api,
            httpx.AsyncClient(timeout=60) as store,
        ):
            agent = Agent(api, store, servers.tokens, owner_id)
            yield UploadSystem(settings=settings, infra=infra, agent=agent, videos=videos)
