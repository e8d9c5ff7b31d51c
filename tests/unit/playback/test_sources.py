"""The films we make are what they say they are."""

from itertools import pairwise
from pathlib import Path

import av
import pytest

from reel_kernel.media import MIME_BY_EXTENSION, matches_declared, sniff_container
from reel_stack import ffmpeg, playback, sources

SECONDS = 0.4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


def film(kind: str, folder: Path) -> Path:
    path = folder / sources.name(kind)
    return path if path.exists() else sources.make(kind, path, seconds=SECONDS)


@pytest.mark.parametrize(
    ("kind", "video", "audio"),
    [
        ("mov", "h264", "aac"),
        ("mp4", "h264", "aac"),
        ("3gp", "h263", "amrnb"),
        ("avi-mpeg4", "mpeg4", "mp3float"),
        ("avi-mjpeg", "mjpeg", "pcm_s16le"),
        ("wmv", "wmv2", "wmav2"),
    ],
)
def test_every_family_holds_its_codecs_and_decodes(
    folder: Path, kind: str, video: str, audio: str
) -> None:
    path = film(kind, folder)

    with av.open(str(path)) as container:
        codecs = [stream.codec_context.name for stream in container.streams]
        rate = sources.RECIPES[kind].rate
    assert codecs == [video, audio]
    assert ffmpeg.decode(path) == rate * SECONDS
    mime = MIME_BY_EXTENSION[path.suffix[1:]]
    assert matches_declared(mime, sniff_container(path.read_bytes()[:4096]))


@pytest.mark.parametrize("kind", sources.RECIPES)
def test_every_film_is_upright_once_its_rotation_is_applied(folder: Path, kind: str) -> None:
    assert playback.corners(film(kind, folder)) == sources.CORNERS


@pytest.mark.parametrize("kind", ["mov", "mp4", "mov-rotated-180"])
def test_a_phone_writes_its_index_last(folder: Path, kind: str) -> None:
    data = film(kind, folder).read_bytes()

    assert data.index(b"mdat") < data.rindex(b"moov")


def test_a_long_film_repeats_a_short_one_without_a_seam(tmp_path: Path) -> None:
    seconds = sources.LOOP_S + 1

    path = sources.make("mov-upright", tmp_path / "long.mov", seconds=seconds)

    assert ffmpeg.decode(path) == 30 * seconds
    with av.open(str(path)) as container:
        packets = list(container.demux(container.streams.video[0]))
    ticks = [packet.pts for packet in packets if packet.pts is not None]
    assert {later - now for now, later in pairwise(ticks)} == {ticks[1]}


@pytest.mark.parametrize("kind", sources.DAMAGED)
def test_every_damaged_film_fails_to_decode(folder: Path, kind: str) -> None:
    path = film(kind, folder)

    with pytest.raises(ffmpeg.FfmpegFailed):
        ffmpeg.decode(path)


def test_making_a_film_leaves_nothing_else_behind(tmp_path: Path) -> None:
    sources.make("3gp", tmp_path / "tour.3gp", seconds=SECONDS)

    assert [path.name for path in tmp_path.iterdir()] == ["tour.3gp"]
