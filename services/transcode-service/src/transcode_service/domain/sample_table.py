"""Where the samples of a track lie in the file, and when each is due: a few numbers a chunk.

Sources: ISO/IEC 14496-12, 8.6 and 8.7; the QuickTime file format; what FFmpeg makes of either.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import mul
from typing import Final, Literal

from reel_hls.isobmff import Box, find, u32, u64
from transcode_service.domain.index_tables import entries, is_long, offsets

Kind = Literal["picture", "sound"]
KINDS: Final[dict[bytes, Kind]] = {b"vide": "picture", b"soun": "sound"}
MAX_LEADING_EDITS: Final = 16
NEVER: Final = 1 << 63
MAX_TICKS: Final = 1 << 60
_HANDLER_OFFSET: Final = 8
_SIGN_BIT: Final = {4: 1 << 31, 8: 1 << 63}


class UnclearIndex(Exception):
    """A track's tables don't agree with each other, or leave open what a demuxer makes of them."""


@dataclass(frozen=True, slots=True)
class Clock:
    """When samples are due, in ticks: run n begins with sample `samples[n]` at `ticks[n]`."""

    samples: "array[int]"
    ticks: "array[int]"
    deltas: "array[int]"

    def due(self, sample: int) -> int:
        """Return when a sample is due; the last run goes on for ever."""
        run = bisect_right(self.samples, sample) - 1
        return self.ticks[run] + (sample - self.samples[run]) * self.deltas[run]

    def first_due(self, at: int) -> int:
        """Return the first sample due at `at` or later; `NEVER` if the last run stands still."""
        after = bisect_left(self.ticks, at)
        if after == 0:
            return 0
        run, delta = after - 1, self.deltas[after - 1]
        begun = self.samples[after] if after < len(self.samples) else NEVER
        return min(begun, self.samples[run] - (self.ticks[run] - at) // delta) if delta else begun


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTable:
    """The chunks of one track: samples `firsts[n]` up to `firsts[n + 1]` lie from `offsets[n]`.

    `descriptions` tells which sample entry each chunk goes by. A track's ticks, `timescale` a
    second, begin `shift` ticks into the film (edit lists; negative: before it).
    """

    stbl: Box
    kind: Kind
    offsets: "array[int]"
    firsts: "array[int]"
    descriptions: "array[int]"
    clock: Clock
    timescale: int
    shift: int

    def due_s(self, sample: int) -> float:
        """Return when a sample is due, in seconds of the film."""
        return (self.clock.due(sample) + self.shift) / self.timescale

    @property
    def in_order(self) -> bool:
        """Whether each chunk lies behind the one before it."""
        return all(before < after for before, after in pairwise(self.offsets))


def kind_of(moov: bytes, trak: Box) -> Kind | None:
    """Tell what a track holds; None for anything that is neither seen nor heard."""
    hdlr = find(moov, trak, b"mdia", b"hdlr")
    if hdlr is None:
        return None
    at = hdlr.body + _HANDLER_OFFSET
    return KINDS.get(moov[at : at + 4])


def read_sample_table(moov: bytes, trak: Box, kind: Kind, film_timescale: int) -> SampleTable:
    """Read the chunks of a track, and when its samples are due.

    Raises:
        MalformedBox: a table is cut off.
        UnclearIndex: one is missing, or they contradict each other.
    """
    mdhd, stbl = _need(moov, trak, b"mdia", b"mdhd"), _need(moov, trak, b"mdia", b"minf", b"stbl")
    timescale = u32(moov, mdhd.body + (20 if is_long(moov, mdhd) else 12))
    if not timescale:
        raise UnclearIndex("a track without a clock")
    starts = offsets(moov, find(moov, stbl, b"stco") or _need(moov, stbl, b"co64"))
    firsts, descriptions = _chunks(moov, _need(moov, stbl, b"stsc"), len(starts))
    clock = _clock(moov, _need(moov, stbl, b"stts"))
    shift = _shift(moov, trak, timescale, film_timescale)
    if max(abs(shift), clock.due(firsts[-1])) > MAX_TICKS:
        raise UnclearIndex("times beyond any film")
    return SampleTable(
        stbl=stbl,
        kind=kind,
        offsets=starts,
        firsts=firsts,
        descriptions=descriptions,
        clock=clock,
        timescale=timescale,
        shift=shift,
    )


def _need(moov: bytes, parent: Box, *path: bytes) -> Box:
    box = find(moov, parent, *path)
    if box is None:
        raise UnclearIndex(f"no {path[-1].decode()} box")
    return box


def _chunks(moov: bytes, stsc: Box, count: int) -> tuple["array[int]", "array[int]"]:
    """Return the first sample of each chunk and, last, their sum; and each one's description."""
    runs = entries(moov, stsc, 4, columns=3)
    begins, samples = [*runs[0::3], count + 1], runs[1::3]
    firsts, descriptions = array("Q", [0]), array("I")
    if count and (begins[0] != 1 or any(a >= b for a, b in pairwise(begins)) or not all(samples)):
        raise UnclearIndex("runs of chunks out of order, or empty")
    for number, a_chunk in enumerate(samples if count else ()):
        chunks = begins[number + 1] - begins[number]
        first = firsts[-1]
        firsts.extend(range(first + a_chunk, first + a_chunk * chunks + 1, a_chunk))
        descriptions.extend(runs[3 * number + 2 : 3 * number + 3] * chunks)
    return firsts, descriptions


def _clock(moov: bytes, stts: Box) -> Clock:
    runs = entries(moov, stts, 4, columns=2)
    counts, deltas = runs[0::2], runs[1::2]
    if not counts:
        raise UnclearIndex("samples without times")
    samples = array("Q", accumulate(counts[:-1], initial=0))
    ticks = list(accumulate(map(mul, counts[:-1], deltas[:-1]), initial=0))
    if ticks[-1] > MAX_TICKS:
        raise UnclearIndex("times beyond any film")
    return Clock(samples, array("Q", ticks), deltas)


def _shift(moov: bytes, trak: Box, timescale: int, film_timescale: int) -> int:
    """Return when a track's first tick is due: after empty edits, and less what is cut off."""
    shift = 0
    for length, begins in _edits(moov, trak):
        if begins >= 0:
            return shift - begins
        shift += length * timescale // film_timescale if film_timescale else 0
    return shift


def _edits(moov: bytes, trak: Box) -> Iterator[tuple[int, int]]:
    """Yield the first edits: length in the film's ticks, and where in the track's, -1 for none."""
    elst = find(moov, trak, b"edts", b"elst")
    if elst is None:
        return
    read, width = (u64, 8) if is_long(moov, elst) else (u32, 4)
    for number in range(min(u32(moov, elst.body + 4), MAX_LEADING_EDITS)):
        at = elst.body + 8 + number * (2 * width + 4)
        begins = read(moov, at + width)
        signed = begins - 2 * _SIGN_BIT[width] if begins & _SIGN_BIT[width] else begins
        yield read(moov, at), signed
