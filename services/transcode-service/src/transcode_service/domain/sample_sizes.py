"""How many bytes a track's samples have, as FFmpeg reads it, for it is who will read them.

Sources: ISO/IEC 14496-12, 8.7.3; the QuickTime file format, "Sound sample descriptions"; and
FFmpeg's `mov_build_index`, which takes raw sound in packets of up to 1024 samples of a chunk.
"""

from array import array
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Protocol

from reel_hls.isobmff import LARGE_HEADER_BYTES, Box, find, read_box, u32
from transcode_service.domain.index_tables import entries
from transcode_service.domain.sample_table import SampleTable, UnclearIndex

PACKET_SAMPLES: Final = 1024
LONG_FRAME_SAMPLES: Final = 160
"""From here on FFmpeg makes a packet of every frame."""
SAID: Final = 0
RAW_BITS: Final = {
    **dict.fromkeys((b"sowt", b"twos", b"raw ", b"lpcm", b"ipcm", b"fpcm"), SAID),
    **dict.fromkeys((b"ulaw", b"alaw"), 8),
    b"in24": 24,
    b"in32": 32,
    b"fl32": 32,
    b"fl64": 64,
}
"""Bits of a raw sample by its four letters; `SAID`: as many as the description says."""
_FIRST_ENTRY: Final = 8
_VERSION_AT: Final = 8
_V0_CHANNELS_AND_BITS: Final = 16
_V1_FRAME: Final = 28
_VERSION_2: Final = 2
_V2_CHANNELS: Final = 40
_V2_BITS: Final = 48
_COMPACT_WIDTHS: Final = {8: 1, 16: 2}


class SampleSizes(Protocol):
    """Sizes of samples; a chunk may be parted after every `unit` of them from its start."""

    @property
    def unit(self) -> int: ...

    def bytes_of(self, first: int, end: int) -> int:
        """Return how many bytes samples `first` to `end` (exclusive) of one chunk have.

        Raises:
            UnclearIndex: they are no whole number of frames.
        """
        ...


@dataclass(frozen=True, slots=True)
class Listed:
    """Each sample has a size of its own: `before[n]` bytes come before sample n."""

    before: "array[int]"
    unit: int = 1

    def bytes_of(self, first: int, end: int) -> int:
        return self.before[end] - self.before[first]


@dataclass(frozen=True, slots=True)
class Equal:
    """Every frame of `samples` samples has `frame_bytes`."""

    frame_bytes: int
    samples: int = 1
    unit: int = 1

    def bytes_of(self, first: int, end: int) -> int:
        if (end - first) % self.samples:
            raise UnclearIndex("a chunk ends within a frame")
        return (end - first) // self.samples * self.frame_bytes


def read_sample_sizes(moov: bytes, table: SampleTable) -> SampleSizes:
    """Tell the sizes of a track's samples.

    Raises:
        MalformedBox: a table is cut off.
        UnclearIndex: it can't be told for sure, or there are fewer than its chunks hold.
    """
    raw = table.kind == "sound" and list(table.clock.deltas) == [1]
    stsz, stz2 = find(moov, table.stbl, b"stsz"), find(moov, table.stbl, b"stz2")
    box = stsz or stz2
    if box is None:
        raise UnclearIndex("samples without sizes")
    if table.firsts[-1] > u32(moov, box.body + 8):
        raise UnclearIndex("chunks of more samples than there are")
    size = u32(moov, box.body + 4) if box is stsz else 0
    if raw:
        return _raw(moov, table.stbl, size)
    if size:
        return Equal(size)
    sizes = entries(moov, box, 4, skip=8) if box is stsz else _compact(moov, box)
    return Listed(array("Q", accumulate(sizes, initial=0)))


def _compact(moov: bytes, stz2: Box) -> "array[int]":
    width = _COMPACT_WIDTHS.get(u32(moov, stz2.body + 4) & 0xFF)
    if width is None:
        raise UnclearIndex("sizes of half a byte")
    return entries(moov, stz2, width, skip=8)


def _raw(moov: bytes, stbl: Box, size: int) -> Equal:
    """Read the description of raw sound; writers put its samples' size, or 1, in the table."""
    stsd = find(moov, stbl, b"stsd")
    if stsd is None or u32(moov, stsd.body + 4) != 1:
        raise UnclearIndex("raw sound of several kinds, or none")
    start = stsd.body + _FIRST_ENTRY
    entry = read_box(moov[start : start + LARGE_HEADER_BYTES], start, stsd.end)
    version = u32(moov, entry.body + _VERSION_AT) >> 16
    samples = u32(moov, entry.body + _V1_FRAME) if version == 1 else 1
    if samples > 1:
        return _framed(samples, u32(moov, entry.body + _V1_FRAME + 8))
    channels, said = _channels_and_bits(moov, entry, version)
    sample_bytes = (RAW_BITS.get(entry.kind, SAID) or said) // 8 * channels
    if entry.kind not in RAW_BITS or not sample_bytes or size not in {1, sample_bytes}:
        raise UnclearIndex(f"{entry.name} of {sample_bytes} or {size} bytes a sample")
    return Equal(sample_bytes, unit=PACKET_SAMPLES)


def _channels_and_bits(moov: bytes, entry: Box, version: int) -> tuple[int, int]:
    if version == _VERSION_2:
        return u32(moov, entry.body + _V2_CHANNELS), u32(moov, entry.body + _V2_BITS)
    both = u32(moov, entry.body + _V0_CHANNELS_AND_BITS)
    return both >> 16, both & 0xFFFF


def _framed(samples: int, frame_bytes: int) -> Equal:
    if not frame_bytes:
        raise UnclearIndex("frames of no bytes")
    if samples >= LONG_FRAME_SAMPLES:
        return Equal(frame_bytes, samples, samples)
    return Equal(frame_bytes, samples, PACKET_SAMPLES // samples * samples)
