"""What the fixtures of reel_testing promise."""

import asyncpg
import pytest

from reel_messaging.sqs import sqs_client
from reel_storage.client import s3_client
from reel_testing.infra import Infra
from reel_testing.plugin import NewBucket, NewDatabase, NewQueue


@pytest.mark.parametrize("service", ["video", "upload", "transcode"])
async def test_a_new_database_is_migrated_and_the_services_own(
    new_database: NewDatabase, service: str
) -> None:
    url = await new_database(service=service)

    connection = await asyncpg.connect(url, timeout=10)
    try:
        role = await connection.fetchval("SELECT current_user")
        schema = await connection.fetchval("SELECT current_schema()")
        tables = await connection.fetchval(
            "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"
        )
    finally:
        await connection.close()

    assert (role, schema) == (f"{service}_service", service)
    assert tables > 1


async def test_two_new_databases_share_nothing(new_database: NewDatabase) -> None:
    first, second = await new_database(service="video"), await new_database(service="video")

    assert first != second


async def test_a_new_queue_carries_a_message(infra: Infra, new_queue: NewQueue) -> None:
    urls = await new_queue()

    async with sqs_client(infra.sqs) as client:
        await client.send_message(QueueUrl=urls.url, MessageBody="hello")
        received = await client.receive_message(QueueUrl=urls.url, WaitTimeSeconds=5)

    assert [message.get("Body") for message in received.get("Messages", [])] == ["hello"]


async def test_a_new_bucket_takes_an_object_from_a_writing_service(
    infra: Infra, new_bucket: NewBucket
) -> None:
    bucket = await new_bucket()

    async with s3_client(infra.s3_as("upload-service")) as client:
        await client.put_object(Bucket=bucket, Key="a/b", Body=b"body")
        found = await client.head_object(Bucket=bucket, Key="a/b")

    assert found["ContentLength"] == 4
