import re
from dataclasses import replace
from fractions import Fraction

import m3u8
import pytest

from reel_hls.rates import average_bandwidth, peak_bandwidth
from transcode_service.domain.i_frames import IFrame, IFrameTrack
from transcode_service.domain.ladder import Rung
from transcode_service.domain.packaging import FMP4, TS
from transcode_service.domain.playlist import (
    MediaPlaylist,
    Variant,
    master_playlist,
    parse_media_playlist,
    with_rounded_target,
)

MEDIA = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="init.mp4"
#EXTINF:6.000000,
seg_00000.m4s
#EXTINF:2.033333,
seg_00001.m4s
#EXT-X-ENDLIST
"""
HIGH = Variant(
    rung=Rung("720p", 1280, 720, 23, 2800, 5600),
    frame_rate=Fraction(30000, 1001),
    codecs=("avc1.64001f", "mp4a.40.2"),
    peak_bandwidth=2_900_000,
    average_bandwidth=2_100_000,
    i_frames=IFrameTrack(
        (IFrame("seg_00000.m4s", 24, 50_024, 2.0), IFrame("seg_00000.m4s", 90_000, 115_000, 2.0))
    ),
)
LOW = replace(
    HIGH,
    rung=Rung("480p", 854, 480, 23, 1400, 2800),
    codecs=("avc1.64001e",),
    peak_bandwidth=1_400_000,
    average_bandwidth=900_000,
)


def test_the_master_playlist_is_exact() -> None:
    assert master_playlist((HIGH, LOW), FMP4) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=2900000,AVERAGE-BANDWIDTH=2100000,"
        'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970\n'
        "720p/playlist.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=1400000,AVERAGE-BANDWIDTH=900000,"
        'CODECS="avc1.64001e",RESOLUTION=854x480,FRAME-RATE=29.970\n'
        "480p/playlist.m3u8\n"
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=200000,AVERAGE-BANDWIDTH=150000,"
        'CODECS="avc1.64001f",RESOLUTION=1280x720,URI="720p/iframes.m3u8"\n'
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=200000,AVERAGE-BANDWIDTH=150000,"
        'CODECS="avc1.64001e",RESOLUTION=854x480,URI="480p/iframes.m3u8"\n'
    )


def test_a_master_is_of_the_version_of_its_media_playlists() -> None:
    assert "#EXT-X-VERSION:6\n" in master_playlist((LOW,), TS)


def test_another_reader_of_playlists_agrees_with_ours() -> None:
    ours, theirs = parse_media_playlist(MEDIA), m3u8.loads(MEDIA)

    assert ours == MediaPlaylist((("seg_00000.m4s", 6.0), ("seg_00001.m4s", 2.033333)), 6)
    assert [(segment.uri, segment.duration) for segment in theirs.segments] == list(ours.segments)
    assert ours.duration_s == pytest.approx(8.033333)


@pytest.mark.parametrize(
    "text",
    [
        "",
        MEDIA.replace("#EXT-X-ENDLIST\n", ""),
        MEDIA.replace("#EXT-X-TARGETDURATION:6\n", ""),
        MEDIA.replace("#EXTINF:2.033333,\n", ""),
    ],
)
def test_an_unfinished_playlist_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not finished|no EXTINF"):
        parse_media_playlist(text)


def test_a_film_shorter_than_half_a_second_has_a_target_of_a_second() -> None:
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:0\n#EXTINF:0.040000,\nseg_00000.m4s\n#EXT-X-ENDLIST\n"

    assert parse_media_playlist(text) == MediaPlaylist((("seg_00000.m4s", 0.04),), 1)


@pytest.mark.parametrize(
    ("stated", "longest_s", "target"),
    [
        (0, "0.500000", 1),
        (3, "2.500000", 3),
        (4, "4.500000", 5),
        (2, "1.500000", 2),
        (6, "6.000000", 6),
        (0, "0.040000", 1),
    ],
)
def test_no_segment_rounds_to_more_than_the_target(
    stated: int, longest_s: str, target: int
) -> None:
    written = MEDIA.replace("TARGETDURATION:6", f"TARGETDURATION:{stated}")
    text = re.sub(r"#EXTINF:[0-9.]+", f"#EXTINF:{longest_s}", written)

    corrected = with_rounded_target(text)

    assert corrected == text.replace(f"TARGETDURATION:{stated}", f"TARGETDURATION:{target}")


def test_the_peak_is_that_of_runs_about_as_long_as_the_target() -> None:
    sizes, durations_s = [600_000, 750_000, 400_000], [6.0, 6.0, 0.5]

    # The last, short segment alone does not count; with its neighbour it does.
    assert peak_bandwidth(sizes, durations_s, 6) == round(8 * 1_150_000 / 6.5)
    assert average_bandwidth(sizes, durations_s) == round(8 * 1_750_000 / 12.5)


def test_a_film_shorter_than_half_a_segment_peaks_at_its_average() -> None:
    assert peak_bandwidth([1000], [1.0], 6) == 8000
