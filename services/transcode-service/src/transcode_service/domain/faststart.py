"""A virtual faststart: the order in which a film's bytes must be sent so that a pipe will do.

FFmpeg can't demux from a pipe when `moov`, the index, comes after `mdat`, the samples, as phones
write it. The plan moves `moov` in front of the samples and shifts the chunk offsets in it; nothing
else changes and nothing is copied.
"""

from array import array
from collections.abc import Callable

from reel_hls.isobmff import (
    COMPACT_HEADER_BYTES,
    LARGE_HEADER_BYTES,
    U32_MAX,
    Box,
    descendants,
    find,
    u32,
    u64,
)
from transcode_service.domain.index_tables import (
    FULL_BOX_BYTES,
    OFFSET_TABLES,
    SAMPLE_TABLE,
    entries,
    is_long,
    offset_table,
    offsets,
    rewrite,
    root,
    sample_tables,
)
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.parts import FileRange, Literal, Part

Relocate = Callable[[int], int]


def is_fragmented(moov: bytes) -> bool:
    """Tell whether the samples' index is spread over the file in `moof` boxes."""
    return find(moov, root(moov), b"mvex") is not None


def fragmented_duration_s(moov: bytes) -> float | None:
    """Return the length a fragmented film declares in `mehd`; None when it does not."""
    mvhd = find(moov, root(moov), b"mvhd")
    mehd = find(moov, root(moov), b"mvex", b"mehd")
    if mvhd is None or mehd is None:
        return None
    timescale = u32(moov, mvhd.body + (20 if is_long(moov, mvhd) else 12))
    read = u64 if is_long(moov, mehd) else u32
    length = read(moov, mehd.body + FULL_BOX_BYTES)
    return length / timescale if timescale and length else None


def check_samples_present(moov: bytes, file_bytes: int) -> None:
    """Refuse a file that ends before the last sample its index names.

    Raises:
        SourceRejected: SOURCE_TRUNCATED.
        MalformedBox: the index is no index.
    """
    end = max((_media_end(moov, stbl) for stbl in sample_tables(moov)), default=0)
    if end > file_bytes:
        detail = f"the index names samples up to byte {end}, the file ends at {file_bytes}"
        raise SourceRejected(Rejection.SOURCE_TRUNCATED, detail)


def faststart(
    *, moov_box: Box, moov: bytes, ftyp_end: int, file_bytes: int, unended: Box | None = None
) -> tuple[Part, ...]:
    """Plan the stream: `ftyp` (the first `ftyp_end` bytes), `moov`, then the rest in its order.

    `moov` holds the bytes of `moov_box`, with its header. Chunk offsets become 64-bit (`co64`)
    when the stream outgrows 32 bits. `unended` is a last box that goes on to the end of the file
    (size 0), which FFmpeg looks for in vain on a pipe: it gets its size, and a larger header if
    need be.

    Raises:
        MalformedBox: the index is no index.
    """
    header = _header(unended) if unended else b""
    shift = len(header) - unended.header_bytes if unended else 0
    promote = file_bytes + shift + _growth(moov) + COMPACT_HEADER_BYTES > U32_MAX
    moov_bytes = len(_relocated(moov, lambda offset: offset, promote=promote))

    def relocate(offset: int) -> int:
        if offset < ftyp_end:
            return offset
        after_moov = offset >= moov_box.end
        after_header = unended is not None and offset >= unended.body
        return offset + moov_bytes - after_moov * moov_box.size + after_header * shift

    index = _relocated(moov, relocate, promote=promote)
    last, body = (unended.start, unended.body) if unended else (file_bytes, file_bytes)
    parts: tuple[Part, ...] = (
        FileRange(0, ftyp_end),
        Literal(index),
        FileRange(ftyp_end, moov_box.start),
        FileRange(moov_box.end, last),
        Literal(header),
        FileRange(body, file_bytes),
    )
    return tuple(part for part in parts if part.size)


def _header(box: Box) -> bytes:
    if box.size <= U32_MAX:
        return box.size.to_bytes(4, "big") + box.kind
    size = box.size - box.header_bytes + LARGE_HEADER_BYTES
    return (1).to_bytes(4, "big") + box.kind + size.to_bytes(8, "big")


def _growth(moov: bytes) -> int:
    """Return how many bytes longer the index gets when all offsets become 64-bit."""
    narrow = descendants(moov, root(moov), (*SAMPLE_TABLE, b"stco"))
    return 4 * sum(u32(moov, box.body + FULL_BOX_BYTES) for box in narrow)


def _relocated(moov: bytes, relocate: Relocate, *, promote: bool) -> bytes:
    """Return `moov` with every chunk offset relocated."""

    def replace(_stbl: Box, box: Box) -> bytes | None:
        if box.kind not in OFFSET_TABLES:
            return None
        moved = [relocate(offset) for offset in offsets(moov, box)]
        return offset_table(moved, wide=promote or box.kind == b"co64")

    return rewrite(moov, replace)


def _media_end(moov: bytes, stbl: Box) -> int:
    """Return a lower bound of where a track's last sample ends in the file.

    Exact when the last chunk lies last and samples have sizes of their own, which is so in what
    phones write; samples of one constant size (raw sound) count as one byte, since QuickTime
    does not say there how many bytes a sample has.
    """
    table = find(moov, stbl, b"stco") or find(moov, stbl, b"co64")
    starts = offsets(moov, table) if table else array("Q")
    if not starts or _sample_count(moov, stbl) == 0:
        return 0
    return max(max(starts) + 1, starts[-1] + _last_chunk_bytes(moov, stbl))


def _sample_count(moov: bytes, stbl: Box) -> int:
    sizes = find(moov, stbl, b"stsz") or find(moov, stbl, b"stz2")
    return u32(moov, sizes.body + 8) if sizes else 0


def _last_chunk_bytes(moov: bytes, stbl: Box) -> int:
    chunks, sizes = find(moov, stbl, b"stsc"), find(moov, stbl, b"stsz")
    runs = u32(moov, chunks.body + 4) if chunks else 0
    if not chunks or not sizes or not runs or u32(moov, sizes.body + 4):
        return 0
    samples = u32(moov, chunks.body + 8 + 12 * (runs - 1) + 4)
    return sum(entries(moov, sizes, 4, skip=8)[-samples:]) if samples else 0
