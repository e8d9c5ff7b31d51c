"""The file to upload: checked before any request, cut into parts, read in small pieces."""

import asyncio
import os
import stat
from base64 import b64encode
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from typing import Final

from reel_client.checksums import Hasher, hasher_of
from reel_client.errors import SourceChanged, SourceRefused
from reel_contracts.uploads import ChecksumAlgorithm
from reel_kernel.media import MIME_BY_EXTENSION, check_source

CHUNK_BYTES: Final = 256 * 1024
"""One write: small enough for a smooth progress bar on a slow line."""

READ_BYTES: Final = 4 * CHUNK_BYTES
"""One read: a hop to a thread costs as much as reading a chunk that the page cache holds."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes [offset, offset + size_bytes) of the file; numbers start at 1."""

    number: int
    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A regular, readable file of an accepted type and size, as it was when looked at."""

    path: Path
    mime: str
    size_bytes: int
    mtime_ns: int

    @classmethod
    def inspect(cls, path: Path) -> "Source":
        """Look at the file without any network. Raises SourceRefused."""
        path = path.expanduser().resolve()
        try:
            with path.open("rb") as file:
                info = os.fstat(file.fileno())
        except OSError as error:
            raise SourceRefused(f"cannot read {path}: {error.strerror}") from error
        if not stat.S_ISREG(info.st_mode):
            raise SourceRefused(f"{path} is not a file")
        source = cls(
            path=path, mime=_mime(path), size_bytes=info.st_size, mtime_ns=info.st_mtime_ns
        )
        source._check()
        return source

    def parts(self, part_size_bytes: int) -> tuple[Part, ...]:
        """Cut the file into parts of `part_size_bytes`; the last may be shorter."""
        return tuple(
            Part(number, offset, min(part_size_bytes, self.size_bytes - offset))
            for number, offset in enumerate(range(0, self.size_bytes, part_size_bytes), start=1)
        )

    @contextmanager
    def open(self) -> Generator["OpenSource"]:
        """Keep the file open, so that every part is of the same one. Raises SourceChanged."""
        with self.path.open("rb", buffering=0) as file:
            opened = OpenSource(self, file.fileno())
            opened.check_unchanged()
            yield opened

    def _check(self) -> None:
        errors = check_source(self.mime, self.size_bytes)
        if errors:
            words = "; ".join(error.message for error in errors)
            raise SourceRefused(f"{self.path.name}: {words}", errors)


class OpenSource:
    """Positioned reads of one open file; safe for concurrent use."""

    def __init__(self, source: Source, descriptor: int) -> None:
        self._source = source
        self._descriptor = descriptor

    async def read(self, part: Part) -> AsyncIterator[bytes]:
        """Yield the part's bytes in pieces of `CHUNK_BYTES`. Raises SourceChanged when short."""
        offset, end = part.offset, part.offset + part.size_bytes
        while offset < end:
            block = await asyncio.to_thread(self._read, offset, end)
            for start in range(0, len(block), CHUNK_BYTES):
                yield block[start : start + CHUNK_BYTES]
            offset += len(block)

    def _read(self, offset: int, end: int) -> bytes:
        block = os.pread(self._descriptor, min(READ_BYTES, end - offset), offset)
        if not block:
            raise SourceChanged(self._source.path)
        return block

    async def md5(self, part: Part) -> str:
        """Return the part's MD5 in hex: what S3 gives as ETag of an unencrypted part."""
        digest = await asyncio.to_thread(self._digest, part, md5(usedforsecurity=False))
        return digest.hex()

    async def checksum(self, part: Part, algorithm: ChecksumAlgorithm) -> str:
        """Return the part's checksum in Base64. Raises ChecksumUnknown, SourceChanged."""
        hasher = hasher_of(algorithm)()
        return b64encode(await asyncio.to_thread(self._digest, part, hasher)).decode()

    def _digest(self, part: Part, hasher: Hasher) -> bytes:
        offset, end = part.offset, part.offset + part.size_bytes
        while offset < end:
            block = self._read(offset, end)
            hasher.update(block)
            offset += len(block)
        return hasher.digest()

    def check_unchanged(self) -> None:
        """Raises SourceChanged when size or modification time moved since `inspect`."""
        info = os.fstat(self._descriptor)
        if (info.st_size, info.st_mtime_ns) != (self._source.size_bytes, self._source.mtime_ns):
            raise SourceChanged(self._source.path)


def _mime(path: Path) -> str:
    """Return the type to declare; for an unknown ending the ending itself, which is refused."""
    extension = path.suffix.lstrip(".").lower()
    return MIME_BY_EXTENSION.get(extension, f"*.{extension}" if extension else "no extension")
