"""Reads of one source object, pinned to the entity tag it was found with."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Final

from transcode_service.domain.parts import FileRange, Literal, Part, Woven
from transcode_service.ports.media import SourceStore
from transcode_service.usecases.strand_reader import unweave

LOOK_AHEAD_BYTES: Final = 512 * 1024
"""Read at least: an index is mostly smaller, so its header and body come in one request."""


class SourceReader:
    """Small reads through one window, and the long read of a planned stream.

    Not for concurrent use: a read replaces the window.
    """

    def __init__(self, store: SourceStore, *, key: str, etag: str, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self._store = store
        self._key = key
        self._etag = etag
        self._window_start = 0
        self._window = b""

    async def read(self, start: int, length: int) -> bytes:
        """Return `length` bytes from `start`, fewer only where the object ends.

        Raises:
            SourceRejected: SOURCE_MISSING or SOURCE_CHANGED meanwhile.
            StoreUnavailable: reading failed after its retries.
        """
        end = min(start + length, self.size_bytes)
        window_end = self._window_start + len(self._window)
        if not (self._window_start <= start and end <= window_end):
            await self._move_window(start, max(length, LOOK_AHEAD_BYTES))
        offset = start - self._window_start
        return self._window[offset : offset + end - start]

    async def _move_window(self, start: int, length: int) -> None:
        end = min(start + length, self.size_bytes)
        async with aclosing(self._range(FileRange(start, end))) as chunks:
            self._window = b"".join([chunk async for chunk in chunks])
        self._window_start = start

    def _range(self, part: FileRange) -> AsyncGenerator[bytes]:
        return self._store.stream(self._key, part.start, part.end, self._etag)

    def _woven(self, part: Woven) -> AsyncGenerator[bytes]:
        return unweave(part, self._range)

    async def stream(self, parts: Iterable[Part]) -> AsyncGenerator[bytes]:
        """Yield the planned stream in order, in bounded chunks. Raises as `read` does."""
        for part in parts:
            if isinstance(part, Literal):
                yield part.data
                continue
            read = self._woven(part) if isinstance(part, Woven) else self._range(part)
            async with aclosing(read) as chunks:
                async for chunk in chunks:
                    yield chunk
