"""Private buckets, provisioned through the S3 API."""

from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from reel_stack.keys import AccessKey
from reel_stack.topology import REGION

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

CONFIG: Final = AioConfig(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 4},
    signature_version="s3v4",
    s3={"addressing_style": "path"},
)
NOT_IMPLEMENTED: Final = "NotImplemented"
EXISTS: Final = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})


@asynccontextmanager
async def s3_client(endpoint_url: str, key: AccessKey) -> AsyncGenerator["S3Client"]:
    """An S3 client with time limits and bounded retries."""
    async with get_session().create_client(
        "s3",
        endpoint_url=endpoint_url,
        region_name=REGION,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        config=CONFIG,
    ) as client:
        yield client


async def create_bucket(client: "S3Client", bucket: str) -> None:
    """Make a bucket that is private and open to browsers' part uploads.

    A store that does not know one of these settings (501) has it in its own configuration.
    """
    await _tolerating(EXISTS, client.create_bucket(Bucket=bucket))
    unknown = frozenset({NOT_IMPLEMENTED})
    await _tolerating(
        unknown,
        client.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        ),
    )
    await _tolerating(
        unknown,
        client.put_bucket_cors(
            Bucket=bucket,
            CORSConfiguration={
                "CORSRules": [
                    {
                        "AllowedMethods": ["PUT"],
                        "AllowedOrigins": ["*"],
                        "AllowedHeaders": ["*"],
                        "ExposeHeaders": ["ETag"],
                    }
                ]
            },
        ),
    )


async def delete_bucket(client: "S3Client", bucket: str) -> None:
    """Delete a bucket with everything in it, uploads in progress included."""
    uploads = client.get_paginator("list_multipart_uploads")
    async for page in uploads.paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            await client.abort_multipart_upload(
                Bucket=bucket, Key=upload.get("Key", ""), UploadId=upload.get("UploadId", "")
            )
    objects = client.get_paginator("list_objects_v2")
    async for page in objects.paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            await client.delete_object(Bucket=bucket, Key=entry.get("Key", ""))
    await client.delete_bucket(Bucket=bucket)


async def _tolerating(codes: frozenset[str], call: Awaitable[object]) -> None:
    try:
        await call
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") not in codes:
            raise
