"""transcode-service in the test's own process, over real servers; the test brings a transcoder."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec

from reel_contracts.events import TranscodeRequested, VideoDeleted
from reel_contracts.webhooks import TranscodeProgress, TranscodeWebhook
from reel_db import pool
from reel_messaging.sqs import QueuePublisher, sqs_client
from reel_storage.client import s3_client
from reel_testing.infra import Infra
from reel_testing.plugin import QueueUrls
from reel_testing.waiting import until
from transcode_service.adapters.clients import Clients
from transcode_service.bootstrap import Worker, assemble
from transcode_service.ports.jobs import Transcoder
from transcode_service.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

NAME: Final = "transcode-service"
JOB_S: Final = 60.0
"""Most time of a job, on a machine that has other things to do as well."""
SECRET: Final = "whsec_" + "c2VjcmV0LW9mLXRoZS10ZXN0cw=="


class Webhooks:
    """Takes the place of video-service: remembers every delivery."""

    def __init__(self) -> None:
        self.heard: list[TranscodeWebhook] = []
        self.progress: list[TranscodeProgress] = []

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Take a delivery."""
        if request.url.path.endswith("/progress"):
            self.progress.append(msgspec.json.decode(request.content, type=TranscodeProgress))
            return httpx.Response(204)
        self.heard.append(msgspec.json.decode(request.content, type=TranscodeWebhook))
        return httpx.Response(204)

    def of(self, video_id: UUID) -> list[TranscodeWebhook]:
        """Return what was said about a video."""
        return [webhook for webhook in self.heard if webhook.video_id == video_id]


@dataclass(frozen=True, kw_only=True)
class TranscodeSystem:
    """The service's surroundings, and ways to push it along."""

    settings: Settings
    clients: Clients
    admin_s3: "S3Client"
    webhooks: Webhooks = field(default_factory=Webhooks)

    @asynccontextmanager
    async def working(
        self, transcoder: Transcoder, *, stop: asyncio.Event | None = None
    ) -> AsyncGenerator[Worker]:
        """Run a worker, all but its health endpoints, during the block or until `stop`."""
        stop = stop or asyncio.Event()
        transport = httpx.MockTransport(self.webhooks.answer)
        async with httpx.AsyncClient(transport=transport) as http:
            worker = assemble(self.clients, transcoder, http, self.settings)
            async with asyncio.TaskGroup() as group:
                background = [
                    group.create_task(worker.relay.run()),
                    group.create_task(worker.sweeper.run(worker.chores)),
                    group.create_task(worker.watch.run(worker.jobs.interrupt)),
                ]
                consuming = [
                    group.create_task(one.run(stop)) for one in (worker.jobs, worker.events)
                ]
                try:
                    yield worker
                finally:
                    if not stop.is_set():  # nobody needs the end of a poll of this test's own queue
                        for task in consuming:
                            task.cancel()
                    await asyncio.wait(consuming)
                    for task in background:
                        task.cancel()

    async def request(self, message: TranscodeRequested) -> None:
        """Put a request on the job queue."""
        await self.send(self.settings.jobs_queue_url, msgspec.json.encode(message))

    async def delete(self, event: VideoDeleted) -> None:
        """Put a deletion on the events queue."""
        await self.send(self.settings.events_queue_url, msgspec.json.encode(event))

    async def send(self, queue_url: str, body: bytes) -> None:
        """Put any body on a queue."""
        await QueuePublisher(self.clients.sqs, queue_url).publish(str(uuid4()), body)

    async def dead_letters(self) -> list[tuple[bytes, str]]:
        """Take what lies in the dead-letter queue now: body and reason of each."""
        answer = await self.clients.sqs.receive_message(
            QueueUrl=self.settings.jobs_dlq_url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
        )
        return [
            (
                message.get("Body", "").encode(),
                message.get("MessageAttributes", {})["reason"].get("StringValue", ""),
            )
            for message in answer.get("Messages", [])
        ]

    async def queue_is_empty(self) -> bool:
        """Tell whether no job message is left, visible or in flight."""
        return await self._job_messages() == (0, 0)

    async def a_job_waits(self) -> bool:
        """Tell whether one job message is there for anybody to take, and none is in flight."""
        return await self._job_messages() == (1, 0)

    async def _job_messages(self) -> tuple[int, int]:
        answer = await self.clients.sqs.get_queue_attributes(
            QueueUrl=self.settings.jobs_queue_url,
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
            ],
        )
        found = answer.get("Attributes", {})
        waiting = found["ApproximateNumberOfMessages"]
        return int(waiting), int(found["ApproximateNumberOfMessagesNotVisible"])

    async def put(self, *keys: str) -> None:
        """Store small objects."""
        for key in keys:
            await self.admin_s3.put_object(Bucket=self.settings.s3_bucket, Key=key, Body=b"x")

    async def keys(self, prefix: str) -> set[str]:
        """Return the keys below a prefix."""
        answer = await self.admin_s3.list_objects_v2(Bucket=self.settings.s3_bucket, Prefix=prefix)
        return {found.get("Key", "") for found in answer.get("Contents", [])}

    async def job(self, job_id: UUID) -> asyncpg.Record:
        """Return a job's row. Raises LookupError."""
        row = await self.clients.pool.fetchrow("SELECT * FROM jobs WHERE id = $1", job_id)
        if row is None:
            raise LookupError(job_id)
        return row

    async def attempts(self, job_id: UUID) -> list[asyncpg.Record]:
        """Return the rows of a job's attempts, in order."""
        return await self.clients.pool.fetch(
            "SELECT * FROM job_attempts WHERE job_id = $1 ORDER BY number", job_id
        )

    async def until_state(self, job_id: UUID, state: str) -> None:
        """Wait for a job to be in a state."""

        async def reached() -> bool:
            found = await self.clients.pool.fetchval("SELECT state FROM jobs WHERE id = $1", job_id)
            return found == state

        await until(reached, within_s=JOB_S)

    async def age(self, job_id: UUID, by: timedelta) -> None:
        """Let everything about a job have happened earlier."""
        await self.clients.pool.execute(
            """
            UPDATE jobs SET updated_at = updated_at - $2::interval,
                            not_before = not_before - $2::interval,
                            lease_expires_at = lease_expires_at - $2::interval
             WHERE id = $1
            """,
            job_id,
            by,
        )


def settings(
    infra: Infra,
    *,
    database_url: str,
    bucket: str,
    jobs: QueueUrls,
    events_url: str,
    **more: object,
) -> Settings:
    """Return settings for quick tests: short leases, no back-off."""
    s3, sqs = infra.s3_as(NAME), infra.sqs
    quick: dict[str, object] = {
        "database_url": database_url,
        "port": 0,
        "s3_endpoint_url": s3.endpoint_url,
        "s3_bucket": bucket,
        "s3_access_key_id": s3.access_key_id,
        "s3_secret_access_key": s3.secret_access_key,
        "sqs_endpoint_url": sqs.endpoint_url,
        "sqs_access_key_id": sqs.access_key_id,
        "sqs_secret_access_key": sqs.secret_access_key,
        "jobs_queue_url": jobs.url,
        "jobs_dlq_url": jobs.dlq_url,
        "events_queue_url": events_url,
        "video_service_url": "http://video-service.invalid",
        "webhook_secret": SECRET,
        "lease_s": 2,
        "retry_base_s": 0.01,
        "retry_max_s": 0.01,
        "shutdown_s": 0,
        "poll_s": 1,
    }
    return Settings(**(quick | more))  # pyright: ignore[reportArgumentType] - values of each field


@asynccontextmanager
async def transcode_system(infra: Infra, chosen: Settings) -> AsyncGenerator[TranscodeSystem]:
    """Open the clients a worker has, with the service's own keys where a queue is not a test's."""
    async with AsyncExitStack() as stack:
        clients = Clients(
            pool=await stack.enter_async_context(pool.connect(chosen.database_url, max_size=10)),
            s3=await stack.enter_async_context(s3_client(infra.s3_as(NAME))),
            sqs=await stack.enter_async_context(sqs_client(infra.sqs)),
            ffmpeg=Path("/bin/true"),
        )
        admin_s3 = await stack.enter_async_context(s3_client(infra.s3))
        yield TranscodeSystem(settings=chosen, clients=clients, admin_s3=admin_s3)
