"""Sources in S3."""

from collections.abc import Generator, Sequence
from contextlib import aclosing, contextmanager

import structlog

from reel_kernel.checksums import Algorithm
from reel_kernel.effects import Effect
from reel_observability.effects import happened
from reel_storage import errors, multipart
from reel_storage.multipart import Checksums, S3Multipart
from reel_storage.objects import S3Objects
from upload_service.domain.errors import StoreUnavailable
from upload_service.domain.parts import Found, PartSums, StoredPart
from upload_service.domain.stored import OpenUpload, SignedPart, StoredSource
from upload_service.ports import PartsRejected, UploadGone

log = structlog.stdlib.get_logger(__name__)


class S3SourceStore:
    """`ports.SourceStore` over one bucket."""

    def __init__(self, multipart: S3Multipart, objects: S3Objects) -> None:
        self._multipart = multipart
        self._objects = objects

    async def create(self, key: str, mime: str, algorithm: Algorithm | None = None) -> str:
        with _in_terms_of_the_port():
            upload_id = await self._multipart.create(key, mime, algorithm)
        happened(Effect.MULTIPART_CREATED)
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
        with _in_terms_of_the_port():
            signed = await self._multipart.presign_part(
                key, upload_id, number, size_bytes, ttl_s, checksum
            )
        return SignedPart(url=signed.url, expires_at=signed.expires_at, headers=signed.headers)

    async def list_parts(self, key: str, upload_id: str) -> Sequence[StoredPart]:
        with _in_terms_of_the_port():
            parts = await self._multipart.list_parts(key, upload_id)
        return [
            StoredPart(
                number=part.number,
                etag=part.etag,
                size_bytes=part.size_bytes,
                checksum=part.checksum,
            )
            for part in parts
        ]

    async def complete(
        self, key: str, upload_id: str, parts: Sequence[StoredPart], sums: PartSums | None = None
    ) -> None:
        checksums = sums and Checksums(algorithm=sums.algorithm, parts=sums.parts, whole=sums.whole)
        with _in_terms_of_the_port():
            etags = [(part.number, part.etag) for part in parts]
            await self._multipart.complete(key, upload_id, etags, checksums)
        happened(Effect.PARTS_JOINED)

    async def abort(self, key: str, upload_id: str) -> None:
        with _in_terms_of_the_port():
            await self._multipart.abort(key, upload_id)
        happened(Effect.MULTIPART_ABORTED)

    async def list_uploads(self, prefix: str) -> Sequence[OpenUpload]:
        with _in_terms_of_the_port():
            return [_open(upload) async for upload in self._multipart.list_uploads(prefix)]

    async def some_uploads(self, prefix: str, *, after: str, limit: int) -> Sequence[OpenUpload]:
        found: list[OpenUpload] = []
        with _in_terms_of_the_port():
            async with aclosing(self._multipart.list_uploads(prefix, after=after)) as uploads:
                async for upload in uploads:
                    found.append(_open(upload))
                    if len(found) == limit:
                        break
        return found

    async def head(self, key: str, *, with_checksum: bool = False) -> StoredSource | None:
        with _in_terms_of_the_port():
            found = await self._objects.head(key, with_checksum=with_checksum)
        return found and StoredSource(
            size_bytes=found.size_bytes, etag=found.etag, checksum=found.checksum
        )

    async def read_head(self, key: str, length: int, etag: str) -> bytes:
        with _in_terms_of_the_port():
            return await self._objects.read_range(key, 0, length, etag)

    async def measure(self, prefix: str) -> Found:
        with _in_terms_of_the_port():
            sizes = [found.size_bytes async for found in self._objects.list_prefix(prefix)]
        return Found(objects=len(sizes), size_bytes=sum(sizes))

    async def delete(self, prefix: str) -> None:
        with _in_terms_of_the_port():
            await self._objects.delete_prefix(prefix)
        happened(Effect.SOURCE_DELETED)


def _open(upload: multipart.OpenUpload) -> OpenUpload:
    return OpenUpload(key=upload.key, upload_id=upload.upload_id, initiated_at=upload.initiated_at)


@contextmanager
def _in_terms_of_the_port() -> Generator[None]:
    try:
        yield
    except errors.UploadGone as error:
        raise UploadGone(str(error)) from error
    except errors.PartsRejected as error:
        raise PartsRejected(str(error)) from error
    except errors.StoreError as error:
        # What the store said is for operators; the client only learns that it may try again.
        log.warning("store_unavailable", error=repr(error))
        raise StoreUnavailable from error
