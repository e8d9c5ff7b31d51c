"""The stream that goes into FFmpeg, as a plan of byte ranges."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileRange:
    """Bytes `start` to `end` (exclusive) of the source object."""

    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Literal:
    """Bytes that stand in for some of the source's."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)


Part = FileRange | Literal


def total_bytes(parts: Iterable[Part]) -> int:
    """Return the length of the planned stream."""
    return sum(part.size for part in parts)


def leading_bytes(parts: Iterable[Part], head: bytes) -> bytes:
    """Return as much of the planned stream's start as `head`, the source's own start, can give."""
    out: list[bytes] = []
    for part in parts:
        if isinstance(part, Literal):
            out.append(part.data)
            continue
        known = head[part.start : part.end]
        out.append(known)
        if len(known) < part.size:
            break
    return b"".join(out)
