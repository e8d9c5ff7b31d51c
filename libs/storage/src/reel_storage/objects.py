"""Objects of one bucket."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reel_storage.errors import ObjectMissing, StoreUnavailable, store_errors
from reel_storage.multipart import checksum_in, unquoted
from reel_storage.ranged import RangedRead, ReadPolicy

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

CHUNK_BYTES: Final = 256 * 1024
PUT_WITHIN_S: Final = 180.0
"""For one PUT with its repeats: the client's own time limits do not cover sending."""
DELETE_BATCH: Final = 1000
"""S3's limit for one DeleteObjects."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as the store has it; `etag` without quotes."""

    key: str
    size_bytes: int
    etag: str
    checksum: str | None = None
    """Base64, where it was asked for and the store keeps one."""


class S3Objects:
    """Reads and writes objects.

    Args:
        client: From `s3_client`.
        bucket: Name of the bucket.
        policy: How long an interrupted read is taken up again.
        put_within_s: Longest time for one PUT, in seconds.
    """

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        policy: ReadPolicy | None = None,
        *,
        put_within_s: float = PUT_WITHIN_S,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._policy = policy or ReadPolicy()
        self._put_within_s = put_within_s

    async def head(self, key: str, *, with_checksum: bool = False) -> StoredObject | None:
        """Return what the store has under `key`; None when nothing.

        Raises:
            StoreUnavailable: try again later.
        """
        extra: Any = {"ChecksumMode": "ENABLED"} if with_checksum else {}
        try:
            with store_errors(f"head {key}"):
                answer = await self._client.head_object(Bucket=self._bucket, Key=key, **extra)
        except ObjectMissing:
            return None
        etag, checksum = unquoted(answer["ETag"]), checksum_in(answer)
        return StoredObject(key, answer["ContentLength"], etag, checksum)

    def stream(
        self, key: str, start: int, end: int, etag: str, chunk_bytes: int = CHUNK_BYTES
    ) -> AsyncGenerator[bytes]:
        """Read bytes `start` up to (not including) `end`: see `RangedRead.stream`.

        Whoever stops early closes the generator (`contextlib.aclosing`), and so the connection.
        """
        return RangedRead(
            client=self._client,
            bucket=self._bucket,
            key=key,
            start=start,
            end=end,
            etag=unquoted(etag),
            chunk_bytes=chunk_bytes,
            policy=self._policy,
        ).stream()

    async def read_range(self, key: str, start: int, length: int, etag: str | None = None) -> bytes:
        """Return up to `length` bytes from `start`; fewer only where the object ends.

        Args:
            key: The object.
            start: First byte, from 0.
            length: Most bytes; all of them are held in memory.
            etag: The object must still be this one; by default, whichever is there now.

        Raises:
            ObjectMissing: no such object.
            ObjectChanged: it is, or became, another.
            StoreUnavailable: try again later.
        """
        found = await self.head(key)
        if found is None:
            raise ObjectMissing(f"read {key}")
        end = min(start + length, found.size_bytes)
        async with aclosing(self.stream(key, start, end, etag or found.etag)) as chunks:
            return b"".join([chunk async for chunk in chunks])

    async def read_part(self, key: str, start: int, length: int) -> tuple[bytes, int]:
        """Return up to `length` bytes from `start`, and the size of the whole object.

        One request, retried by the client alone: for small pieces, all held in memory.

        Raises:
            ObjectMissing: no such object.
            SourceEndsEarly: it ends before `start`.
            StoreUnavailable: try again later.
        """
        with store_errors(f"read {key}"):
            answer = await self._client.get_object(
                Bucket=self._bucket, Key=key, Range=f"bytes={start}-{start + length - 1}"
            )
            async with answer["Body"] as body:
                data = await body.read()
        total = answer.get("ContentRange", "").rpartition("/")[2]
        if not total.isdigit():
            raise StoreUnavailable(f"read {key}: no range in the answer")
        return data, int(total)

    async def put_file(self, key: str, path: Path, content_type: str, cache_control: str) -> None:
        """Upload a file in one PUT, read from disk as it is sent.

        Raises:
            StoreUnavailable: after the client's own retries, each from the file's first byte, or
                when the time is over.
            OSError: the file cannot be read.
        """
        file = await asyncio.to_thread(path.open, "rb")
        size_bytes = os.fstat(file.fileno()).st_size
        try:
            with store_errors(f"put {key}"):
                async with asyncio.timeout(self._put_within_s):
                    await self._client.put_object(
                        Bucket=self._bucket,
                        Key=key,
                        Body=file,
                        ContentLength=size_bytes,
                        ContentType=content_type,
                        CacheControl=cache_control,
                    )
        finally:
            await asyncio.to_thread(file.close)

    async def put_bytes(self, key: str, body: bytes, content_type: str, cache_control: str) -> None:
        """Upload a small object.

        Raises:
            StoreUnavailable: after the client's own retries, or when the time is over.
        """
        with store_errors(f"put {key}"):
            async with asyncio.timeout(self._put_within_s):
                await self._client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=BytesIO(body),
                    ContentType=content_type,
                    CacheControl=cache_control,
                )

    async def delete(self, key: str) -> None:
        """Delete one object; nothing happens when there is none.

        Raises:
            StoreUnavailable: try again later.
        """
        try:
            with store_errors(f"delete {key}"):
                await self._client.delete_object(Bucket=self._bucket, Key=key)
        except ObjectMissing:
            return

    async def list_prefix(self, prefix: str) -> AsyncIterator[StoredObject]:
        """Yield the objects whose key starts with `prefix`, in the order of their keys.

        Raises:
            StoreUnavailable: try again later.
        """
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        with store_errors(f"list {prefix}"):
            async for page in pages:
                for found in page.get("Contents", []):
                    etag = unquoted(found.get("ETag", ""))
                    yield StoredObject(found.get("Key", ""), found.get("Size", 0), etag)

    async def delete_prefix(self, prefix: str) -> int:
        """Delete every object whose key starts with `prefix`; return how many there were.

        Safe to repeat after a failure.

        Raises:
            ValueError: the prefix is empty, which would be the whole bucket.
            StoreUnavailable: some are left; try again later.
        """
        if not prefix:
            raise ValueError("An empty prefix names the whole bucket")
        keys = [found.key async for found in self.list_prefix(prefix)]
        for first in range(0, len(keys), DELETE_BATCH):
            await self._delete_batch(keys[first : first + DELETE_BATCH])
        return len(keys)

    async def _delete_batch(self, keys: list[str]) -> None:
        with store_errors("delete objects"):
            answer = await self._client.delete_objects(
                Bucket=self._bucket,
                Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
            )
        if errors := answer.get("Errors", []):
            raise StoreUnavailable(f"delete objects: {len(errors)} refused, first {errors[0]}")
