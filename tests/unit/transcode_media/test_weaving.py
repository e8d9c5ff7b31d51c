"""The virtual interleave, held to what a demuxer does: follow the offsets, find the samples."""

from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reel_hls.isobmff import MalformedBox, children, descendants, read_box
from reel_testing.boxes import FTYP, box
from reel_testing.index_boxes import TrackBoxes, movie, sound_entry
from transcode_service.domain.index_tables import root
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.parts import FileRange, Literal, Part, Woven, total_bytes
from transcode_service.domain.sample_sizes import read_sample_sizes
from transcode_service.domain.sample_table import SampleTable, kind_of, read_sample_table
from transcode_service.domain.weaving import MAX_STRANDS, Rewoven, weave

PICTURE, SOUND = b"vide", b"soun"


def track(
    start: int, sizes: list[int], *, handler: bytes = PICTURE, counts: list[int] | None = None
) -> TrackBoxes:
    """Samples of a second each, in chunks of `counts`, one behind the other from `start`."""
    counts = [len(sizes)] if counts is None else counts
    bounds = [0, *accumulate(counts)]
    offsets = [start + sum(sizes[:first]) for first in bounds[:-1]]
    return TrackBoxes(
        offsets=offsets,
        counts=counts,
        sizes=sizes,
        times=((len(sizes), 10),),
        timescale=10,
        handler=handler,
    )


def woven(moov: bytes, file_bytes: int, ftyp_end: int = 0) -> Rewoven:
    rewoven = weave(moov, ftyp_end=ftyp_end, file_bytes=file_bytes)
    assert rewoven is not None
    return rewoven


def stream(data: bytes, parts: tuple[Part, ...]) -> bytes:
    out = list[bytes]()
    for part in parts:
        match part:
            case Literal():
                out.append(part.data)
            case FileRange():
                out.append(data[part.start : part.end])
            case Woven():
                ranges = [iter(zip(one.starts, one.ends, strict=True)) for one in part.strands]
                out += [data[slice(*next(ranges[turn]))] for turn in part.turns]
    return b"".join(out)


def tables(moov: bytes) -> list[SampleTable]:
    traks = descendants(moov, root(moov), (b"trak",))
    return [
        read_sample_table(moov, trak, kind, 1)
        for trak in traks
        if (kind := kind_of(moov, trak)) is not None
    ]


@dataclass(frozen=True, slots=True)
class Sample:
    track: int
    due_s: float
    data: bytes
    at: int


def samples(data: bytes, moov: bytes) -> list[Sample]:
    """Read a film by its index: each track's samples in order."""
    found = list[Sample]()
    for number, one in enumerate(tables(moov)):
        sizes = read_sample_sizes(moov, one)
        for offset, (first, end) in zip(one.offsets, pairwise(one.firsts), strict=True):
            at = offset
            for sample in range(first, end, sizes.unit):
                after = at + sizes.bytes_of(sample, min(sample + sizes.unit, end))
                found.append(Sample(number, one.due_s(sample), data[at:after], at))
                at = after
    return found


def moov_of(sent: bytes) -> bytes:
    whole = box(b"file", sent)
    (moov,) = (
        each for each in children(whole, read_box(whole, 0, len(whole))) if each.kind == b"moov"
    )
    return whole[moov.start : moov.end]


def noise(length: int) -> bytes:
    return bytes(place * 167 % 251 for place in range(length))


def test_tracks_apart_are_sent_in_turns() -> None:
    moov = movie(track(100, [5] * 60), track(1000, [3] * 60, handler=SOUND))

    rewoven = woven(moov, 2000)

    sent = stream(noise(2000), rewoven.parts)
    in_file_order = sorted(samples(sent, moov_of(sent)), key=lambda sample: sample.at)
    assert [sample.track for sample in in_file_order] == [0, 1] * 60
    assert [sample.due_s for sample in in_file_order] == [float(n // 2) for n in range(120)]
    assert rewoven.disorder.lag_s == 59.0


SIZES = st.lists(st.integers(0, 9), min_size=1, max_size=12)


@st.composite
def films(draw: st.DrawFn) -> tuple[bytes, int]:
    """An index, and the length of its file: the tracks one behind the other, the first last."""
    tracks, start = list[TrackBoxes](), 10
    for handler in draw(st.permutations([SOUND, PICTURE, SOUND])):
        sizes = draw(SIZES)
        ends = sorted({len(sizes), *draw(st.lists(st.integers(1, len(sizes)), max_size=4))})
        counts = [end - first for first, end in pairwise([0, *ends])]
        ticks = draw(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 40)), min_size=1))
        plain = track(start, sizes, handler=handler, counts=counts)
        tracks.insert(0, replace(plain, times=ticks, wide=draw(st.booleans())))
        start += sum(sizes) + draw(st.integers(0, 3))
    return movie(*tracks), start


@settings(deadline=None)
@given(films())
def test_every_sample_is_where_the_new_index_says_and_none_comes_much_before_its_time(
    film: tuple[bytes, int],
) -> None:
    moov, file_bytes = film
    data = noise(file_bytes)
    rewoven = weave(moov, ftyp_end=0, file_bytes=file_bytes)
    if rewoven is None:
        return

    sent = stream(data, rewoven.parts)

    before, after = samples(data, moov), samples(sent, moov_of(sent))
    assert total_bytes(rewoven.parts) == len(sent)
    assert [replace(one, at=0) for one in after] == [replace(one, at=0) for one in before]
    by_place = sorted((one for one in after if one.data), key=lambda one: one.at)
    assert all(second.due_s > first.due_s - 0.5 for first, second in pairwise(by_place))


def test_what_is_in_order_is_let_be() -> None:
    assert weave(movie(track(10, [5] * 60)), ftyp_end=0, file_bytes=1000) is None
    assert weave(movie(), ftyp_end=0, file_bytes=1000) is None


def test_pieces_that_stay_neighbours_are_one_range() -> None:
    half_seconds = replace(track(100, [5] * 60), times=((60, 1),))

    parts = woven(movie(half_seconds, track(1000, [3] * 60, handler=SOUND)), 2000).parts

    picture = next(part for part in parts if isinstance(part, Woven)).strands[0]
    assert (list(picture.starts)[:3], list(picture.ends)[:3]) == ([100, 125, 175], [125, 175, 225])


def test_a_leading_ftyp_is_kept_and_other_boxes_are_not() -> None:
    moov = movie(track(100, [5] * 60), track(1000, [3] * 60, handler=SOUND))
    data = FTYP + noise(2000)

    sent = stream(data, woven(moov, len(data), ftyp_end=len(FTYP)).parts)

    assert sent.startswith(FTYP)
    assert len(sent) == len(FTYP) + len(moov_of(sent)) + 16 + 60 * 8


def test_tracks_neither_seen_nor_heard_keep_their_place_and_lose_their_samples() -> None:
    data_track = track(1900, [7] * 10, handler=b"meta")
    moov = movie(track(100, [5] * 60), data_track, track(1000, [3] * 60, handler=SOUND))

    sent = stream(noise(2000), woven(moov, 2000).parts)

    traks = list(descendants(moov_of(sent), root(moov_of(sent)), (b"trak",)))
    assert len(traks) == 3
    assert box(b"stsz", bytes(12)) in moov_of(sent)[traks[1].start : traks[1].end]
    assert len(samples(sent, moov_of(sent))) == 120


def test_raw_sound_is_parted_between_a_demuxers_packets() -> None:
    sound = TrackBoxes(
        offsets=(1000,),
        counts=(80_000,),
        same=2,
        times=((80_000, 1),),
        timescale=8000,
        handler=SOUND,
        entry=sound_entry(b"sowt"),
    )
    moov = movie(track(100, [5] * 10), sound)

    parts = woven(moov, 200_000).parts

    strand = next(part for part in parts if isinstance(part, Woven)).strands[1]
    sizes = [end - start for start, end in zip(strand.starts, strand.ends, strict=True)]
    assert sum(sizes) == 160_000
    assert all(size % 2048 == 0 for size in sizes[:-1])
    assert max(sizes) <= 8000 + 8000 + 2048


def test_offsets_become_64_bit_when_the_stream_outgrows_32() -> None:
    picture = replace(track(100, [2**31 + 2] * 2, counts=[1, 1]), times=((2, 50),))
    moov = movie(picture, track(50, [3] * 9, handler=SOUND))

    parts = woven(moov, 2**32 + 1000).parts

    index = next(part.data for part in parts if isinstance(part, Literal))
    assert index.count(b"co64") == 2
    assert b"stco" not in index
    assert index[-16:-12] == b"\0\0\0\1"
    assert index[-12:-8] == b"mdat"
    assert int.from_bytes(index[-8:], "big") == 16 + 2 * (2**31 + 2) + 27


def test_a_file_that_ends_before_a_sample_is_truncated() -> None:
    moov = movie(track(100, [5] * 60), track(1000, [3] * 60, handler=SOUND))

    with pytest.raises(SourceRejected) as rejected:
        weave(moov, ftyp_end=0, file_bytes=1179)

    assert rejected.value.reason is Rejection.SOURCE_TRUNCATED


APART = (track(100, [5] * 60), track(1000, [3] * 60, handler=SOUND))


@pytest.mark.parametrize(
    "moov",
    [
        movie(*APART, *[track(10, [1], handler=SOUND)] * MAX_STRANDS),
        movie(*APART, track(100, [600] * 3, handler=SOUND)),
        movie(APART[0], replace(APART[1], without=b"stsz")),
        movie(APART[0], replace(APART[1], without=b"stts")),
    ],
    ids=["too many tracks", "shared samples", "no sizes", "no times"],
)
def test_what_is_not_clear_is_left_as_it_is(moov: bytes) -> None:
    assert weave(moov, ftyp_end=0, file_bytes=2000) is None


def test_an_index_cut_off_inside_a_table_is_malformed() -> None:
    moov = bytearray(movie(*APART))
    at = moov.index(b"stsz") + 16
    moov[at - 4 : at] = (100_000).to_bytes(4, "big")

    with pytest.raises(MalformedBox):
        weave(bytes(moov), ftyp_end=0, file_bytes=2000)
