from collections.abc import Sequence

import pytest

from reel_hls.isobmff import descendants
from reel_testing.index_boxes import RUN, TrackBoxes, movie
from transcode_service.domain.disorder import MAX_LAG_S, Disorder, find_disorder
from transcode_service.domain.index_tables import root
from transcode_service.domain.sample_table import SampleTable, kind_of, read_sample_table


def seconds(
    *offsets: int, a_chunk: int = 1, handler: bytes = b"vide", edits: Sequence[RUN] = ()
) -> TrackBoxes:
    """A track with one sample a second and `a_chunk` of them in each chunk."""
    counts = [a_chunk] * len(offsets)
    ones = [1] * sum(counts)
    return TrackBoxes(offsets=offsets, counts=counts, sizes=ones, handler=handler, edits=edits)


def found(*tracks: TrackBoxes) -> Disorder | None:
    moov = movie(*tracks)
    tables = list[SampleTable]()
    for trak in descendants(moov, root(moov), (b"trak",)):
        if kind := kind_of(moov, trak):
            tables.append(read_sample_table(moov, trak, kind, 1))
    return find_disorder(tables)


def test_picture_and_sound_in_turns_are_in_order() -> None:
    assert found(seconds(10, 30, 50), seconds(20, 40, 60, handler=b"soun")) is None


def test_a_film_of_one_track_is_in_order() -> None:
    assert found(seconds(10, a_chunk=1000)) is None


def test_a_film_without_tracks_or_samples_is_in_order() -> None:
    assert found() is None
    assert found(seconds(), seconds(handler=b"soun")) is None


def test_sound_after_all_of_the_picture_lags_by_the_length_of_the_film() -> None:
    picture, sound = seconds(*range(60)), seconds(*range(100, 160), handler=b"soun")

    assert found(picture, sound) == Disorder("sound", "picture", 59.0)


def test_one_chunk_a_track_lags_as_much() -> None:
    picture, sound = seconds(500, a_chunk=60), seconds(100, a_chunk=60, handler=b"soun")

    assert found(picture, sound) == Disorder("picture", "sound", 59.0)


def test_a_second_sound_far_behind_counts_too() -> None:
    first = seconds(*range(10, 70, 2), handler=b"soun")
    second = seconds(*range(100, 130), handler=b"soun")

    assert found(seconds(*range(11, 71, 2)), first, second) == Disorder("sound", "sound", 29.0)


@pytest.mark.parametrize("lag", [int(MAX_LAG_S), int(MAX_LAG_S) + 1])
def test_a_lag_is_put_up_with_up_to_a_limit(lag: int) -> None:
    picture = seconds(*range(10, 410, 10))
    sound = seconds(*range(15 + 10 * lag, 415 + 10 * lag, 10), handler=b"soun")

    assert (found(picture, sound) is None) == (lag <= MAX_LAG_S)


def test_a_track_that_ended_is_not_waited_for() -> None:
    assert found(seconds(10, 20), seconds(15, *range(25, 100), handler=b"soun")) is None


def test_a_track_that_starts_late_is_not_waited_for_before() -> None:
    late = seconds(*range(101, 121, 2), handler=b"soun", edits=((30, -1), (10, 0)))

    assert found(seconds(*range(30), *range(100, 120, 2)), late) is None


def test_a_long_still_picture_is_no_lag() -> None:
    slides = TrackBoxes(offsets=(10, 900), counts=(1, 1), sizes=(1, 1), times=((2, 600),))
    sound = seconds(*range(20, 620), handler=b"soun")

    assert found(slides, sound) is None


def test_chunks_of_a_track_in_another_order_than_its_own_are_disorder() -> None:
    assert found(seconds(30, 20, 40)) == Disorder("picture", "picture", None)


def test_data_tracks_may_lie_anywhere() -> None:
    timecode = seconds(1000, a_chunk=500, handler=b"tmcd")

    assert found(seconds(10, 30), seconds(20, 40, handler=b"soun"), timecode) is None
