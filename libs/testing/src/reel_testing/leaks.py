"""What a stack must not keep once its work is done: rows, uploads, messages, connections, files."""

from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import psutil

from reel_kernel.clock import utc_now
from reel_stack.keys import ADMIN
from reel_stack.topology import BUCKET, QUEUES, dead_letters
from reel_storage.client import s3_client
from reel_testing.infra import s3_settings
from reel_testing.processes import processes_of
from reel_testing.stack import RunningStack
from upload_service import bootstrap
from upload_service.settings import Settings
from upload_service.usecases.sweep import sweep

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

LOCK: Final = ".lock"
"""A worker that runs keeps these in its work directory."""
SERVICES: Final = ("video-api", "video-worker", "upload-api", "upload-worker", "transcode-worker")
LATER: Final = (timedelta(hours=2), timedelta(hours=3))
"""What a sweep has deleted is confirmed by the next."""
UNFINISHED: Final[Mapping[str, str]] = {
    "open upload sessions": "upload.upload_sessions WHERE status NOT IN"
    " ('COMPLETED', 'FAILED', 'CANCELED')",
    "sessions not settled in the store": "upload.upload_sessions WHERE provider_settled_at IS NULL",
    "unfinished jobs": "transcode.jobs WHERE state IN ('QUEUED', 'RUNNING')",
    "leases": "transcode.jobs WHERE lease_owner IS NOT NULL",
    "running attempts": "transcode.job_attempts WHERE ended_at IS NULL",
    **{
        f"{fate} messages of {schema}": f"{schema}.outbox WHERE {condition}"
        for schema in ("video", "upload", "transcode")
        for fate, condition in {
            "undelivered": "delivered_at IS NULL AND dead_at IS NULL",
            "dead": "dead_at IS NOT NULL",
        }.items()
    },
}
SESSIONS: Final = """
SELECT application_name AS process, state FROM pg_stat_activity
 WHERE datname = 'reel' AND usename <> 'postgres' AND backend_type = 'client backend'
   AND (state = 'idle' OR state_change < now() - interval '5 seconds')
"""


async def unfinished(database: "asyncpg.Connection[asyncpg.Record]") -> dict[str, int]:
    """Return how many rows of each kind are not over; nothing for kinds without any."""
    counts = {
        what: await database.fetchval(f"SELECT count(*) FROM {rows}")  # noqa: S608  our own words
        for what, rows in UNFINISHED.items()
    }
    return {what: count for what, count in counts.items() if count}


async def database_sessions(
    database: "asyncpg.Connection[asyncpg.Record]",
) -> dict[str, Counter[str]]:
    """Return the connections of each process by what they do: `idle`, or something for 5 s."""
    found: dict[str, Counter[str]] = {}
    for row in await database.fetch(SESSIONS):
        found.setdefault(row["process"], Counter())[row["state"] or "none"] += 1
    return found


@asynccontextmanager
async def store(stack: RunningStack) -> AsyncGenerator["S3Client"]:
    """The store as the administrator sees it, past every proxy."""
    async with s3_client(s3_settings(stack.s3_url, stack.keys.s3_keys[ADMIN])) as client:
        yield client


async def open_uploads(client: "S3Client") -> list[str]:
    """Return the keys of multipart uploads that are neither joined nor aborted."""
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=BUCKET)
    return [upload.get("Key", "") async for page in pages for upload in page.get("Uploads", [])]


async def messages(stack: RunningStack) -> dict[str, int]:
    """Return how many messages each queue holds, hidden ones and dead letters included."""
    held: dict[str, int] = {}
    async with stack.sqs() as client:
        for name in [name for queue in QUEUES for name in (queue, dead_letters(queue))]:
            url = (await client.get_queue_url(QueueName=name))["QueueUrl"]
            answer: Any = await client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
            visible, hidden = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
            held[name] = int(answer["Attributes"][visible]) + int(answer["Attributes"][hidden])
    return {name: count for name, count in held.items() if count}


def descriptors(stack: RunningStack, database_port: int) -> dict[str, int]:
    """Return how many file descriptors each service process has open.

    Without the connections of its pool, which `database_sessions` tells: a pool keeps what its
    busiest moment needed for five minutes.
    """
    return {name: _descriptors(stack.pids[name], database_port) for name in SERVICES}


def _descriptors(pid: int, database_port: int) -> int:
    process = psutil.Process(pid)
    pooled = [
        one
        for one in process.net_connections("tcp")
        if one.raddr and one.raddr.port == database_port
    ]
    return process.num_fds() - len(pooled)


def encoders(stack: RunningStack) -> list[str]:
    """Return FFmpeg processes of this stack, and what its worker left in its work directory."""
    running = [
        one for one in processes_of(stack.layout.var) if "ffmpeg" in Path(one.split()[1]).name
    ]
    left = [path for path in stack.layout.work.rglob("*") if path.is_file()]
    return running + [str(path) for path in left if path.name != LOCK]


async def sweep_late(stack: RunningStack) -> None:
    """Do what upload-service's worker does once every period of grace is over, and do it now."""
    environment = psutil.Process(stack.pids["upload-worker"]).environ()
    names = {name: value for name, value in environment.items() if name.startswith("UPLOAD_")}
    settings = Settings.from_env(names)
    async with (
        bootstrap.database(settings, "late-sweep") as pool,
        bootstrap.clients(settings) as clients,
    ):
        deps = bootstrap.wire(settings, pool, clients).deps
        for later in LATER:
            await sweep(replace(deps, now=lambda by=later: utc_now() + by))
