"""The S3 client."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import aioboto3
from aiobotocore.config import AioConfig
from botocore.handlers import add_expect_header

from reel_storage.errors import store_errors

if TYPE_CHECKING:  # the stubs are no run-time dependency
    from types_aiobotocore_s3 import S3Client

CONNECT_TIMEOUT_S: Final = 5
READ_TIMEOUT_S: Final = 30
"""Longest silence on a connection that is being read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Settings:
    """Where S3 is; no endpoint means AWS, no keys mean AWS's default credential chain."""

    region: str = "us-east-1"
    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)


@asynccontextmanager
async def s3_client(settings: S3Settings) -> "AsyncGenerator[S3Client]":
    """Open a client: 5 s to connect, 30 s of silence at most, four retries with jitter.

    A given endpoint is addressed path-style, and no checksum is sent that S3 does not ask for:
    other implementations of S3 refuse botocore's newer trailers.
    """
    config = AioConfig(
        signature_version="s3v4",
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": 5},
        max_pool_connections=50,
        tcp_keepalive=True,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if settings.endpoint_url else "auto"},
    )
    session = aioboto3.Session(
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=settings.secret_access_key,
        region_name=settings.region,
    )
    async with session.client(  # pyright: ignore[reportUnknownMemberType] - stubs are of S3, SQS
        "s3", endpoint_url=settings.endpoint_url, config=config
    ) as client:
        # Waiting for "100 Continue" has no time limit in aiohttp: a silent store would hang us.
        client.meta.events.unregister("before-call.s3", add_expect_header)
        yield client


async def bucket_reachable(client: "S3Client", bucket: str) -> None:
    """Ask whether the bucket is there, for a readiness check.

    Raises:
        StoreError: it is not, or the store cannot be asked.
    """
    with store_errors(f"head bucket {bucket}"):
        await client.head_bucket(Bucket=bucket)
