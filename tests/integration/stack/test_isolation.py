"""A service reaches what is its own and nothing else."""

import asyncpg
import httpx
import pytest
from botocore.exceptions import ClientError

from reel_messaging.sqs import sqs_client
from reel_stack.databases import in_database
from reel_stack.queue import queue_url
from reel_storage.client import s3_client
from reel_testing.infra import Infra
from reel_testing.plugin import NewBucket, NewDatabase

FOREIGN = [("video", "upload"), ("upload", "transcode"), ("transcode", "video")]


@pytest.mark.parametrize(("service", "other"), FOREIGN)
async def test_a_role_cannot_read_another_services_schema(
    new_database: NewDatabase, service: str, other: str
) -> None:
    connection = await asyncpg.connect(await new_database(service=service), timeout=10)

    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch(f"SELECT * FROM {other}.outbox")  # noqa: S608  fixed names
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(f"CREATE TABLE {other}.mine (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("CREATE TABLE public.mine (id int)")
    finally:
        await connection.close()


async def test_a_role_cannot_enter_the_maintenance_database(new_database: NewDatabase) -> None:
    url = in_database(await new_database(service="video"), "postgres")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(url, timeout=10)


@pytest.fixture
async def bucket(infra: Infra, new_bucket: NewBucket) -> str:
    name = await new_bucket()
    async with s3_client(infra.s3) as client:
        await client.put_object(Bucket=name, Key="videos/v/source.mp4", Body=b"raw")
    return name


@pytest.mark.parametrize("path", ["", "/", "/videos/v/source.mp4"])
@pytest.mark.parametrize("account", ["", "/v1/AUTH_reel"])
async def test_an_unsigned_request_gets_nothing_from_the_bucket(
    infra: Infra, bucket: str, account: str, path: str
) -> None:
    async with httpx.AsyncClient(timeout=10) as http:
        answer = await http.get(f"{infra.s3.endpoint_url}{account}/{bucket}{path}")

    assert answer.is_client_error
    assert b"raw" not in answer.content


@pytest.mark.parametrize("reader", ["video-service", "cdn"])
async def test_a_reading_key_cannot_write(infra: Infra, bucket: str, reader: str) -> None:
    async with s3_client(infra.s3_as(reader)) as client:
        found = await client.head_object(Bucket=bucket, Key="videos/v/source.mp4")
        with pytest.raises(ClientError, match="AccessDenied"):
            await client.put_object(Bucket=bucket, Key="videos/v/hls/x", Body=b"x")
        with pytest.raises(ClientError, match="AccessDenied"):
            await client.delete_object(Bucket=bucket, Key="videos/v/source.mp4")

    assert found["ContentLength"] == 3


async def test_a_service_cannot_consume_a_queue_it_only_sends_to(infra: Infra) -> None:
    url = queue_url(infra.sqs.endpoint_url or "", "reel-transcode-jobs")

    async with sqs_client(infra.sqs_as("video-service")) as client:
        with pytest.raises(ClientError, match="AccessDenied"):
            await client.receive_message(QueueUrl=url)


async def test_a_service_cannot_touch_a_queue_of_another(infra: Infra) -> None:
    url = queue_url(infra.sqs.endpoint_url or "", "reel-transcode-jobs")

    async with sqs_client(infra.sqs_as("upload-service")) as client:
        with pytest.raises(ClientError, match="AccessDenied"):
            await client.send_message(QueueUrl=url, MessageBody="{}")
