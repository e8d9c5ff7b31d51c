import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from reel_kernel.clock import utc_now
from reel_storage.client import S3Settings, bucket_reachable, s3_client
from reel_storage.errors import (
    ObjectChanged,
    ObjectMissing,
    PartsRejected,
    SourceEndsEarly,
    StoreError,
    UploadGone,
)
from reel_storage.multipart import S3Multipart, StoredPart
from reel_storage.objects import S3Objects, StoredObject
from reel_testing.infra import Infra
from reel_testing.plugin import NewBucket

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

PART_BYTES = 5 * 1024 * 1024
FIRST, LAST = os.urandom(PART_BYTES), os.urandom(1234)
FOREVER = "public, max-age=31536000, immutable"


@pytest.fixture
async def client(infra: Infra) -> "AsyncIterator[S3Client]":
    async with s3_client(infra.s3) as client:
        yield client


@pytest.fixture
async def bucket(new_bucket: NewBucket) -> str:
    return await new_bucket()


@pytest.fixture
def multipart(client: "S3Client", bucket: str) -> S3Multipart:
    return S3Multipart(client, bucket)


@pytest.fixture
def objects(client: "S3Client", bucket: str) -> S3Objects:
    return S3Objects(client, bucket)


@pytest.fixture
def key() -> str:
    return f"videos/{uuid4()}/source.mov"


async def put_part(store: S3Multipart, key: str, upload_id: str, number: int, body: bytes) -> str:
    part = await store.presign_part(key, upload_id, number, len(body), 60)
    async with httpx.AsyncClient(timeout=30) as http:
        response = await http.put(part.url, content=body)
    assert response.status_code == 200, response.text
    return response.headers["etag"]


async def test_parts_put_by_url_become_the_object(
    multipart: S3Multipart, objects: S3Objects, key: str
) -> None:
    upload_id = await multipart.create(key, "video/quicktime")
    etags = [
        await put_part(multipart, key, upload_id, 1, FIRST),
        await put_part(multipart, key, upload_id, 2, LAST),
    ]

    parts = await multipart.list_parts(key, upload_id)
    await multipart.complete(key, upload_id, [(part.number, part.etag) for part in parts])

    assert parts == (
        StoredPart(1, hashlib.md5(FIRST).hexdigest(), PART_BYTES),  # noqa: S324 - what S3 calls an ETag
        StoredPart(2, hashlib.md5(LAST).hexdigest(), len(LAST)),  # noqa: S324 - as above
    )
    assert [etag.strip('"') for etag in etags] == [part.etag for part in parts]
    stored = await objects.head(key)
    assert stored is not None
    assert stored.size_bytes == PART_BYTES + len(LAST)
    assert await objects.read_range(key, PART_BYTES - 2, 10) == FIRST[-2:] + LAST[:8]


async def test_a_url_says_until_when_and_signs_the_length(multipart: S3Multipart, key: str) -> None:
    before = utc_now()

    part = await multipart.presign_part(key, "u1", 7, PART_BYTES, 900)

    query = parse_qs(urlsplit(part.url).query)
    assert "content-length" in query["X-Amz-SignedHeaders"][0].split(";")
    assert query["partNumber"] == ["7"]
    assert 895 <= (part.expires_at - before).total_seconds() <= 905


async def test_a_url_can_name_another_host(
    client: "S3Client", bucket: str, key: str, infra: Infra
) -> None:
    public = S3Settings(
        endpoint_url="https://media.example.com",
        access_key_id=infra.s3.access_key_id,
        secret_access_key=infra.s3.secret_access_key,
    )
    async with s3_client(public) as presign_client:
        part = await S3Multipart(client, bucket, presign_client).presign_part(key, "u1", 1, 5, 60)

    assert part.url.startswith(f"https://media.example.com/{bucket}/{key}?")


@pytest.mark.parametrize("difference", [-1, 1])
async def test_a_url_takes_its_length_and_no_other(
    multipart: S3Multipart, key: str, difference: int
) -> None:
    upload_id = await multipart.create(key, "video/mp4")
    part = await multipart.presign_part(key, upload_id, 1, 1000, 60)

    async with httpx.AsyncClient(timeout=30) as http:
        response = await http.put(part.url, content=b"x" * (1000 + difference))

    assert response.status_code == 403
    assert await multipart.list_parts(key, upload_id) == ()


async def test_a_wrong_part_is_rejected_and_the_upload_stays(
    multipart: S3Multipart, key: str
) -> None:
    upload_id = await multipart.create(key, "video/mp4")
    await put_part(multipart, key, upload_id, 1, LAST)

    with pytest.raises(PartsRejected):
        await multipart.complete(key, upload_id, [(1, "0" * 32)])

    assert len(await multipart.list_parts(key, upload_id)) == 1


async def test_completing_twice_leaves_one_whole_object(
    multipart: S3Multipart, objects: S3Objects, key: str
) -> None:
    upload_id = await multipart.create(key, "video/mp4")
    etag = await put_part(multipart, key, upload_id, 1, LAST)
    await multipart.complete(key, upload_id, [(1, etag)])

    with suppress(UploadGone):  # AWS says that it is gone, Swift repeats itself
        await multipart.complete(key, upload_id, [(1, etag)])

    assert await objects.read_range(key, 0, PART_BYTES) == LAST


async def test_aborting_twice_is_aborting_once(multipart: S3Multipart, key: str) -> None:
    upload_id = await multipart.create(key, "video/mp4")
    await put_part(multipart, key, upload_id, 1, LAST)

    await multipart.abort(key, upload_id)
    await multipart.abort(key, upload_id)

    with pytest.raises(UploadGone):
        await multipart.complete(key, upload_id, [(1, "0" * 32)])


async def test_open_uploads_can_be_found(multipart: S3Multipart, key: str) -> None:
    upload_id = await multipart.create(key, "video/mp4")
    await multipart.create(f"other/{key}", "video/mp4")

    found = [upload async for upload in multipart.list_uploads("videos/")]

    assert [(upload.key, upload.upload_id) for upload in found] == [(key, upload_id)]
    assert abs((utc_now() - found[0].initiated_at).total_seconds()) < 60


async def test_a_file_is_put_with_its_headers(
    objects: S3Objects, client: "S3Client", bucket: str, tmp_path: Path
) -> None:
    segment = tmp_path / "seg_00000.m4s"
    segment.write_bytes(FIRST)

    await objects.put_file("hls/seg_00000.m4s", segment, "video/iso.segment", FOREVER)

    answer = await client.head_object(Bucket=bucket, Key="hls/seg_00000.m4s")
    assert answer["ContentLength"] == PART_BYTES
    assert answer["ContentType"] == "video/iso.segment"
    assert answer["CacheControl"] == FOREVER
    assert await objects.read_range("hls/seg_00000.m4s", 0, PART_BYTES) == FIRST


async def test_bytes_are_put_and_read(objects: S3Objects) -> None:
    await objects.put_bytes("hls/master.m3u8", b"#EXTM3U", "application/vnd.apple.mpegurl", FOREVER)

    assert await objects.head("hls/master.m3u8") == StoredObject(
        "hls/master.m3u8",
        7,
        hashlib.md5(b"#EXTM3U").hexdigest(),  # noqa: S324 - what S3 calls an ETag
    )
    assert await objects.read_range("hls/master.m3u8", 4, 4096) == b"M3U"
    assert await objects.read_range("hls/master.m3u8", 100, 5) == b""


async def test_what_is_not_there_is_none_or_missing(objects: S3Objects) -> None:
    assert await objects.head("nothing") is None
    with pytest.raises(ObjectMissing):
        await objects.read_range("nothing", 0, 10)
    with pytest.raises(ObjectMissing):
        await anext(objects.stream("nothing", 0, 10, "e1"))
    await objects.delete("nothing")


async def test_reading_sticks_to_one_version_of_an_object(objects: S3Objects) -> None:
    await objects.put_bytes("k", b"first version", "text/plain", FOREVER)
    first = await objects.head("k")
    assert first is not None
    await objects.put_bytes("k", b"other version", "text/plain", FOREVER)

    with pytest.raises(ObjectChanged):
        await objects.read_range("k", 0, 5, first.etag)


async def test_a_part_tells_how_large_the_whole_is(objects: S3Objects) -> None:
    await objects.put_bytes("a", b"0123456789", "text/plain", FOREVER)

    assert await objects.read_part("a", 2, 3) == (b"234", 10)
    assert await objects.read_part("a", 8, 100) == (b"89", 10)
    with pytest.raises(SourceEndsEarly):
        await objects.read_part("a", 10, 1)
    with pytest.raises(ObjectMissing):
        await objects.read_part("b", 0, 1)


async def test_a_prefix_is_deleted_and_nothing_else(objects: S3Objects) -> None:
    for name in ("hls/a", "hls/b/c", "hlsx", "source.mov"):
        await objects.put_bytes(f"videos/1/{name}", b"x", "text/plain", FOREVER)

    assert await objects.delete_prefix("videos/1/hls/") == 2
    assert await objects.delete_prefix("videos/1/hls/") == 0

    left = [found.key async for found in objects.list_prefix("videos/1/")]
    assert left == ["videos/1/hlsx", "videos/1/source.mov"]
    with pytest.raises(ValueError, match="whole bucket"):
        await objects.delete_prefix("")


async def test_readiness_asks_the_bucket(client: "S3Client", bucket: str) -> None:
    await bucket_reachable(client, bucket)

    with pytest.raises(StoreError):
        await bucket_reachable(client, f"{bucket}-nowhere")
