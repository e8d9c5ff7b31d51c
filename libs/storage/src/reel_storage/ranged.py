"""Reading a byte range to its end, whatever happens to the connection."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from random import SystemRandom
from typing import TYPE_CHECKING, Final

import structlog
from botocore.exceptions import ClientError

from reel_storage.errors import (
    TRANSPORT_ERRORS,
    ObjectChanged,
    SourceEndsEarly,
    StoreUnavailable,
    is_passing,
    store_error,
)
from reel_storage.multipart import unquoted

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_s3.type_defs import GetObjectOutputTypeDef

Uniform = Callable[[float, float], float]
_UNIFORM: Final[Uniform] = SystemRandom().uniform

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPolicy:
    """How long to insist.

    `max_failures` counts failures in a row: any byte received starts the count afresh. The wait
    after failure n is uniform in [0, min(`max_s`, `base_s` x 2^(n-1))].
    """

    max_failures: int = 8
    base_s: float = 0.2
    max_s: float = 10
    uniform: Uniform = _UNIFORM

    def delay_s(self, failures: int) -> float:
        return self.uniform(0, min(self.max_s, self.base_s * 2 ** (failures - 1)))


class EndOfBody(Exception):
    """A body ended in good order, but before the range did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RangedRead:
    """Bytes `start` up to (not including) `end` of one object, with entity tag `etag`."""

    client: "S3Client"
    bucket: str
    key: str
    start: int
    end: int
    etag: str
    chunk_bytes: int
    policy: ReadPolicy

    async def stream(self) -> AsyncGenerator[bytes]:
        """Yield the range in order, each byte once, in chunks of at most `chunk_bytes`.

        A read that breaks is taken up at the byte where it broke, of the same object (`Range` and
        `If-Match`, RFC 9110). Nothing is read ahead but one socket buffer (128 KiB): a consumer
        that stops stops the store.

        Raises:
            ObjectMissing: the object is gone.
            ObjectChanged: it was replaced.
            SourceEndsEarly: it has fewer than `end` bytes.
            StoreUnavailable: refused, or failed `max_failures` times in a row.
        """
        position, failures = self.start, 0
        while position < self.end:
            try:
                async with aclosing(self._read_from(position)) as chunks:
                    async for chunk in chunks:
                        position += len(chunk)
                        failures = 0
                        yield chunk
                error: Exception = EndOfBody()
            except (ClientError, *TRANSPORT_ERRORS) as caught:
                error = caught
            if position < self.end:
                failures += 1
                await self._wait(error, position, failures)

    async def _wait(self, error: Exception, position: int, failures: int) -> None:
        if isinstance(error, ClientError) and not is_passing(error):
            raise store_error(error, f"read {self.key}") from error
        if failures >= self.policy.max_failures:
            raise StoreUnavailable(f"read {self.key} from byte {position}") from error
        pause_s = self.policy.delay_s(failures)
        log.warning(
            "read_interrupted",
            key=self.key,
            position=position,
            failures=failures,
            retry_in_s=pause_s,
            error=type(error).__name__,
        )
        await asyncio.sleep(pause_s)

    async def _read_from(self, position: int) -> AsyncGenerator[bytes]:
        answer = await self.client.get_object(
            Bucket=self.bucket,
            Key=self.key,
            Range=f"bytes={position}-{self.end - 1}",
            IfMatch=f'"{self.etag}"',
        )
        left = self.end - position
        body = answer["Body"]
        async with body:  # entering gives aiohttp's response, whose read() takes no length
            self._check(answer, position)
            while left and (chunk := await body.read(min(self.chunk_bytes, left))):
                left -= len(chunk)
                yield chunk

    def _check(self, answer: "GetObjectOutputTypeDef", position: int) -> None:
        """Believe the headers, not the hope: some stores ignore If-Match, or Range."""
        if unquoted(answer["ETag"]) != self.etag:
            raise ObjectChanged(f"read {self.key}: now {answer['ETag']}")
        got = answer.get("ContentRange", "")
        if not got.startswith(f"bytes {position}-"):
            raise StoreUnavailable(f"read {self.key}: asked for byte {position}, got '{got}'")
        total = got.rsplit("/", 1)[-1]
        if total.isdigit() and int(total) < self.end:
            raise SourceEndsEarly(f"read {self.key}: {total} bytes, not {self.end}")
