"""The tables of numbers in the index of an ISO-BMFF film: reading them, putting others there."""

import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from reel_hls.isobmff import (
    COMPACT_HEADER_BYTES,
    LARGE_HEADER_BYTES,
    Box,
    MalformedBox,
    children,
    descendants,
    read_box,
    u32,
)

SAMPLE_TABLE: Final = (b"trak", b"mdia", b"minf", b"stbl")
FULL_BOX_BYTES: Final = 4
OFFSET_TABLES: Final = frozenset({b"stco", b"co64"})
MAX_INDEX_BOXES: Final = 20_000
_VERSION_SHIFT: Final = 24
_TYPECODES: Final[Mapping[int, Literal["B", "H", "I", "Q"]]] = {1: "B", 2: "H", 4: "I", 8: "Q"}

Replace = Callable[[Box, Box], bytes | None]
"""Given a sample table (`stbl`) and a box in it, returns what stands there now; None: the same."""


def check_index(moov: bytes) -> None:
    """Refuse an index of more boxes than can be looked at, as no film has.

    Raises:
        MalformedBox: it has more than `MAX_INDEX_BOXES` on the way to its sample tables.
    """
    level, seen = [root(moov)], 0
    for kind in (*SAMPLE_TABLE, b""):
        below: list[Box] = []
        for child in (child for box in level for child in children(moov, box)):
            seen += 1
            if seen > MAX_INDEX_BOXES:
                raise MalformedBox(f"an index of more than {MAX_INDEX_BOXES} boxes")
            if child.kind == kind:
                below.append(child)
        level = below


def is_long(data: bytes, box: Box) -> bool:
    """Tell whether a full box is of version 1, which has 64-bit times."""
    return u32(data, box.body) >> _VERSION_SHIFT == 1


def root(moov: bytes) -> Box:
    """Return the box that `moov` is, with its header."""
    return read_box(moov[:LARGE_HEADER_BYTES], 0, len(moov))


def sample_tables(moov: bytes) -> list[Box]:
    """Return the sample tables of all tracks, in order."""
    return list(descendants(moov, root(moov), SAMPLE_TABLE))


def make_box(kind: bytes, body: bytes) -> bytes:
    """Return a box with a 32-bit size."""
    return (COMPACT_HEADER_BYTES + len(body)).to_bytes(4, "big") + kind + body


def entries(
    data: bytes, box: Box, width: int, *, skip: int = FULL_BOX_BYTES, columns: int = 1
) -> "array[int]":
    """Read a table of big-endian numbers: a 32-bit count `skip` bytes into the body, then those.

    `width` is that of a number in bytes: 1, 2, 4 or 8; `columns` how many an entry has.

    Raises:
        MalformedBox: the box is too short for them.
    """
    count_at = box.body + skip
    first = count_at + 4
    end = first + u32(data, count_at) * columns * width
    if end > box.end:
        raise MalformedBox(f"the {box.name} table is cut off")
    numbers: array[int] = array(_TYPECODES[width])
    numbers.frombytes(data[first:end])
    return _big_endian(numbers)


def offsets(data: bytes, box: Box) -> "array[int]":
    """Read a table of chunk offsets. Raises MalformedBox."""
    return entries(data, box, 8 if box.kind == b"co64" else 4)


def offset_table(positions: Sequence[int], *, wide: bool) -> bytes:
    """Return a table of chunk offsets, of 64 bits each if `wide`.

    Raises:
        MalformedBox: a chunk lies beyond any file.
    """
    count = len(positions).to_bytes(4, "big")
    try:
        numbers = array("Q" if wide else "I", positions)
    except OverflowError as error:
        raise MalformedBox("a chunk lies beyond any file") from error
    body = bytes(FULL_BOX_BYTES) + count + _big_endian(numbers).tobytes()
    return make_box(b"co64" if wide else b"stco", body)


def table(kind: bytes, numbers: "array[int]", *, columns: int = 1) -> bytes:
    """Return a box with a count of entries, and their 32-bit numbers."""
    count = (len(numbers) // columns).to_bytes(4, "big")
    return make_box(kind, bytes(FULL_BOX_BYTES) + count + _big_endian(numbers[:]).tobytes())


def rewrite(moov: bytes, replace: Replace) -> bytes:
    """Return `moov` with other boxes in its sample tables, and all sizes on the way made right.

    Raises:
        MalformedBox: the index is no index.
    """
    return _rewrite_box(moov, root(moov), SAMPLE_TABLE, replace)


def _rewrite_box(data: bytes, box: Box, path: Sequence[bytes], replace: Replace) -> bytes:
    """Rewrite what lies on `path` below `box`; the rest is copied."""
    inside = list(children(data, box))
    padding_start = inside[-1].end if inside else box.body
    body = [data[child.start : child.end] for child in inside]
    for place, child in enumerate(inside):
        if path and child.kind == path[0]:
            body[place] = _rewrite_box(data, child, path[1:], replace)
        elif not path and (other := replace(box, child)) is not None:
            body[place] = other
    return make_box(box.kind, b"".join([*body, data[padding_start : box.end]]))


def _big_endian(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "little" and numbers.itemsize > 1:
        numbers.byteswap()
    return numbers
