from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest

from reel_stack import buckets, queue
from reel_stack.topology import dead_letters
from reel_storage.client import s3_client
from reel_testing.infra import Infra
from reel_testing.plugin import NewDatabase
from reel_testing.tokens import TokenIssuer
from reel_testing.upload.agent import Agent
from reel_testing.upload.service import Servers, UploadSystem, server_settings, upload_system
from reel_testing.upload.video_double import VideoServiceDouble, video_service_double
from upload_service.bootstrap import clients


@pytest.fixture(scope="session")
async def bucket(infra: Infra) -> AsyncGenerator[str]:
    """One for all tests here: every one of them has videos of its own."""
    name = f"upload-{uuid4().hex}"
    async with s3_client(infra.s3) as client:
        await buckets.create_bucket(client, name)
        await infra.grant(name)
        yield name
        await buckets.delete_bucket(client, name)


@pytest.fixture(scope="session")
async def servers(infra: Infra, bucket: str) -> AsyncGenerator[Servers]:
    tokens = TokenIssuer()
    settings = server_settings(infra, bucket=bucket, tokens=tokens)
    async with clients(settings) as opened:
        yield Servers(settings=settings, clients=opened, tokens=tokens)


@pytest.fixture
async def videos() -> AsyncGenerator[VideoServiceDouble]:
    async with video_service_double() as double:
        yield double


@pytest.fixture
async def queue_url(servers: Servers) -> AsyncGenerator[str]:
    """One a test: a long poll that a test gives up may still take the next one's message."""
    sqs, name = servers.clients.sqs, f"upload-{uuid4().hex}"
    url = await queue.create_queue(sqs, name)
    yield url
    await sqs.delete_queue(QueueUrl=url)
    dead = await sqs.get_queue_url(QueueName=dead_letters(name))
    await sqs.delete_queue(QueueUrl=dead["QueueUrl"])


@pytest.fixture
async def system(
    servers: Servers, new_database: NewDatabase, queue_url: str, videos: VideoServiceDouble
) -> AsyncGenerator[UploadSystem]:
    url = await new_database("upload")
    async with upload_system(
        servers, database_url=url, queue_url=queue_url, videos=videos, owner_id=uuid4()
    ) as system:
        yield system


@pytest.fixture
def agent(system: UploadSystem) -> Agent:
    return system.agent
