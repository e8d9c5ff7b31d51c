"""Boxes of the ISO base media file format (ISO/IEC 14496-12) and of QuickTime, read from bytes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

COMPACT_HEADER_BYTES: Final = 8
LARGE_HEADER_BYTES: Final = 16
U32_MAX: Final = 0xFFFF_FFFF
MAX_CHILDREN: Final = 10_000
"""Of one box: far more than any film has, and few enough to look at."""
_LARGE_SIZE: Final = 1
_TO_END: Final = 0
_PRINTABLE: Final = frozenset(range(0x20, 0x7F)) | {0xA9}


class MalformedBox(ValueError):
    """The bytes are no box header, or the box can't hold what it says."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a box lies: `start` to `end` (exclusive) with its header, in bytes.

    Positions are those of the file for top-level boxes, and of the buffer for children. `end` may
    lie beyond the end of a truncated file.
    """

    kind: bytes
    start: int
    end: int
    header_bytes: int

    @property
    def name(self) -> str:
        """The kind in letters, for messages; QuickTime's © is Latin-1."""
        return self.kind.decode("latin-1")

    @property
    def body(self) -> int:
        """Where the payload starts."""
        return self.start + self.header_bytes

    @property
    def size(self) -> int:
        return self.end - self.start


def read_box(window: bytes, start: int, limit: int) -> Box:
    """Read the header at the start of `window`, which lies at `start`; 16 bytes are enough.

    `limit` is where the enclosing file or box ends: a size of 0 means up to there.

    Raises:
        MalformedBox: too few bytes, or a size smaller than the header.
    """
    if len(window) < COMPACT_HEADER_BYTES:
        raise MalformedBox(f"{len(window)} bytes at {start} are no box header")
    size, header_bytes = int.from_bytes(window[:4], "big"), COMPACT_HEADER_BYTES
    if size == _LARGE_SIZE:
        if len(window) < LARGE_HEADER_BYTES:
            raise MalformedBox(f"the 64-bit size at {start} is cut off")
        size, header_bytes = int.from_bytes(window[8:16], "big"), LARGE_HEADER_BYTES
    elif size == _TO_END:
        size = limit - start
    if size < header_bytes:
        raise MalformedBox(f"a box of {size} bytes at {start}")
    return Box(window[4:8], start, start + size, header_bytes)


def is_kind(kind: bytes) -> bool:
    """Tell whether these four bytes can name a box or chunk: letters, or Apple's ©."""
    return all(byte in _PRINTABLE for byte in kind)


def children(data: bytes, parent: Box) -> Iterator[Box]:
    """Yield the boxes inside `parent`, whose positions are those of `data`.

    Fewer than eight bytes left over are padding (QuickTime ends lists with a 32-bit zero).

    Raises:
        MalformedBox: a child reaches beyond its parent, or there are more than `MAX_CHILDREN`.
    """
    position = parent.body
    for _ in range(MAX_CHILDREN):
        if parent.end - position < COMPACT_HEADER_BYTES:
            return
        header = data[position : min(position + LARGE_HEADER_BYTES, parent.end)]
        box = read_box(header, position, parent.end)
        if box.end > parent.end:
            raise MalformedBox(f"{box.kind!r} at {position} reaches beyond its parent")
        yield box
        position = box.end
    if parent.end - position >= COMPACT_HEADER_BYTES:
        raise MalformedBox(f"more than {MAX_CHILDREN} boxes in {parent.kind!r}")


def descendants(data: bytes, root: Box, path: Sequence[bytes]) -> Iterator[Box]:
    """Yield every box reached from `root` by following the kinds of `path`."""
    if not path:
        yield root
        return
    for child in children(data, root):
        if child.kind == path[0]:
            yield from descendants(data, child, path[1:])


def find(data: bytes, root: Box, *path: bytes) -> Box | None:
    """Return the first box at `path` below `root`, or None."""
    return next(descendants(data, root, path), None)


def u32(data: bytes, position: int) -> int:
    """Read an unsigned 32-bit number.

    Raises:
        MalformedBox: the data end before it does.
    """
    return _unsigned(data, position, 4)


def u64(data: bytes, position: int) -> int:
    """Read an unsigned 64-bit number.

    Raises:
        MalformedBox: the data end before it does.
    """
    return _unsigned(data, position, 8)


def _unsigned(data: bytes, position: int, length: int) -> int:
    if position + length > len(data):
        raise MalformedBox(f"the table at {position} is cut off")
    return int.from_bytes(data[position : position + length], "big")


class TopLevelScan:
    """Follows the top-level boxes of a stream as it passes by, in constant memory.

    For layouts with too many boxes to look up beforehand (fragmented files): after the last
    byte, `complete` tells whether the stream ended where its last box does.
    """

    def __init__(self) -> None:
        self._position = 0
        self._left = 0
        self._header = b""
        self._open_ended = False
        self._broken = False

    def feed(self, chunk: bytes) -> None:
        offset = 0
        while offset < len(chunk) and not (self._open_ended or self._broken):
            skipped = min(self._left, len(chunk) - offset)
            self._left -= skipped
            offset += skipped
            if self._left == 0 and offset < len(chunk):
                self._header += chunk[offset : offset + 1]
                offset += 1
                self._enter()
        self._position += len(chunk)

    def _enter(self) -> None:
        if len(self._header) < COMPACT_HEADER_BYTES:
            return
        size = int.from_bytes(self._header[:4], "big")
        if size == _LARGE_SIZE and len(self._header) < LARGE_HEADER_BYTES:
            return
        if not is_kind(self._header[4:8]):
            self._broken = True
            return
        self._open_ended = size == _TO_END
        if not self._open_ended:
            self._skip_to_end_of_box()
        self._header = b""

    def _skip_to_end_of_box(self) -> None:
        try:
            box = read_box(self._header, 0, 0)
        except MalformedBox:
            self._broken = True
        else:
            self._left = box.size - len(self._header)

    @property
    def complete(self) -> bool:
        """True when every box that began has ended."""
        return self._open_ended or not (self._left or self._header or self._broken)
