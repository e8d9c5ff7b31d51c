"""Everything behind the public API that the model looks at or plays."""

import asyncio
import json
import re
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg
import httpx
from standardwebhooks.webhooks import Webhook

from reel_kernel.clock import utc_now
from reel_messaging.webhooks import sign
from reel_stack.keys import ADMIN
from reel_stack.topology import BUCKET, DATABASE
from reel_storage.client import s3_client
from reel_testing.infra import s3_settings
from reel_testing.model import films
from reel_testing.model.films import Film
from reel_testing.model.observations import Rows
from reel_testing.model.outcomes import Json
from reel_testing.stack import RunningStack
from reel_testing.waiting import until

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_sqs import SQSClient

UPLOADS: Final = "uploads"
TRANSCODING: Final = "transcoding"
PROGRESS: Final = "progress"

VIDEO_ROW: Final = """
SELECT v.status::text, v.version, v.fail_reason, v.deleted_at, v.upload_session_id, v.job_id,
       (SELECT count(*) FROM video.video_assets a
         WHERE a.video_id = v.id AND a.type = 'HLS_MASTER') AS masters
  FROM video.videos v WHERE v.id = $1
"""
SESSION_ROWS: Final = """
SELECT id, status::text, fail_reason FROM upload.upload_sessions WHERE video_id = $1
"""
PROVIDER_UPLOAD: Final = """
SELECT provider_upload_id FROM upload.upload_sessions WHERE id = $1
"""
UPLOAD_NEWS: Final = """
SELECT id, body::text FROM upload.outbox
 WHERE key = $1 AND destination = 'video-webhook' ORDER BY seq
"""
QUEUED: Final = """
SELECT destination, body::text FROM video.outbox
 WHERE key = $1 AND delivered_at IS NOT NULL AND destination <> 'cdn-cache' ORDER BY seq
"""
PAUSED: Final = re.compile(r"^reel_transcode_paused(\{[^}]*\})? 1(\.0)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Backstage:
    """`is_worked` where the transcode worker takes jobs; else the model alone answers for it."""

    stack: RunningStack
    films: Mapping[str, Film]
    is_worked: bool
    http: httpx.AsyncClient
    store: httpx.AsyncClient
    database: "asyncpg.Pool[asyncpg.Record]"
    s3: "S3Client"
    sqs: "SQSClient"

    async def rows(self, video_id: str) -> tuple[Rows, str | None]:
        """Return what the databases hold of a video, and the id of its current job."""
        row = await self.database.fetchrow(VIDEO_ROW, video_id)
        sessions = await self.database.fetch(SESSION_ROWS, video_id)
        assert row is not None, f"video {video_id} has no row"
        found = Rows(
            status=row["status"],
            version=row["version"],
            reason=row["fail_reason"],
            is_deleted=row["deleted_at"] is not None,
            admitted=_text(row["upload_session_id"]),
            masters=row["masters"],
            sessions={str(one["id"]): (one["status"], one["fail_reason"]) for one in sessions},
        )
        return found, _text(row["job_id"])

    async def stored_parts(self, session_id: str, key: str) -> Sequence[tuple[int, str, int]]:
        """Ask the store itself for a live session's parts: number, bare ETag, bytes."""
        upload_id = await self.database.fetchval(PROVIDER_UPLOAD, session_id)
        answer = await self.s3.list_parts(Bucket=BUCKET, Key=key, UploadId=upload_id)
        return [
            (part.get("PartNumber", 0), part.get("ETag", "").strip('"'), part.get("Size", -1))
            for part in answer.get("Parts", [])
        ]

    async def objects(self, prefix: str) -> Mapping[str, int]:
        """Return the sizes in bytes of the objects below `prefix`, by key."""
        answer = await self.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)
        return {found.get("Key", ""): found.get("Size", -1) for found in answer.get("Contents", [])}

    async def upload_news(self, video_id: str) -> Sequence[tuple[str, Json]]:
        """Return what upload-service tells of a video, in its order, with the message's id."""
        found = await self.database.fetch(UPLOAD_NEWS, video_id)
        return [(str(row["id"]), json.loads(row["body"])) for row in found]

    async def queued(self, video_id: str) -> Sequence[tuple[str, str]]:
        """Return the queue and text of every message that was sent about a video."""
        found = await self.database.fetch(QUEUED, video_id)
        return [(f"reel-{row['destination']}", row["body"]) for row in found]

    async def pause_jobs(self) -> None:
        """Give the operators' order to take no more jobs (ADR 34); wait until it is honoured."""
        command = (sys.executable, "-m", "transcode_service.ops", "pause", "--reason", "a model")
        settings = _environment(self.stack.pids["transcode-worker"])
        ops = await asyncio.create_subprocess_exec(*command, env=settings, stdout=DEVNULL)
        if await ops.wait() != 0:
            raise LookupError("ops pause failed")
        await until(self._is_paused)

    async def _is_paused(self) -> bool:
        answer = await self.http.get(f"{self.stack.services['transcode-service']}/metrics")
        return PAUSED.search(answer.text) is not None

    async def send_again(self, queue: str, body: str) -> None:
        await self.sqs.send_message(QueueUrl=self.stack.queues[queue], MessageBody=body)

    def signed(self, endpoint: str, raw: bytes, message_id: str, age_s: int = 0) -> dict[str, str]:
        name = "uploadWebhookSecret" if endpoint == UPLOADS else "transcodeWebhookSecret"
        sent_at = self.now() - timedelta(seconds=age_s)
        return sign(Webhook(self.stack.secrets[name]), message_id, raw, now=sent_at)

    def now(self) -> datetime:
        return utc_now()

    async def post(self, endpoint: str, raw: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """Post to video-service's internal address, as a service would."""
        everywhere = {"content-type": "application/json", **headers}
        path = f"/api/webhooks/{endpoint}"
        return await self.http.post(path, content=raw, headers=everywhere)


def _environment(pid: int) -> dict[str, str]:
    """Return what a process was started with, as `make ops` does."""
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@asynccontextmanager
async def backstage(stack: RunningStack, *, is_worked: bool) -> AsyncGenerator[Backstage]:
    """Open all connections to a running stack."""
    made = await asyncio.to_thread(films.make)
    password = stack.keys.postgres_passwords[ADMIN]
    address = stack.description.postgres_url.replace("@", f":{password}@", 1)
    url = f"{address.rsplit('/', 1)[0]}/{DATABASE}"
    inside = stack.services["video-service"]
    async with AsyncExitStack() as opened:
        enter = opened.enter_async_context
        yield Backstage(
            stack=stack,
            films=made,
            is_worked=is_worked,
            http=await enter(httpx.AsyncClient(base_url=inside, timeout=30, trust_env=False)),
            store=await enter(httpx.AsyncClient(timeout=60, trust_env=False)),
            database=await enter(asyncpg.create_pool(url, min_size=1, max_size=4)),
            s3=await enter(s3_client(s3_settings(stack.s3_url, stack.keys.s3_keys[ADMIN]))),
            sqs=await enter(stack.sqs()),
        )
