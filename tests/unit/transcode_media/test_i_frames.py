"""I-frame playlists out of measured segments."""

from collections.abc import Sequence

import m3u8
import pytest

from reel_hls.facts import Keyframe, Kind, SegmentFacts, TrackFacts
from reel_hls.rates import average_bandwidth, peak_bandwidth
from reel_testing.hls_files import sound
from transcode_service.domain.i_frames import i_frame_playlist, i_frame_track
from transcode_service.domain.packaging import FMP4, TS

FIRST_S = 1.4


def segment(name: str, start_s: float, end_s: float, keyframes: Sequence[Keyframe]) -> SegmentFacts:
    picture = TrackFacts(
        kind=Kind.VIDEO,
        codec="avc1.64001f",
        start_s=start_s,
        end_s=end_s,
        frames=30,
        keyframes=tuple(keyframes),
    )
    return SegmentFacts(name, 600_000, (picture, sound(start_s, end_s - start_s)))


FILM = (
    segment(
        "seg_00000.m4s",
        FIRST_S,
        FIRST_S + 4,
        [Keyframe(FIRST_S, 24, 50_024), Keyframe(FIRST_S + 2, 300_000, 340_000)],
    ),
    segment("seg_00001.m4s", FIRST_S + 4, FIRST_S + 5.5, [Keyframe(FIRST_S + 4, 24, 60_024)]),
)


def test_the_playlist_is_exact() -> None:
    assert i_frame_playlist(i_frame_track(FILM), FMP4) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-TARGETDURATION:2\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-PLAYLIST-TYPE:VOD\n"
        "#EXT-X-I-FRAMES-ONLY\n"
        '#EXT-X-MAP:URI="init.mp4"\n'
        "#EXTINF:2.000000,\n"
        "#EXT-X-BYTERANGE:50000@24\n"
        "seg_00000.m4s\n"
        "#EXTINF:2.000000,\n"
        "#EXT-X-BYTERANGE:40000@300000\n"
        "seg_00000.m4s\n"
        "#EXTINF:1.500000,\n"
        "#EXT-X-BYTERANGE:60000@24\n"
        "seg_00001.m4s\n"
        "#EXT-X-ENDLIST\n"
    )


def test_mpeg_ts_needs_no_initialization_section() -> None:
    text = i_frame_playlist(i_frame_track(FILM), TS)

    assert "#EXT-X-MAP" not in text
    assert "#EXT-X-VERSION:6\n" in text


def test_another_reader_of_playlists_finds_the_same() -> None:
    theirs = m3u8.loads(i_frame_playlist(i_frame_track(FILM), FMP4))

    assert theirs.is_i_frames_only
    assert [one.byterange for one in theirs.segments] == ["50000@24", "40000@300000", "60000@24"]
    assert sum(one.duration or 0.0 for one in theirs.segments) == pytest.approx(5.5)


def test_rates_are_those_of_the_i_frames_alone() -> None:
    track = i_frame_track(FILM)

    assert track.peak_bandwidth == round(8 * 60_000 / 1.5)
    assert track.average_bandwidth == round(8 * 150_000 / 5.5)


def test_an_i_frame_that_no_range_shows_is_left_out_and_the_one_before_stays() -> None:
    hidden = segment("a.m4s", 0, 6, [Keyframe(0, 24, 900), Keyframe(2, None, 5_000)])

    (only,) = i_frame_track((hidden,)).frames

    assert (only.start, only.end, only.lasts_s) == (24, 900, 6)


def test_a_film_of_a_moment_has_a_target_duration_all_the_same() -> None:
    blink = segment("a.m4s", 0, 0.04, [Keyframe(0, 24, 900)])

    assert "#EXT-X-TARGETDURATION:1\n" in i_frame_playlist(i_frame_track((blink,)), FMP4)


def test_a_film_without_an_i_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="no segment holds an I-frame"):
        i_frame_track((segment("a.m4s", 0, 6, [Keyframe(0, None, 900)]),))


@pytest.mark.parametrize("end_s", [FIRST_S + 2.9999996, FIRST_S + 3.0000004])
def test_the_rates_are_those_that_a_reader_of_the_playlist_finds(end_s: float) -> None:
    keyframes = [Keyframe(FIRST_S, 24, 50_024), Keyframe(FIRST_S + 2, 300_000, 340_000)]
    track = i_frame_track([segment("seg_00000.m4s", FIRST_S, end_s, keyframes)])

    read = m3u8.loads(i_frame_playlist(track, FMP4))

    sizes = [frame.size_bytes for frame in track.frames]
    durations_s = [float(one.duration or 0) for one in read.segments]
    target_s = float(read.target_duration or 0)
    assert track.peak_bandwidth == peak_bandwidth(sizes, durations_s, target_s)
    assert track.average_bandwidth == average_bandwidth(sizes, durations_s)
