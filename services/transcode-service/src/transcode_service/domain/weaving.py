"""A virtual interleave: a badly interleaved film's samples in the order of its time, for a pipe.

Chunks are parted where a new half second of the film begins, and sent in turns, half second by
half second; the index names their new places. Which samples follow which in a track, their times
and sizes never change, so a demuxer reads the same packets. Nothing is copied.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from typing import Final

from reel_hls.isobmff import (
    COMPACT_HEADER_BYTES,
    LARGE_HEADER_BYTES,
    U32_MAX,
    Box,
    descendants,
    find,
    u32,
)
from transcode_service.domain.disorder import Disorder, find_disorder
from transcode_service.domain.index_tables import (
    FULL_BOX_BYTES,
    OFFSET_TABLES,
    is_long,
    make_box,
    offset_table,
    rewrite,
    root,
    table,
)
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.parts import FileRange, Literal, Part, Strand, Woven
from transcode_service.domain.sample_sizes import SampleSizes, read_sample_sizes
from transcode_service.domain.sample_table import (
    SampleTable,
    UnclearIndex,
    kind_of,
    read_sample_table,
)

PIECES_A_SECOND: Final = 2
MAX_STRANDS: Final = 8
MAX_PIECES: Final = 1 << 21
"""Four hours of 60 frames a second and their sound, one sample a chunk, are 1.5 million."""


@dataclass(frozen=True, slots=True)
class Rewoven:
    """The stream of a film whose samples lay in `disorder`."""

    parts: tuple[Part, ...]
    disorder: Disorder


@dataclass(frozen=True, slots=True)
class _Pieces:
    """The pieces of one track: what is to be a chunk; `places` are counted from the first one."""

    strand: Strand = field(default_factory=Strand)
    samples: "array[int]" = field(default_factory=lambda: array("I"))
    descriptions: "array[int]" = field(default_factory=lambda: array("I"))
    windows: "array[int]" = field(default_factory=lambda: array("q"))
    places: "array[int]" = field(default_factory=lambda: array("Q"))


def weave(moov: bytes, *, ftyp_end: int, file_bytes: int) -> Rewoven | None:
    """Plan the stream of a badly interleaved film: `ftyp`, `moov`, one `mdat` in order of time.

    Returns None when the film can be read as it lies, and when its index is not clear enough to
    part its chunks: then it is left as it is. Tracks that are neither picture nor sound lose
    their samples.

    Raises:
        SourceRejected: SOURCE_TRUNCATED: it ends before a sample.
        MalformedBox: the index is no index.
    """
    try:
        tables = _tables(moov)
        disorder = find_disorder(tables)
        if disorder is None:
            return None
        pieces = [_cut(one, read_sample_sizes(moov, one), file_bytes) for one in tables]
        woven = _turns(pieces)
    except UnclearIndex:
        return None
    if woven.size > file_bytes:  # samples that several tracks share
        return None
    return Rewoven(_parts(moov, tables, pieces, woven, ftyp_end), disorder)


def _tables(moov: bytes) -> list[SampleTable]:
    mvhd = find(moov, root(moov), b"mvhd")
    timescale = u32(moov, mvhd.body + (20 if is_long(moov, mvhd) else 12)) if mvhd else 0
    traks = descendants(moov, root(moov), (b"trak",))
    tables = [
        read_sample_table(moov, trak, kind, timescale)
        for trak in traks
        if (kind := kind_of(moov, trak)) is not None
    ]
    if len(tables) > MAX_STRANDS:
        raise UnclearIndex(f"{len(tables)} tracks")
    if sum(len(one.offsets) for one in tables) > MAX_PIECES:
        raise UnclearIndex("more chunks than any film has")
    return tables


def _cut(one: SampleTable, sizes: SampleSizes, file_bytes: int) -> _Pieces:
    """Part the chunks of a track where half seconds of the film begin."""
    pieces = _Pieces()
    for chunk, offset in enumerate(one.offsets):
        position = offset
        for window, first, end in _spans(one, chunk, sizes.unit):
            start, position = position, position + sizes.bytes_of(first, end)
            pieces.strand.add(start, position)
            pieces.samples.append(end - first)
            pieces.descriptions.append(one.descriptions[chunk])
            pieces.windows.append(window)
        if position > file_bytes:
            detail = f"the index names samples up to byte {position}, the file ends at {file_bytes}"
            raise SourceRejected(Rejection.SOURCE_TRUNCATED, detail)
        if len(pieces.samples) > MAX_PIECES:
            raise UnclearIndex("more pieces than any film has")
    return pieces


def _spans(one: SampleTable, chunk: int, unit: int) -> Iterator[tuple[int, int, int]]:
    """Yield the samples of a chunk by half seconds: which one, first sample, end."""
    first, last = one.firsts[chunk], one.firsts[chunk + 1]
    begin = first
    while begin < last:
        window = (one.clock.due(begin) + one.shift) * PIECES_A_SECOND // one.timescale
        if last - begin <= unit:
            yield window, begin, last
            return
        next_at = -(-(window + 1) * one.timescale // PIECES_A_SECOND) - one.shift
        units = -(-(one.clock.first_due(next_at) - first) // unit)
        end = min(last, max(first + units * unit, begin + unit))
        yield window, begin, end
        begin = end


def _turns(pieces: Sequence[_Pieces]) -> Woven:
    """Put the pieces of all tracks in order, and note each one's place."""
    strands = tuple(Strand() for _ in pieces)
    turns, place = bytearray(), 0
    for _, track, number in merge(*map(_windows, range(len(pieces)), pieces)):
        one, strand = pieces[track], strands[track]
        start, end = one.strand.starts[number], one.strand.ends[number]
        one.places.append(place)
        place += end - start
        if not (turns and turns[-1] == track and strand.grow(start, end)):
            strand.add(start, end)
            turns.append(track)
    return Woven(strands, bytes(turns), place)


def _windows(track: int, pieces: _Pieces) -> Iterator[tuple[int, int, int]]:
    for number, window in enumerate(pieces.windows):
        yield window, track, number


def _parts(
    moov: bytes,
    tables: Sequence[SampleTable],
    pieces: Sequence[_Pieces],
    woven: Woven,
    ftyp_end: int,
) -> tuple[Part, ...]:
    pieces_of = {one.stbl.start: cut for one, cut in zip(tables, pieces, strict=True)}
    before = ftyp_end + LARGE_HEADER_BYTES
    wide = before + len(_index(moov, pieces_of, 0, wide=True)) + woven.size > U32_MAX
    first = before + len(_index(moov, pieces_of, 0, wide=wide))
    index = _index(moov, pieces_of, first, wide=wide)
    mdat = (1).to_bytes(4, "big") + b"mdat" + (LARGE_HEADER_BYTES + woven.size).to_bytes(8, "big")
    parts = (FileRange(0, ftyp_end), Literal(index + mdat), woven)
    return tuple(part for part in parts if part.size)


def _index(moov: bytes, pieces_of: dict[int, _Pieces], first: int, *, wide: bool) -> bytes:
    """Return the index of the stream whose first sample lies at `first`."""
    return rewrite(moov, lambda stbl, box: _replaced(pieces_of.get(stbl.start), box, first, wide))


def _replaced(pieces: _Pieces | None, box: Box, first: int, wide: bool) -> bytes | None:  # noqa: FBT001
    """Return a track's tables of chunks anew; a track without pieces has none, and no samples."""
    if box.kind in OFFSET_TABLES:
        places = pieces.places if pieces else ()
        return offset_table([first + place for place in places], wide=wide)
    if box.kind == b"stsc":
        return table(b"stsc", _runs(pieces) if pieces else array("I"), columns=3)
    if pieces is None and box.kind in {b"stsz", b"stz2"}:
        return make_box(b"stsz", bytes(FULL_BOX_BYTES + COMPACT_HEADER_BYTES))
    return None


def _runs(pieces: _Pieces) -> "array[int]":
    """Return the runs of chunks alike: first chunk (from 1), samples a chunk, description."""
    runs = array("I")
    last: tuple[int, int] | None = None
    for number, alike in enumerate(zip(pieces.samples, pieces.descriptions, strict=True), 1):
        if alike != last:
            runs.extend((number, *alike))
            last = alike
    return runs
