import struct

import pytest

from reel_hls.isobmff import MalformedBox
from reel_testing.boxes import box
from transcode_service.domain.probe import UNKNOWN_CODEC, AudioStream, Probe, VideoStream
from transcode_service.domain.tracks import DolbyVision, Track, read_tracks


def trak(entry: bytes) -> bytes:
    stsd = box(b"stsd", struct.pack(">II", 0, 1) + entry)
    return box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", stsd))))


def picture(*boxes: bytes) -> bytes:
    return trak(box(b"hvc1", bytes(78) + b"".join(boxes)))


def record(kind: bytes, profile: int, compatibility: int) -> bytes:
    return box(kind, bytes([1, 0, profile << 1 | 1, 0, compatibility << 4]).ljust(24, b"\0"))


SOUND = trak(box(b"apac", bytes(28)))


@pytest.mark.parametrize(
    ("kind", "profile", "compatibility", "stands_alone"),
    [(b"dvcC", 5, 0, False), (b"dvvC", 8, 4, True), (b"dvcC", 7, 6, True)],
)
def test_the_index_tells_dolby_vision_and_codecs(
    kind: bytes, profile: int, compatibility: int, *, stands_alone: bool
) -> None:
    hvcc = box(b"hvcC", bytes(20))
    moov = box(b"moov", SOUND + picture(hvcc, record(kind, profile, compatibility)))

    tracks = read_tracks(moov)

    vision = DolbyVision(profile, compatibility)
    assert tracks == (Track("apac"), Track("hvc1", vision))
    assert vision.stands_alone is stands_alone


def test_a_film_without_dolby_vision_has_none() -> None:
    assert read_tracks(box(b"moov", picture(box(b"hvcC", bytes(20))))) == (Track("hvc1"),)
    assert read_tracks(box(b"moov", picture(box(b"dvvC", b"\1")))) == (Track("hvc1"),)
    assert read_tracks(box(b"moov", picture() + trak(b""))) == (Track("hvc1"), Track("none"))


def test_bytes_that_are_no_index_are_malformed() -> None:
    with pytest.raises(MalformedBox):
        read_tracks(box(b"moov", box(b"trak", struct.pack(">I4s", 99, b"mdia"))))


def test_only_what_the_demuxer_could_not_name_is_named_by_the_index() -> None:
    film = VideoStream(index=0, codec="hevc", decodable=True, width=2, height=2)
    unknown = AudioStream(
        index=1, codec=UNKNOWN_CODEC, decodable=False, channels=0, sample_rate_hz=0
    )
    probe = Probe(video=(film,), audio=(unknown,))

    tracked = probe.tracked((Track("hvc1", DolbyVision(8, 4)), Track("apac")))

    assert tracked.video[0].codec == "hevc"
    assert tracked.video[0].dolby_vision == DolbyVision(8, 4)
    assert tracked.audio[0].codec == "apac"
    assert probe.tracked(()) == probe
