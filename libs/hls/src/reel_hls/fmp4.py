"""Tracks of an initialization section, and samples of a fragment (ISO/IEC 14496-12, 8.8)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from reel_hls.codecs import SampleEntry, sample_entries
from reel_hls.isobmff import Box, MalformedBox, children, descendants, find, u32, u64

_NON_SYNC: Final = 0x10000
_TFHD_FIELDS: Final = ((0x1, 8), (0x2, 4), (0x8, 4), (0x10, 4), (0x20, 4))
_EMPTY_EDIT: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """`defaults` are duration, size and flags of samples that don't say; times are seconds.

    A sample decoded for time t is presented at t + `shift_s`, but nothing before `begin_s`.
    """

    entry: SampleEntry
    timescale: int
    defaults: tuple[int, int, int]
    shift_s: float = 0.0
    begin_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """`start` to `end` (exclusive) are bytes of the file."""

    at_s: float
    duration_s: float
    start: int
    end: int
    sync: bool


def tracks(init: bytes) -> dict[int, Track]:
    """Return the picture and sound tracks of an initialization section by their ids.

    Raises:
        MalformedBox: it is none.
    """
    moov = find(init, Box(b"", 0, len(init), 0), b"moov")
    if moov is None:
        raise MalformedBox("the initialization section has no moov")
    mvhd = find(init, moov, b"mvhd")
    movie_scale = _timescale(init, mvhd) if mvhd else 1
    defaults = {
        u32(init, trex.body + 4): (
            u32(init, trex.body + 12),
            u32(init, trex.body + 16),
            u32(init, trex.body + 20),
        )
        for trex in descendants(init, moov, (b"mvex", b"trex"))
    }
    found = (
        _track(init, trak, movie_scale, defaults) for trak in descendants(init, moov, (b"trak",))
    )
    return dict(track for track in found if track)


def samples(
    data: bytes, moof: Box, at: int, known: Mapping[int, Track]
) -> Iterator[tuple[Track, list[Sample]]]:
    """Yield the samples of each known track of a fragment.

    `moof` lies in `data`, which lies at byte `at` of the file.

    Raises:
        MalformedBox: a table is cut off.
    """
    moof_at = at + moof.start
    for traf in descendants(data, moof, (b"traf",)):
        tfhd, tfdt = find(data, traf, b"tfhd"), find(data, traf, b"tfdt")
        if tfhd is None or tfdt is None:
            raise MalformedBox("a track fragment has no tfhd or tfdt")
        track = known.get(u32(data, tfhd.body + 4))
        if track:
            yield track, _track_samples(data, traf, (tfhd, tfdt), track, moof_at)


def _track(
    init: bytes, trak: Box, movie_scale: int, defaults: Mapping[int, tuple[int, int, int]]
) -> tuple[int, Track] | None:
    tkhd, mdhd = find(init, trak, b"tkhd"), find(init, trak, b"mdia", b"mdhd")
    entry = next(sample_entries(init, trak), None)
    if tkhd is None or mdhd is None:
        raise MalformedBox("a track has no tkhd or mdhd")
    if entry is None:
        return None
    number = u32(init, tkhd.body + (20 if init[tkhd.body] else 12))
    timescale = _timescale(init, mdhd)
    empty, media_time = _edits(init, find(init, trak, b"edts", b"elst"))
    begin_s = empty / movie_scale
    return number, Track(
        entry=entry,
        timescale=timescale,
        defaults=defaults.get(number, (0, 0, 0)),
        shift_s=begin_s - media_time / timescale,
        begin_s=begin_s,
    )


def _timescale(data: bytes, header: Box) -> int:
    """`mvhd` and `mdhd` begin alike."""
    value = u32(data, header.body + (20 if data[header.body] else 12))
    if value == 0:
        raise MalformedBox("a timescale of 0")
    return value


def _edits(data: bytes, elst: Box | None) -> tuple[int, int]:
    """Return the empty time before the film (movie's scale), and where it begins (track's)."""
    if elst is None:
        return 0, 0
    empty, wide = 0, bool(data[elst.body])
    width = 8 if wide else 4
    for number in range(u32(data, elst.body + 4)):
        position = elst.body + 8 + number * (2 * width + 4)
        duration = u64(data, position) if wide else u32(data, position)
        media_time = int.from_bytes(
            data[position + width : position + 2 * width], "big", signed=True
        )
        if media_time != _EMPTY_EDIT:
            return empty, media_time
        empty += duration
    return empty, 0


def _track_samples(
    data: bytes, traf: Box, headers: tuple[Box, Box], track: Track, moof_at: int
) -> list[Sample]:
    tfhd, tfdt = headers
    base, defaults = _header(data, tfhd, track)
    track = replace(track, defaults=defaults)
    clock = u64(data, tfdt.body + 4) if data[tfdt.body] else u32(data, tfdt.body + 4)
    base = moof_at if base is None else base
    position, found = base, list[Sample]()
    for run in children(data, traf):
        if run.kind == b"trun":
            clock, position = _run(data, run, track, (base, clock, position), found)
    return found


def _header(data: bytes, tfhd: Box, track: Track) -> tuple[int | None, tuple[int, int, int]]:
    """Return the base of data offsets (None: the fragment itself), and the samples' defaults."""
    flags = u32(data, tfhd.body) & 0xFFFFFF
    position, values = tfhd.body + 8, dict[int, int]()
    for flag, width in _TFHD_FIELDS:
        if flags & flag:
            values[flag] = u64(data, position) if width == 8 else u32(data, position)  # noqa: PLR2004
            position += width
    duration, size, kind = track.defaults
    defaults = (values.get(0x8, duration), values.get(0x10, size), values.get(0x20, kind))
    return values.get(0x1), defaults


def _run(
    data: bytes,
    run: Box,
    track: Track,
    places: tuple[int, int, int],
    found: list[Sample],
) -> tuple[int, int]:
    """Append a run's samples; return decode time and byte position after it."""
    base, clock, position = places
    version, flags = data[run.body], u32(data, run.body) & 0xFFFFFF
    count, cursor = u32(data, run.body + 4), run.body + 8
    if flags & 0x1:
        position = base + int.from_bytes(data[cursor : cursor + 4], "big", signed=True)
        cursor += 4
    first_flags = u32(data, cursor) if flags & 0x4 else None
    cursor += 4 if flags & 0x4 else 0
    fields = [bool(flags & flag) for flag in (0x100, 0x200, 0x400, 0x800)]
    if cursor + 4 * sum(fields) * count > run.end or not (any(fields) or count <= 1 << 16):
        raise MalformedBox(f"a run of {count} samples does not fit its box")
    for number in range(count):
        values = [*track.defaults, 0]
        for place, there in enumerate(fields):
            if there:
                signed = place == 3 and version > 0  # noqa: PLR2004 - composition offsets
                values[place] = int.from_bytes(data[cursor : cursor + 4], "big", signed=signed)
                cursor += 4
        duration, size, kind, offset = values
        kind = first_flags if number == 0 and first_flags is not None else kind
        at_s = (clock + offset) / track.timescale + track.shift_s
        lasts_s = duration / track.timescale
        found.append(Sample(at_s, lasts_s, position, position + size, not kind & _NON_SYNC))
        clock, position = clock + duration, position + size
    return clock, position
