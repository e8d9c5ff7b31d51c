"""A virtual faststart: the order in which a film's bytes must be sent so that a pipe will do.

FFmpeg can't demux from a pipe when `moov`, the index, comes after `mdat`, the samples, as phones
write it. The plan moves `moov` in front of the samples and shifts the chunk offsets in it; nothing
else changes and nothing is copied.
"""

import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from reel_hls.isobmff import (
    COMPACT_HEADER_BYTES,
    U32_MAX,
    Box,
    MalformedBox,
    children,
    descendants,
    find,
    read_box,
    u32,
    u64,
)
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.parts import FileRange, Literal, Part

MAX_INDEX_BOXES: Final = 20_000
_SAMPLE_TABLE: Final = (b"trak", b"mdia", b"minf", b"stbl")
_FULL_BOX_BYTES: Final = 4
_VERSION_SHIFT: Final = 24

Relocate = Callable[[int], int]


def check_index(moov: bytes) -> None:
    """Refuse an index of more boxes than can be looked at, as no film has.

    Raises:
        MalformedBox: it has more than `MAX_INDEX_BOXES` on the way to its sample tables.
    """
    level, seen = [_root(moov)], 0
    for kind in (*_SAMPLE_TABLE, b""):
        below: list[Box] = []
        for child in (child for box in level for child in children(moov, box)):
            seen += 1
            if seen > MAX_INDEX_BOXES:
                raise MalformedBox(f"an index of more than {MAX_INDEX_BOXES} boxes")
            if child.kind == kind:
                below.append(child)
        level = below


def is_fragmented(moov: bytes) -> bool:
    """Tell whether the samples' index is spread over the file in `moof` boxes."""
    return find(moov, _root(moov), b"mvex") is not None


def fragmented_duration_s(moov: bytes) -> float | None:
    """Return the length a fragmented film declares in `mehd`; None when it does not."""
    mvhd = find(moov, _root(moov), b"mvhd")
    mehd = find(moov, _root(moov), b"mvex", b"mehd")
    if mvhd is None or mehd is None:
        return None
    timescale = u32(moov, mvhd.body + (20 if _is_long(moov, mvhd) else 12))
    read = u64 if _is_long(moov, mehd) else u32
    length = read(moov, mehd.body + _FULL_BOX_BYTES)
    return length / timescale if timescale and length else None


def check_samples_present(moov: bytes, file_bytes: int) -> None:
    """Refuse a file that ends before the last sample its index names.

    Raises:
        SourceRejected: SOURCE_TRUNCATED.
        MalformedBox: the index is no index.
    """
    end = max((_media_end(moov, table) for table in _sample_tables(moov)), default=0)
    if end > file_bytes:
        detail = f"the index names samples up to byte {end}, the file ends at {file_bytes}"
        raise SourceRejected(Rejection.SOURCE_TRUNCATED, detail)


def faststart(*, moov_box: Box, moov: bytes, ftyp_end: int, file_bytes: int) -> tuple[Part, ...]:
    """Plan the stream: `ftyp` (the first `ftyp_end` bytes), `moov`, then the rest in its order.

    `moov` holds the bytes of `moov_box`, with its header. Chunk offsets become 64-bit (`co64`)
    when the stream outgrows 32 bits.

    Raises:
        MalformedBox: the index is no index.
    """
    growth = 4 * sum(u32(moov, box.body + 4) for box in _offset_boxes(moov, b"stco"))
    promote = file_bytes + growth + COMPACT_HEADER_BYTES > U32_MAX
    moov_bytes = len(_rewrite(moov, lambda offset: offset, promote=promote))

    def relocate(offset: int) -> int:
        if offset < ftyp_end:
            return offset
        return offset + moov_bytes - (moov_box.size if offset >= moov_box.end else 0)

    index = _rewrite(moov, relocate, promote=promote)
    ranges = (FileRange(ftyp_end, moov_box.start), FileRange(moov_box.end, file_bytes))
    parts = (FileRange(0, ftyp_end), Literal(index), *ranges)
    return tuple(part for part in parts if part.size)


def _is_long(data: bytes, box: Box) -> bool:
    """Tell whether a full box is of version 1, which has 64-bit times."""
    return u32(data, box.body) >> _VERSION_SHIFT == 1


def _root(moov: bytes) -> Box:
    return read_box(moov[:16], 0, len(moov))


def _sample_tables(moov: bytes) -> list[Box]:
    return list(descendants(moov, _root(moov), _SAMPLE_TABLE))


def _offset_boxes(moov: bytes, kind: bytes) -> list[Box]:
    return list(descendants(moov, _root(moov), (*_SAMPLE_TABLE, kind)))


def _rewrite(moov: bytes, relocate: Relocate, *, promote: bool) -> bytes:
    """Return `moov` with every chunk offset relocated and all sizes on the way made right."""
    return _rewrite_box(moov, _root(moov), _SAMPLE_TABLE, relocate, promote=promote)


def _rewrite_box(
    data: bytes, box: Box, path: Sequence[bytes], relocate: Relocate, *, promote: bool
) -> bytes:
    """Rewrite what lies on `path` below `box`; the rest is copied."""
    inside = list(children(data, box))
    padding_start = inside[-1].end if inside else box.body
    body = [data[child.start : child.end] for child in inside]
    for place, child in enumerate(inside):
        if path and child.kind == path[0]:
            body[place] = _rewrite_box(data, child, path[1:], relocate, promote=promote)
        elif not path and child.kind in {b"stco", b"co64"}:
            body[place] = _rewrite_offsets(data, child, relocate, promote=promote)
    return _box(box.kind, b"".join([*body, data[padding_start : box.end]]))


def _rewrite_offsets(data: bytes, box: Box, relocate: Relocate, *, promote: bool) -> bytes:
    offsets = _entries(data, box, 8 if box.kind == b"co64" else 4)
    return _offset_box(box, data, map(relocate, offsets), promote=promote)


def _offset_box(box: Box, data: bytes, offsets: Iterable[int], *, promote: bool) -> bytes:
    wide = promote or box.kind == b"co64"
    version_and_flags = data[box.body : box.body + _FULL_BOX_BYTES]
    try:
        numbers = array("Q" if wide else "I", offsets)
    except OverflowError as error:
        raise MalformedBox("a chunk lies beyond any file") from error
    table = len(numbers).to_bytes(4, "big") + _big_endian(numbers).tobytes()
    return _box(b"co64" if wide else b"stco", version_and_flags + table)


def _box(kind: bytes, body: bytes) -> bytes:
    return (COMPACT_HEADER_BYTES + len(body)).to_bytes(4, "big") + kind + body


def _entries(data: bytes, box: Box, width: int, *, skip: int = _FULL_BOX_BYTES) -> "array[int]":
    """Read a table of big-endian numbers: a 32-bit count `skip` bytes into the body, then those."""
    count_at = box.body + skip
    first = count_at + 4
    end = first + u32(data, count_at) * width
    if end > box.end:
        raise MalformedBox(f"the {box.kind!r} table is cut off")
    numbers = array("Q" if width == 8 else "I")  # noqa: PLR2004 - bytes of a 64-bit number
    numbers.frombytes(data[first:end])
    return _big_endian(numbers)


def _big_endian(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def _media_end(moov: bytes, stbl: Box) -> int:
    """Return a lower bound of where a track's last sample ends in the file.

    Exact when the last chunk lies last and samples have sizes of their own, which is so in what
    phones write; samples of one constant size (raw sound) count as one byte, since QuickTime
    does not say there how many bytes a sample has.
    """
    narrow, wide = find(moov, stbl, b"stco"), find(moov, stbl, b"co64")
    table = narrow or wide
    offsets = _entries(moov, table, 8 if table is wide else 4) if table else array("Q")
    if not offsets or _sample_count(moov, stbl) == 0:
        return 0
    return max(max(offsets) + 1, offsets[-1] + _last_chunk_bytes(moov, stbl))


def _sample_count(moov: bytes, stbl: Box) -> int:
    sizes = find(moov, stbl, b"stsz") or find(moov, stbl, b"stz2")
    return u32(moov, sizes.body + 8) if sizes else 0


def _last_chunk_bytes(moov: bytes, stbl: Box) -> int:
    chunks, sizes = find(moov, stbl, b"stsc"), find(moov, stbl, b"stsz")
    runs = u32(moov, chunks.body + 4) if chunks else 0
    if not chunks or not sizes or not runs or u32(moov, sizes.body + 4):
        return 0
    samples = u32(moov, chunks.body + 8 + 12 * (runs - 1) + 4)
    return sum(_entries(moov, sizes, 4, skip=8)[-samples:]) if samples else 0
