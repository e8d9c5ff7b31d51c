"""S3 multipart uploads, whose parts a client PUTs by pre-signed URL."""

from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from reel_kernel.checksums import Algorithm, header_of, is_full_object
from reel_storage.errors import ObjectMissing, UploadGone, store_errors

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import CompletedPartTypeDef

AMZ_DATE: Final = "%Y%m%dT%H%M%SZ"
CHECKSUMS: Final = {algorithm: f"Checksum{algorithm}" for algorithm in Algorithm}
"""Members of S3's messages."""


@dataclass(frozen=True, slots=True)
class StoredPart:
    """A part as the store has it; `etag` without quotes, `checksum` if the store tells one."""

    number: int
    etag: str
    size_bytes: int
    checksum: str | None = None


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """A multipart upload that is neither completed nor aborted."""

    key: str
    upload_id: str
    initiated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksums:
    """What an upload was checked by: each part's checksum by its number, and the whole's."""

    algorithm: Algorithm
    parts: Mapping[int, str]
    whole: str


@dataclass(frozen=True, slots=True)
class PresignedPart:
    """Whoever holds `url` may PUT this part, of this length, until `expires_at`.

    `headers` are signed as well, and have to be sent.
    """

    url: str
    expires_at: datetime
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class S3Multipart:
    """Multipart uploads of one bucket.

    Args:
        client: From `s3_client`.
        bucket: Name of the bucket.
        presign_client: Client whose endpoint goes into pre-signed URLs, where the public address
            differs from ours.
    """

    def __init__(
        self, client: "S3Client", bucket: str, presign_client: "S3Client | None" = None
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._presign_client = presign_client or client

    async def create(self, key: str, mime: str, algorithm: Algorithm | None = None) -> str:
        """Open an upload and return the store's id of it; `algorithm` checks every part.

        Raises:
            StoreUnavailable: try again later.
        """
        with store_errors(f"create upload of {key}"):
            answer = await self._client.create_multipart_upload(
                Bucket=self._bucket, Key=key, ContentType=mime, **_checked_by(algorithm)
            )
        return answer["UploadId"]

    async def presign_part(  # noqa: PLR0917 - what S3 signs
        self,
        key: str,
        upload_id: str,
        part_number: int,
        size_bytes: int,
        ttl_s: int,
        checksum: tuple[Algorithm, str] | None = None,
    ) -> PresignedPart:
        """Sign a URL for one part; no call to the store.

        `Content-Length` is among the signed headers, so the store refuses a longer or shorter body;
        a checksum is, too, so it refuses other bytes.
        """
        extra: Any = {CHECKSUMS[checksum[0]]: checksum[1]} if checksum else {}
        url = await self._presign_client.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "UploadId": upload_id,
                "PartNumber": part_number,
                "ContentLength": size_bytes,
                **extra,
            },
            ExpiresIn=ttl_s,
        )
        headers = {header_of(checksum[0]): checksum[1]} if checksum else {}
        return PresignedPart(url, _expiry(url), headers)

    async def list_parts(self, key: str, upload_id: str) -> tuple[StoredPart, ...]:
        """Return every part the store has, by ascending number.

        Raises:
            UploadGone: no such upload.
            StoreUnavailable: try again later.
        """
        pages = self._client.get_paginator("list_parts").paginate(
            Bucket=self._bucket, Key=key, UploadId=upload_id
        )
        with _upload_errors(f"list parts of {key}"):
            return tuple(
                [
                    StoredPart(
                        part.get("PartNumber", 0),
                        unquoted(part.get("ETag", "")),
                        part.get("Size", 0),
                        checksum_in(part),
                    )
                    async for page in pages
                    for part in page.get("Parts", [])
                ]
            )

    async def complete(
        self,
        key: str,
        upload_id: str,
        parts: Iterable[tuple[int, str]],
        checksums: Checksums | None = None,
    ) -> None:
        """Join parts, given as (number, etag) in ascending order, into the object.

        With `checksums` the store compares those as well.

        Raises:
            UploadGone: no such upload, maybe because an earlier call succeeded (AWS; Swift just
                succeeds again).
            PartsRejected: a part is missing, has another ETag, or is small and not the last.
            StoreUnavailable: the outcome is not known; try again.
        """
        completed = [_completed(number, etag, checksums) for number, etag in parts]
        with _upload_errors(f"complete upload of {key}"):
            await self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload_id,
                MultipartUpload={"Parts": completed},
                **_whole(checksums),
            )

    async def abort(self, key: str, upload_id: str) -> None:
        """Give the upload up and free its parts; nothing happens when it is gone already.

        Raises:
            StoreUnavailable: try again later.
        """
        try:
            with _upload_errors(f"abort upload of {key}"):
                await self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=key, UploadId=upload_id
                )
        except UploadGone:
            return

    async def list_uploads(self, prefix: str, *, after: str = "") -> AsyncGenerator[OpenUpload]:
        """Yield the open uploads whose key starts with `prefix` and comes behind `after`.

        Raises:
            StoreUnavailable: try again later.
        """
        start: Any = {"KeyMarker": after}  # S3 takes it, the stubs of the paginator do not
        pages = self._client.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._bucket, Prefix=prefix, **start
        )
        with store_errors(f"list uploads of {prefix}"):
            async for page in pages:
                for upload in page.get("Uploads", []):
                    yield OpenUpload(
                        upload.get("Key", ""),
                        upload.get("UploadId", ""),
                        upload.get("Initiated", datetime.min.replace(tzinfo=UTC)),
                    )


def _checked_by(algorithm: Algorithm | None) -> Any:  # noqa: ANN401 - keywords of a call
    if algorithm is None:
        return {}
    kind = "FULL_OBJECT" if is_full_object(algorithm) else "COMPOSITE"
    return {"ChecksumAlgorithm": str(algorithm), "ChecksumType": kind}


def _whole(checksums: Checksums | None) -> Any:  # noqa: ANN401 - keywords of a call
    if checksums is None or not is_full_object(checksums.algorithm):
        return {}  # S3 makes the hash of the parts' hashes itself
    return {CHECKSUMS[checksums.algorithm]: checksums.whole, "ChecksumType": "FULL_OBJECT"}


def _completed(number: int, etag: str, checksums: Checksums | None) -> "CompletedPartTypeDef":
    part: Any = {"PartNumber": number, "ETag": f'"{unquoted(etag)}"'}
    if checksums:
        part[CHECKSUMS[checksums.algorithm]] = checksums.parts[number]
    return part


def checksum_in(answer: Mapping[str, Any]) -> str | None:
    """Return the checksum that an answer of S3 holds, of whichever algorithm."""
    return next((answer[name] for name in CHECKSUMS.values() if answer.get(name)), None)


@contextmanager
def _upload_errors(what: str) -> Generator[None]:
    # Swift answers NoSuchKey, not NoSuchUpload, for an upload that was completed before.
    try:
        with store_errors(what):
            yield
    except ObjectMissing as error:
        raise UploadGone(str(error)) from error


def unquoted(etag: str) -> str:
    """Return an entity tag without the quotes that HTTP puts around it."""
    return etag.strip('"')


def _expiry(url: str) -> datetime:
    # The signature counts from its own X-Amz-Date, so this is the very instant the store uses.
    query = parse_qs(urlsplit(url).query)
    signed_at = datetime.strptime(query["X-Amz-Date"][0], AMZ_DATE).replace(tzinfo=UTC)
    return signed_at + timedelta(seconds=int(query["X-Amz-Expires"][0]))
