"""The SQS client."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:  # the stubs are no run-time dependency
    from types_aiobotocore_sqs import SQSClient

MAX_WAIT_S: Final = 20
"""Longest long poll that SQS offers."""
SQS_ERRORS: Final = (BotoCoreError, ClientError, OSError, TimeoutError)
"""Everything a call to SQS raises when the queue cannot or will not do it."""

_CONFIG: Final = AioConfig(
    connect_timeout=3,
    read_timeout=MAX_WAIT_S + 10,  # a long poll is no failure
    retries={"mode": "standard", "total_max_attempts": 3},
    max_pool_connections=50,
    tcp_keepalive=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqsSettings:
    """Where SQS is; no endpoint means AWS, no keys mean AWS's default credential chain."""

    region: str = "us-east-1"
    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)


@asynccontextmanager
async def sqs_client(settings: SqsSettings) -> "AsyncGenerator[SQSClient]":
    """Open a client: 3 s to connect, 30 s to answer, two retries with jitter."""
    async with get_session().create_client(
        "sqs",
        region_name=settings.region,
        endpoint_url=settings.endpoint_url,
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=settings.secret_access_key,
        config=_CONFIG,
    ) as client:
        yield client


async def queue_reachable(client: "SQSClient", url: str) -> None:
    """Ask for one attribute of the queue.

    Raises:
        Exception: one of `SQS_ERRORS`, when it cannot be asked or does not exist.
    """
    await client.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
