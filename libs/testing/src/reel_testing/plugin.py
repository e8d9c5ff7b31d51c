"""Fixtures for tests that need servers or the whole stack; see each one's docstring."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import NamedTuple, Protocol
from uuid import uuid4

import pytest

from reel_messaging.sqs import sqs_client
from reel_stack import buckets, queue
from reel_stack.topology import dead_letters
from reel_storage.client import s3_client
from reel_testing import providers
from reel_testing.crash.orders import LAUNCHER
from reel_testing.infra import Infra
from reel_testing.stack import RunningStack, running
from reel_testing.templates import Databases


class QueueUrls(NamedTuple):
    """A queue and where its messages go after ten failed receives."""

    url: str
    dlq_url: str


class NewDatabase(Protocol):
    """Makes a database for one test."""

    async def __call__(self, service: str) -> str:
        """The address of a fresh, migrated database, as the service's own role."""
        ...


class NewQueue(Protocol):
    """Makes a queue for one test."""

    async def __call__(self) -> QueueUrls:
        """A fresh queue with its dead-letter queue; reach it with the keys of `infra.sqs`."""
        ...


class NewBucket(Protocol):
    """Makes a bucket for one test."""

    async def __call__(self) -> str:
        """The name of a fresh bucket, on which the services' keys have their usual rights."""
        ...


@pytest.fixture(scope="session")
async def infra() -> AsyncGenerator[Infra]:
    """PostgreSQL, object store and queues, started once a session and gone after it."""
    async with providers.provider() as provided:
        yield provided


@pytest.fixture(scope="session")
def database_templates(infra: Infra, tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """The migrated templates that `new_database` copies."""
    return Databases(infra, tmp_path_factory.mktemp("migrations"))


@pytest.fixture
async def new_database(database_templates: Databases) -> AsyncGenerator[NewDatabase]:
    """Make databases of the test's own; they are dropped after it."""
    async with AsyncExitStack() as undo:

        async def create(service: str) -> str:
            name, url = await database_templates.create(service)
            undo.push_async_callback(database_templates.drop, name)
            return url

        yield create


@pytest.fixture
async def new_queue(infra: Infra) -> AsyncGenerator[NewQueue]:
    """Make queues of the test's own; they are deleted after it."""
    async with sqs_client(infra.sqs) as client, AsyncExitStack() as undo:

        async def create() -> QueueUrls:
            name = f"test-{uuid4().hex}"
            url = await queue.create_queue(client, name)
            found = await client.get_queue_url(QueueName=dead_letters(name))
            urls = QueueUrls(url, found["QueueUrl"])
            for each in urls:
                undo.push_async_callback(client.delete_queue, QueueUrl=each)
            return urls

        yield create


@pytest.fixture
async def new_bucket(infra: Infra) -> AsyncGenerator[NewBucket]:
    """Make buckets of the test's own; they are deleted with their contents after it."""
    async with s3_client(infra.s3) as client, AsyncExitStack() as undo:

        async def create() -> str:
            name = f"test-{uuid4().hex}"
            await buckets.create_bucket(client, name)
            await infra.grant(name)
            undo.push_async_callback(buckets.delete_bucket, client, name)
            return name

        yield create


@pytest.fixture(scope="session")
async def stack() -> AsyncGenerator[RunningStack]:
    """Everything, gateway and CDN included, on a state directory of its own.

    Its services take orders to die (`reel_testing.crash`); nobody else notices.
    """
    async with running(launcher=LAUNCHER) as started:
        yield started
