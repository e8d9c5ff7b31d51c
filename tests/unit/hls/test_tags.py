import pytest

from reel_hls.findings import Code
from reel_hls.playlists import (
    BadPlaylist,
    ByteRange,
    MasterPlaylist,
    MediaPlaylist,
    parse,
)
from reel_hls.tags import check_tags

MEDIA = """#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="init.mp4"
#EXTINF:6.000000,
#EXT-X-BYTERANGE:100@50
film.m4s
#EXTINF:2.033333,
#EXT-X-BYTERANGE:30
film.m4s
#EXT-X-ENDLIST
"""


def codes(text: str) -> list[Code]:
    return [found.code for found in check_tags(text, "p.m3u8")]


def test_a_playlist_with_the_tags_it_needs_has_no_finding() -> None:
    assert codes(MEDIA) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("#EXT-X-CACHE:YES", Code.UNKNOWN_TAG),
        ("#EXT-X-ENDLIST", Code.REPEATED_TAG),
        ("#EXT-X-TARGETDURATION:6", Code.REPEATED_TAG),
    ],
)
def test_a_tag_that_does_not_belong_is_found(line: str, code: Code) -> None:
    assert codes(MEDIA + line) == [code]


def test_a_tag_of_media_playlists_is_found_in_a_master() -> None:
    text = "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n#EXT-X-ENDLIST"

    assert codes(text) == [Code.MISPLACED_TAG]


@pytest.mark.parametrize("version", ["#EXT-X-VERSION:5", "#EXT-X-VERSION:x", "# none"])
def test_a_version_too_low_for_what_is_used_is_found(version: str) -> None:
    assert codes(MEDIA.replace("#EXT-X-VERSION:7", version)) == [Code.VERSION_TOO_LOW]


def test_ranges_follow_each_other_and_names_are_resolved() -> None:
    playlist = parse(MEDIA, "https://cdn.test/v/p.m3u8")

    assert isinstance(playlist, MediaPlaylist)
    first, second = playlist.segments
    assert first.uri == "https://cdn.test/v/film.m4s"
    assert first.init == ("https://cdn.test/v/init.mp4", None)
    assert (first.part, second.part) == (ByteRange(50, 150), ByteRange(150, 180))
    assert playlist.duration_s == pytest.approx(8.033333)


def test_a_master_playlist_is_read_with_all_it_declares() -> None:
    text = (
        "#EXTM3U\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",URI="a.m3u8"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=9,AVERAGE-BANDWIDTH=8,CODECS="avc1.64001f, mp4a.40.2",'
        'RESOLUTION=64x32,FRAME-RATE=29.970,AUDIO="a"\nv.m3u8\n'
        '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="i.m3u8"\n'
    )

    master = parse(text, "/m.m3u8")

    assert isinstance(master, MasterPlaylist)
    (found,) = master.variants
    assert (found.uri, found.resolution, found.frame_rate) == ("/v.m3u8", (64, 32), 29.97)
    assert found.codecs == {"avc1.64001f", "mp4a.40.2"}
    assert [one.uri for one in (*master.i_frames, *master.audio)] == ["/i.m3u8", "/a.m3u8"]
    assert master.independent


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "#EXTM3U\n",
        "#EXTM3U\n#EXT-X-STREAM-INF:CODECS=x\nv.m3u8",
        "#EXTM3U\n#EXTINF:x,\na",
    ],
)
def test_what_is_no_playlist_is_refused(text: str) -> None:
    with pytest.raises(BadPlaylist):
        parse(text, "p.m3u8")
