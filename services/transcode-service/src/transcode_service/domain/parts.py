"""The stream that goes into FFmpeg, as a plan of byte ranges."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field


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


@dataclass(slots=True)
class Strand:
    """Ranges of the source, in an order of their own: number n is `starts[n]` to `ends[n]`."""

    starts: "array[int]" = field(default_factory=lambda: array("Q"))
    ends: "array[int]" = field(default_factory=lambda: array("Q"))

    def add(self, start: int, end: int) -> None:
        self.starts.append(start)
        self.ends.append(end)

    def grow(self, start: int, end: int) -> bool:
        """Let the last range go on to `end`, if it ends at `start`."""
        if not self.ends or self.ends[-1] != start:
            return False
        self.ends[-1] = end
        return True


@dataclass(frozen=True, slots=True)
class Woven:
    """Strands in turns: byte n of `turns` names the one whose next range comes n-th.

    A few bytes a range, for there are as many as the film has half seconds, or more.
    """

    strands: tuple[Strand, ...]
    turns: bytes
    size: int


Part = FileRange | Literal | Woven


def total_bytes(parts: Iterable[Part]) -> int:
    """Return the length of the planned stream."""
    return sum(part.size for part in parts)


def leading_bytes(parts: Iterable[Part], head: bytes) -> bytes:
    """Return as much of the planned stream's start as `head`, the source's own start, can give.

    What is woven lies all over the source, so that is where it ends.
    """
    out: list[bytes] = []
    for part in parts:
        if isinstance(part, Literal):
            out.append(part.data)
            continue
        if isinstance(part, Woven):
            break
        known = head[part.start : part.end]
        out.append(known)
        if len(known) < part.size:
            break
    return b"".join(out)
