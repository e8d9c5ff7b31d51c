"""The ways to the outside that a process holds open, and whether they lead there."""

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reel_db import health
from reel_db.pool import Pool
from reel_http.health import Check
from reel_messaging.sqs import SqsSettings, queue_reachable, sqs_client
from reel_storage.client import S3Settings, bucket_reachable, s3_client
from transcode_service.adapters.find_ffmpeg import find_ffmpeg

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_sqs import SQSClient


@dataclass(frozen=True, slots=True)
class Clients:
    """Ways to the outside, open."""

    pool: Pool
    s3: "S3Client"
    sqs: "SQSClient"
    ffmpeg: Path


@asynccontextmanager
async def open_clients(
    database: AbstractAsyncContextManager[Pool],
    *,
    s3: S3Settings,
    sqs: SqsSettings,
    ffmpeg: Path | None,
) -> AsyncGenerator[Clients]:
    """Find FFmpeg, and open a client of every server; they may still be away.

    Raises:
        FfmpegNotFound: no usable FFmpeg on this machine.
    """
    program = await find_ffmpeg(ffmpeg)
    async with database as pool, s3_client(s3) as store, sqs_client(sqs) as queues:
        yield Clients(pool, store, queues, program)


def checks(clients: Clients, *, bucket: str, queues: Mapping[str, str]) -> Mapping[str, Check]:
    """Return the readiness checks; `queues` is name → URL."""
    return {
        "database": partial(health.ping, clients.pool),
        "store": partial(bucket_reachable, clients.s3, bucket),
        "ffmpeg": partial(_still_there, clients.ffmpeg),
        **{
            f"queue:{name}": partial(queue_reachable, clients.sqs, url)
            for name, url in queues.items()
        },
    }


async def _still_there(program: Path) -> None:
    if not os.access(program, os.X_OK):
        raise FileNotFoundError(program)
