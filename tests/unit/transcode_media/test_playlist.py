from dataclasses import replace
from fractions import Fraction

import m3u8
import pytest

from reel_hls.isobmff import MalformedBox
from reel_hls.rates import average_bandwidth, peak_bandwidth
from reel_testing.boxes import box
from transcode_service.domain.ladder import Rung
from transcode_service.domain.playlist import (
    MediaPlaylist,
    Variant,
    avc_codec,
    master_playlist,
    parse_media_playlist,
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
)
LOW = replace(
    HIGH,
    rung=Rung("480p", 854, 480, 23, 1400, 2800),
    codecs=("avc1.64001e",),
    peak_bandwidth=1_400_000,
    average_bandwidth=900_000,
)


def test_the_master_playlist_is_exact() -> None:
    assert master_playlist((HIGH, LOW)) == (
        "#EXTM3U\n"
        "#EXT-X-VERSION:7\n"
        "#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=2900000,AVERAGE-BANDWIDTH=2100000,"
        'CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970\n'
        "720p/playlist.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=1400000,AVERAGE-BANDWIDTH=900000,"
        'CODECS="avc1.64001e",RESOLUTION=854x480,FRAME-RATE=29.970\n'
        "480p/playlist.m3u8\n"
    )


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


def test_a_film_shorter_than_half_a_second_has_a_target_of_none() -> None:
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:0\n#EXTINF:0.040000,\nseg_00000.m4s\n#EXT-X-ENDLIST\n"

    assert parse_media_playlist(text) == MediaPlaylist((("seg_00000.m4s", 0.04),), 0)


def test_the_peak_is_that_of_runs_about_as_long_as_the_target() -> None:
    sizes, durations_s = [600_000, 750_000, 400_000], [6.0, 6.0, 0.5]

    # The last, short segment alone does not count; with its neighbour it does.
    assert peak_bandwidth(sizes, durations_s, 6) == round(8 * 1_150_000 / 6.5)
    assert average_bandwidth(sizes, durations_s) == round(8 * 1_750_000 / 12.5)


def test_a_film_shorter_than_half_a_segment_peaks_at_its_average() -> None:
    assert peak_bandwidth([1000], [1.0], 6) == 8000


def init(codec: bytes, inner: bytes) -> bytes:
    entry = box(codec, bytes(78) + inner)
    stbl = box(b"stbl", box(b"stsd", bytes(7) + b"\x01" + entry))
    mdia = box(b"mdia", box(b"minf", stbl))
    return box(b"ftyp", b"isom") + box(b"moov", box(b"trak", mdia))


def test_the_codec_is_read_from_the_init_section() -> None:
    avcc = box(b"avcC", bytes.fromhex("0164001fffe1"))

    assert avc_codec(init(b"avc1", box(b"pasp", bytes(8)) + avcc)) == "avc1.64001f"


@pytest.mark.parametrize("section", [b"", init(b"mp4a", b""), init(b"avc1", b"")])
def test_an_init_section_without_h264_is_refused(section: bytes) -> None:
    with pytest.raises(MalformedBox):
        avc_codec(section)
