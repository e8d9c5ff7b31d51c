"""Indexes of films with any number of tracks, box by box, right or wrong."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from reel_testing.boxes import box

RUN = tuple[int, int]
"""How many, and what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackBoxes:
    """A track: `counts` samples a chunk from `offsets`; `times` are runs of (samples, ticks each).

    `sizes` are those of the samples, or `same` if they are all equal; `edits` are (length in the
    film's ticks, begin in the track's). `entry` is the sample description. A box named in
    `without` is left out.
    """

    offsets: Sequence[int]
    counts: Sequence[int]
    times: Sequence[RUN] = ((1, 1),)
    sizes: Sequence[int] = ()
    same: int = 0
    handler: bytes = b"vide"
    timescale: int = 1
    edits: Sequence[RUN] = ()
    entry: bytes = box(b"avc1", bytes(78))
    wide: bool = False
    without: bytes = b""

    @property
    def data(self) -> bytes:
        mdhd = box(b"mdhd", struct.pack(">IIIIII", 0, 0, 0, self.timescale, 0, 0))
        hdlr = box(b"hdlr", struct.pack(">II4s", 0, 0, self.handler) + bytes(13))
        stbl = box(b"stbl", b"".join(self._tables()))
        mdia = box(b"mdia", mdhd + hdlr + box(b"minf", stbl))
        return box(b"trak", box(b"tkhd", bytes(84)) + self._edts() + mdia)

    def _tables(self) -> list[bytes]:
        count = len(self.offsets)
        runs = [number for n, samples in enumerate(self.counts, 1) for number in (n, samples, 1)]
        width = "Q" if self.wide else "I"
        tables = {
            b"stsd": struct.pack(">II", 0, 1) + self.entry,
            b"stts": _table(len(self.times), [number for run in self.times for number in run]),
            b"stsc": _table(len(self.counts), runs),
            b"stsz": struct.pack(">II", 0, self.same)
            + _table(sum(self.counts) if self.same else len(self.sizes), self.sizes)[4:],
            b"co64" if self.wide else b"stco": struct.pack(
                f">II{count}{width}", 0, count, *self.offsets
            ),
        }
        return [box(kind, body) for kind, body in tables.items() if kind != self.without]

    def _edts(self) -> bytes:
        entries = b"".join(struct.pack(">IiI", *edit, 1 << 16) for edit in self.edits)
        elst = struct.pack(">II", 0, len(self.edits)) + entries
        return box(b"edts", box(b"elst", elst)) if self.edits else b""


def movie(*tracks: TrackBoxes, timescale: int = 1) -> bytes:
    """Return a `moov` of these tracks."""
    mvhd = box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, timescale, 0) + bytes(80))
    return box(b"moov", mvhd + b"".join(track.data for track in tracks))


def sound_entry(kind: bytes, *, channels: int = 1, bits: int = 16) -> bytes:
    """Return a description of sound (version 0)."""
    return box(kind, bytes(6) + struct.pack(">H8xHHIHH", 1, channels, bits, 0, 8000, 0))


def sound_entry_v1(kind: bytes, *, samples: int, frame_bytes: int, channels: int = 1) -> bytes:
    """Return a description of sound in frames (version 1)."""
    first = struct.pack(">HH6xHHIHH", 1, 1, channels, 16, 0, 8000, 0)
    return box(kind, bytes(6) + first + struct.pack(">IIII", samples, 0, frame_bytes, 2))


def sound_entry_v2(kind: bytes, *, channels: int = 1, bits: int = 16) -> bytes:
    """Return a description of sound (version 2)."""
    first = struct.pack(">HH6xHHhHII", 1, 2, 3, 16, -2, 0, 65536, 72)
    rest = struct.pack(">dIIIIII", 8000.0, channels, 0x7F000000, bits, 4, bits // 8 * channels, 1)
    return box(kind, bytes(6) + first + rest)


def _table(count: int, numbers: Sequence[int]) -> bytes:
    return struct.pack(f">II{len(numbers)}I", 0, count, *numbers)
