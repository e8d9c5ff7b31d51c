"""A source of any size that takes no memory."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

from transcode_service.ports.media import SourceObject

CHUNK_BYTES = 256 * 1024


@dataclass(slots=True)
class SparseStore:
    """A SourceStore of one object of `size` bytes: those of `known`, by place; zeros elsewhere."""

    size: int
    known: Mapping[int, bytes]
    reads: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    async def head(self, key: str) -> SourceObject:
        return SourceObject(self.size, f"etag of {key}")

    async def stream(self, key: str, start: int, end: int, etag: str) -> AsyncGenerator[bytes]:
        if etag != f"etag of {key}":
            raise ValueError(f"read of another entity: {etag}")
        self.reads.append((start, end))
        for at in range(start, end, CHUNK_BYTES):
            yield self._bytes(at, min(at + CHUNK_BYTES, end))

    def _bytes(self, start: int, end: int) -> bytes:
        out = bytearray(end - start)
        for place, data in self.known.items():
            first, last = max(start, place), min(end, place + len(data))
            if first < last:
                out[first - start : last - start] = data[first - place : last - place]
        return bytes(out)
