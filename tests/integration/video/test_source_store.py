"""Asking S3 for a source, with the key that video-service has."""

from dataclasses import replace

import pytest

from reel_storage.client import s3_client
from reel_storage.objects import S3Objects
from reel_testing.infra import Infra
from reel_testing.plugin import NewBucket
from video_service.adapters.source_store import S3SourceStore
from video_service.domain.errors import SourceStoreUnavailable

KEY = "videos/7/source.mp4"


async def test_a_source_is_there_or_it_is_not(infra: Infra, new_bucket: NewBucket) -> None:
    bucket = await new_bucket()
    async with s3_client(infra.s3) as admin:
        await admin.put_object(Bucket=bucket, Key=KEY, Body=b"film")

    async with s3_client(infra.s3_as("video-service")) as client:
        store = S3SourceStore(S3Objects(client, bucket))

        assert await store.exists(KEY)
        assert not await store.exists("videos/8/source.mp4")


async def test_a_refusal_is_not_taken_for_an_absence(infra: Infra, new_bucket: NewBucket) -> None:
    bucket = await new_bucket()
    stranger = replace(infra.s3, access_key_id="nobody")

    async with s3_client(stranger) as client:
        with pytest.raises(SourceStoreUnavailable):
            await S3SourceStore(S3Objects(client, bucket)).exists(KEY)
