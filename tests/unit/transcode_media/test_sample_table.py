import struct
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reel_hls.isobmff import MalformedBox, descendants
from reel_testing.boxes import box
from reel_testing.index_boxes import (
    TrackBoxes,
    movie,
    sound_entry,
    sound_entry_v1,
    sound_entry_v2,
)
from transcode_service.domain.index_tables import root
from transcode_service.domain.sample_sizes import Equal, Listed, SampleSizes, read_sample_sizes
from transcode_service.domain.sample_table import (
    Clock,
    SampleTable,
    UnclearIndex,
    kind_of,
    read_sample_table,
)


def table(track: TrackBoxes, moov: bytes | None = None) -> SampleTable:
    data = movie(track, timescale=10) if moov is None else moov
    (trak,) = descendants(data, root(data), (b"trak",))
    kind = kind_of(data, trak)
    assert kind is not None
    return read_sample_table(data, trak, kind, 10)


def sizes(track: TrackBoxes) -> SampleSizes:
    return read_sample_sizes(movie(track, timescale=10), table(track))


PICTURE = TrackBoxes(
    offsets=(100, 200, 300),
    counts=(2, 2, 1),
    sizes=(10, 20, 30, 40, 50),
    times=((3, 5), (2, 10)),
    timescale=10,
)


def test_chunks_know_their_samples_and_samples_their_time() -> None:
    found = table(PICTURE)

    assert list(found.offsets) == [100, 200, 300]
    assert list(found.firsts) == [0, 2, 4, 5]
    assert [found.due_s(sample) for sample in range(6)] == [0.0, 0.5, 1.0, 1.5, 2.5, 3.5]
    assert (found.kind, list(found.descriptions)) == ("picture", [1, 1, 1])
    assert found.in_order


def test_edits_shift_a_track_in_the_film() -> None:
    late = TrackBoxes(
        offsets=(1,), counts=(1,), sizes=(1,), timescale=100, edits=((20, -1), (50, 30))
    )

    assert table(late).due_s(0) == 2.0 - 0.3


@given(
    st.lists(st.tuples(st.integers(1, 5), st.integers(0, 4)), min_size=1, max_size=5),
    st.integers(-3, 60),
)
def test_the_first_sample_due_is_the_first_due(runs: list[tuple[int, int]], at: int) -> None:
    moments = [0]
    for count, delta in runs:
        moments += [moments[-1] + delta * (n + 1) for n in range(count)]
    found = table(TrackBoxes(offsets=(1,), counts=(1,), sizes=(1,), times=runs))

    first = found.clock.first_due(at)

    assert [found.clock.due(n) for n in range(len(moments))] == moments
    for sample in range(min(first, len(moments))):
        assert moments[sample] < at
    if first < len(moments):
        assert moments[first] >= at


def test_a_clock_that_stands_still_never_comes_to_a_later_time() -> None:
    stopped = Clock(array("Q", [0]), array("Q", [0]), array("I", [0]))

    assert stopped.first_due(1) > 1 << 60


@pytest.mark.parametrize("handler", [b"tmcd", b"meta", b"text", b"sbtl", b"hint"])
def test_what_is_neither_seen_nor_heard_has_no_kind(handler: bytes) -> None:
    data = movie(TrackBoxes(offsets=(), counts=(), handler=handler))
    (trak,) = descendants(data, root(data), (b"trak",))

    assert kind_of(data, trak) is None


@pytest.mark.parametrize("without", [b"stts", b"stsc", b"stco"])
def test_a_track_without_one_of_its_tables_is_unclear(without: bytes) -> None:
    with pytest.raises(UnclearIndex):
        table(TrackBoxes(offsets=(1,), counts=(1,), sizes=(1,), without=without))


@pytest.mark.parametrize(
    "track",
    [
        TrackBoxes(offsets=(1,), counts=(1,), sizes=(1,), timescale=0),
        TrackBoxes(offsets=(1,), counts=(0,), sizes=(1,)),
        TrackBoxes(offsets=(1,), counts=(1, 1), sizes=(1, 1)),
        TrackBoxes(offsets=(1,), counts=(1,), sizes=(1,), times=()),
        TrackBoxes(offsets=(1,), counts=(1,), sizes=(1,), times=((2**32 - 1, 2**32 - 1),) * 2),
    ],
    ids=["no clock", "an empty chunk", "a run beyond the chunks", "no times", "endless times"],
)
def test_tables_that_contradict_each_other_are_unclear(track: TrackBoxes) -> None:
    with pytest.raises(UnclearIndex):
        table(track)


@pytest.mark.parametrize("kind", [b"stts", b"stsc", b"stco"])
def test_a_table_cut_off_is_malformed(kind: bytes) -> None:
    moov = bytearray(movie(PICTURE))
    at = moov.index(kind) + 8
    moov[at : at + 4] = struct.pack(">I", 1000)

    with pytest.raises(MalformedBox):
        table(PICTURE, bytes(moov))


def test_samples_of_their_own_sizes_are_parted_anywhere() -> None:
    found = sizes(PICTURE)

    assert isinstance(found, Listed)
    assert found.unit == 1
    assert found.bytes_of(1, 4) == 20 + 30 + 40


def test_compact_sizes_are_read_too() -> None:
    moov = movie(PICTURE)
    stsz = moov[moov.index(b"stsz") - 4 :][: 20 + 5 * 4]
    stz2 = box(b"stz2", struct.pack(">III5H", 0, 16, 5, 1, 2, 3, 4, 5) + bytes(10 - 4 - 6))
    compact = moov.replace(stsz, stz2 + box(b"free", bytes(len(stsz) - len(stz2) - 8)))

    found = read_sample_sizes(compact, table(PICTURE, compact))

    assert found.bytes_of(0, 5) == 15


def test_fewer_sizes_than_samples_are_unclear() -> None:
    with pytest.raises(UnclearIndex):
        sizes(TrackBoxes(offsets=(1,), counts=(3,), sizes=(1, 2)))


def raw(entry: bytes, same: int) -> TrackBoxes:
    return TrackBoxes(
        offsets=(1,), counts=(4096,), same=same, times=((4096, 1),), handler=b"soun", entry=entry
    )


@pytest.mark.parametrize(
    ("track", "known"),
    [
        (raw(sound_entry(b"sowt", channels=2), 4), Equal(4, unit=1024)),
        (raw(sound_entry(b"twos", channels=2), 1), Equal(4, unit=1024)),
        (raw(sound_entry(b"in24", channels=2), 6), Equal(6, unit=1024)),
        (raw(sound_entry(b"ulaw"), 1), Equal(1, unit=1024)),
        (
            raw(sound_entry_v1(b"sowt", samples=1, frame_bytes=4, channels=2), 4),
            Equal(4, unit=1024),
        ),
        (raw(sound_entry_v1(b"ima4", samples=64, frame_bytes=34), 1), Equal(34, 64, 1024)),
        (raw(sound_entry_v1(b"agsm", samples=160, frame_bytes=33), 1), Equal(33, 160, 160)),
        (raw(sound_entry_v2(b"lpcm", channels=2, bits=24), 6), Equal(6, unit=1024)),
    ],
)
def test_raw_sound_has_the_size_its_description_tells(track: TrackBoxes, known: Equal) -> None:
    assert sizes(track) == known


@pytest.mark.parametrize(
    "track",
    [
        raw(sound_entry(b"sowt", channels=2), 3),
        raw(sound_entry(b"none"), 2),
        raw(sound_entry(b"sowt", channels=0), 1),
        raw(sound_entry_v1(b"ima4", samples=64, frame_bytes=0), 1),
    ],
    ids=["another size", "an unknown codec", "no channels", "no bytes a frame"],
)
def test_raw_sound_of_doubtful_size_is_unclear(track: TrackBoxes) -> None:
    with pytest.raises(UnclearIndex):
        sizes(track)


def test_a_chunk_that_ends_within_a_frame_is_unclear() -> None:
    with pytest.raises(UnclearIndex):
        Equal(34, 64, 1024).bytes_of(0, 63)


def test_equal_samples_that_are_not_raw_are_parted_anywhere() -> None:
    amr = TrackBoxes(
        offsets=(1,), counts=(9,), same=13, times=((9, 160),), handler=b"soun", timescale=8000
    )

    assert sizes(amr) == Equal(13)
