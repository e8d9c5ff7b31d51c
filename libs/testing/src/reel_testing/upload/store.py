"""upload-service's object store in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import md5
from uuid import uuid4

from reel_kernel.checksums import Algorithm, header_of, joined_etag
from reel_kernel.clock import Clock
from reel_testing.upload.builders import NOON
from reel_testing.upload.database import FakeDatabase
from upload_service.domain.errors import StoreUnavailable
from upload_service.domain.parts import Found, PartSums, StoredPart
from upload_service.domain.stored import OpenUpload, SignedPart, StoredSource
from upload_service.ports import PartsRejected, UploadGone

Interruption = Callable[[], Awaitable[None]]


@dataclass
class FakeStore:
    """`ports.SourceStore`; `down` refuses everything, `on_*` run inside the call they name.

    `checksums` are those it tells of parts by number, `whole` that of every object; `sums` came
    with the last completion.
    """

    database: FakeDatabase
    uploads: dict[str, tuple[str, dict[int, bytes]]] = field(
        default_factory=dict[str, tuple[str, dict[int, bytes]]]
    )
    objects: dict[str, bytes] = field(default_factory=dict[str, bytes])
    etags: dict[str, str] = field(default_factory=dict[str, str])
    initiated: dict[str, datetime] = field(default_factory=dict[str, datetime])
    checksums: dict[int, str] = field(default_factory=dict[int, str])
    whole: str | None = None
    sums: PartSums | None = None
    clock: Clock = field(default=lambda: NOON)
    down: bool = False
    on_create: Interruption | None = None
    on_complete: Interruption | None = None

    def put(self, upload_id: str, number: int, body: bytes) -> str:
        """Store a part as a client's PUT would; return its ETag."""
        self.uploads[upload_id][1][number] = body
        return _etag(body)

    async def create(self, key: str, mime: str, algorithm: Algorithm | None = None) -> str:
        await self._answer(f"{mime} {algorithm}")
        upload_id = f"upload-{len(self.uploads) + 1}-{uuid4().hex[:6]}"
        self.uploads[upload_id] = (key, {})
        self.initiated[upload_id] = self.clock()
        if self.on_create:
            await self.on_create()
        return upload_id

    async def sign_part(
        self,
        key: str,
        upload_id: str,
        *,
        number: int,
        size_bytes: int,
        ttl_s: int,
        checksum: tuple[Algorithm, str] | None = None,
    ) -> SignedPart:
        url = f"https://store/{key}?upload={upload_id}&part={number}&length={size_bytes}"
        headers = {header_of(checksum[0]): checksum[1]} if checksum else {}
        return SignedPart(url=url, expires_at=NOON + timedelta(seconds=ttl_s), headers=headers)

    async def list_parts(self, key: str, upload_id: str) -> Sequence[StoredPart]:
        parts = await self._parts(key, upload_id)
        return [
            StoredPart(
                number=number,
                etag=_etag(body),
                size_bytes=len(body),
                checksum=self.checksums.get(number),
            )
            for number, body in sorted(parts.items())
        ]

    async def complete(
        self, key: str, upload_id: str, parts: Sequence[StoredPart], sums: PartSums | None = None
    ) -> None:
        stored = await self._parts(key, upload_id)
        if any(_etag(stored.get(part.number, b"")) != part.etag for part in parts):
            raise PartsRejected
        self.objects[key] = b"".join(stored[part.number] for part in parts)
        self.etags[key] = joined_etag([part.etag for part in parts])
        self.sums = sums
        del self.uploads[upload_id]
        if self.on_complete:
            await self.on_complete()

    async def abort(self, key: str, upload_id: str) -> None:
        await self._answer(key)
        self.uploads.pop(upload_id, None)

    async def list_uploads(self, prefix: str) -> Sequence[OpenUpload]:
        await self._answer(prefix)
        return [
            OpenUpload(
                key=key, upload_id=upload_id, initiated_at=self.initiated.get(upload_id, NOON)
            )
            for upload_id, (key, _) in self.uploads.items()
            if key.startswith(prefix)
        ]

    async def some_uploads(self, prefix: str, *, after: str, limit: int) -> Sequence[OpenUpload]:
        uploads = sorted(await self.list_uploads(prefix), key=lambda upload: upload.key)
        return [upload for upload in uploads if upload.key > after][:limit]

    async def head(self, key: str, *, with_checksum: bool = False) -> StoredSource | None:
        await self._answer(key)
        body = self.objects.get(key)
        if body is None:
            return None
        etag, whole = self.etags.get(key) or _etag(body), self.whole if with_checksum else None
        return StoredSource(size_bytes=len(body), etag=etag, checksum=whole)

    async def read_head(self, key: str, length: int, etag: str) -> bytes:
        await self._answer(etag)
        return self.objects[key][:length]

    async def measure(self, prefix: str) -> Found:
        await self._answer(prefix)
        sizes = [len(body) for key, body in self.objects.items() if key.startswith(prefix)]
        return Found(objects=len(sizes), size_bytes=sum(sizes))

    async def delete(self, prefix: str) -> None:
        await self._answer(prefix)
        self.objects = {k: body for k, body in self.objects.items() if not k.startswith(prefix)}

    async def _parts(self, key: str, upload_id: str) -> dict[int, bytes]:
        await self._answer(key)
        if upload_id not in self.uploads:
            raise UploadGone
        return self.uploads[upload_id][1]

    async def _answer(self, _what: str) -> None:
        self.database.refuse_inside_a_transaction()
        await asyncio.sleep(0)  # the network: other tasks get their turn
        if self.down:
            raise StoreUnavailable


def _etag(body: bytes) -> str:
    return md5(body, usedforsecurity=False).hexdigest()
