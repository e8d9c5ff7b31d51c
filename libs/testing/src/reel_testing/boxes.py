"""ISO-BMFF files out of nothing: the layouts that phones write, with samples that tell themselves.

Built without the service's own parser, so that each checks the other.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

FTYP: Final = struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 512, b"isom")
MOOV: Final = "moov"
"""Stands for the index in a layout."""


def box(kind: bytes, body: bytes, *, large: bool = False) -> bytes:
    """Return a box, with a 64-bit size if `large`."""
    if large:
        return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body
    return struct.pack(">I4s", 8 + len(body), kind) + body


@dataclass(frozen=True, slots=True)
class Mdat:
    """Samples: each of `chunks` is one chunk with one sample; `to_end` writes a size of 0."""

    chunks: tuple[bytes, ...]
    large: bool = False
    to_end: bool = False

    @property
    def header(self) -> bytes:
        body_bytes = sum(map(len, self.chunks))
        if self.to_end:
            return struct.pack(">I4s", 0, b"mdat")
        if self.large:
            return struct.pack(">I4sQ", 1, b"mdat", 16 + body_bytes)
        return struct.pack(">I4s", 8 + body_bytes, b"mdat")

    @property
    def data(self) -> bytes:
        return self.header + b"".join(self.chunks)


Piece = Mdat | bytes | str
"""Samples, any other finished box, or `MOOV`."""


@dataclass(frozen=True, slots=True)
class Film:
    data: bytes
    chunks: tuple[bytes, ...]


def film(layout: Sequence[Piece], *, wide: bool = False, moov_large: bool = False) -> Film:
    """Lay the pieces out in their order; the index names every chunk by its place.

    `wide` writes 64-bit offsets, `moov_large` a 64-bit size.
    """
    mdats = [piece for piece in layout if isinstance(piece, Mdat)]
    chunks = tuple(chunk for mdat in mdats for chunk in mdat.chunks)
    sizes = [len(chunk) for chunk in chunks]
    blank = index([0] * len(chunks), sizes, wide=wide, large=moov_large)
    places = accumulate((_length(piece, len(blank)) for piece in layout), initial=0)
    offsets: list[int] = []
    for piece, place in zip(layout, places, strict=False):
        if isinstance(piece, Mdat):
            before = accumulate((len(chunk) for chunk in piece.chunks), initial=0)
            first = place + len(piece.header)
            offsets += [first + start for start in list(before)[:-1]]
    moov = index(offsets, sizes, wide=wide, large=moov_large)
    return Film(b"".join(_bytes(piece, moov) for piece in layout), chunks)


def index(
    offsets: Sequence[int], sizes: Sequence[int], *, wide: bool = False, large: bool = False
) -> bytes:
    """Return a `moov` of one track with one sample a chunk."""
    count = len(offsets)
    stsc = box(b"stsc", struct.pack(">II", 0, min(1, count)) + struct.pack(">III", 1, 1, 1))
    stsz = box(b"stsz", struct.pack(f">III{count}I", 0, 0, count, *sizes))
    table = struct.pack(f">II{count}{'Q' if wide else 'I'}", 0, count, *offsets)
    stbl = box(b"stbl", stsc + stsz + box(b"co64" if wide else b"stco", table))
    mdia = box(b"mdia", box(b"mdhd", bytes(24)) + box(b"minf", stbl))
    trak = box(b"trak", box(b"tkhd", bytes(84)) + mdia)
    return box(b"moov", box(b"mvhd", bytes(100)) + trak + box(b"udta", bytes(4)), large=large)


def chunk_offsets(moov: bytes) -> list[int]:
    """Return the offsets of the first table found, whatever its width."""
    at, width = moov.find(b"stco"), "I"
    if at < 0:
        at, width = moov.index(b"co64"), "Q"
    (count,) = struct.unpack_from(">I", moov, at + 8)
    return list(struct.unpack_from(f">{count}{width}", moov, at + 12))


def _length(piece: Piece, moov_bytes: int) -> int:
    return moov_bytes if isinstance(piece, str) else len(_bytes(piece, b""))


def _bytes(piece: Piece, moov: bytes) -> bytes:
    if isinstance(piece, Mdat):
        return piece.data
    return moov if isinstance(piece, str) else piece
