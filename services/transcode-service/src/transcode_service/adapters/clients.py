"""The ways to the outside that a process holds open, and whether they lead there."""

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reel_db import health, pool
from reel_db.pool import Pool
from reel_http.health import Check
from reel_messaging.sqs import SqsSettings, queue_reachable, sqs_client
from reel_storage.client import S3Settings, bucket_reachable, s3_client
from transcode_service.adapters.find_ffmpeg import find_ffmpeg
from transcode_service.settings import Settings

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
async def open_clients(settings: Settings, application_name: str) -> AsyncGenerator[Clients]:
    """Find FFmpeg, and open a client of every server; they may still be away.

    Raises:
        FfmpegNotFound: no usable FFmpeg on this machine.
    """
    ffmpeg = await find_ffmpeg(Path(settings.ffmpeg) if settings.ffmpeg else None)
    async with (
        open_pool(settings, application_name) as pool_,
        s3_client(_s3(settings)) as s3,
        sqs_client(_sqs(settings)) as sqs,
    ):
        yield Clients(pool_, s3, sqs, ffmpeg)


def open_pool(settings: Settings, application_name: str) -> AbstractAsyncContextManager[Pool]:
    """Open a pool of the service's own connections."""
    return pool.connect(
        settings.database_url,
        max_size=settings.database_pool_max,
        application_name=application_name,
    )


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


def _s3(settings: Settings) -> S3Settings:
    return S3Settings(
        region=settings.aws_region,
        endpoint_url=settings.s3_endpoint_url,
        access_key_id=settings.s3_access_key_id,
        secret_access_key=settings.s3_secret_access_key,
    )


def _sqs(settings: Settings) -> SqsSettings:
    return SqsSettings(
        region=settings.aws_region,
        endpoint_url=settings.sqs_endpoint_url,
        access_key_id=settings.sqs_access_key_id,
        secret_access_key=settings.sqs_secret_access_key,
    )
