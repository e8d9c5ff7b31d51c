"""Films of every family Reel takes, from one bucket prefix to another, watched to their end."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from reel_stack import ffmpeg
from reel_storage.client import s3_client
from reel_testing.infra import Infra
from reel_testing.media_bucket import MediaBucket, media_bucket
from reel_testing.plugin import NewBucket
from transcode_service.domain.layout import CACHE_CONTROL
from transcode_service.domain.media_errors import Rejection, SourceRejected

MakeFilm = Callable[[str, float], Awaitable[Path]]
SECONDS = 8.0

DISPLAYED = {
    "mov": (1080, 1920),
    "mp4": (1280, 720),
    "mp4-faststart": (1280, 720),
    "3gp": (352, 288),
    "avi-mpeg4": (640, 480),
    "avi-mjpeg": (640, 480),
    "wmv": (640, 480),
}
RUNGS = {1080: ["1080p", "720p", "480p"], 720: ["720p", "480p"], 480: ["480p"], 288: ["480p"]}
TURNED = {"mov-rotated-180": (1280, 720), "mov-rotated-270": (720, 1280)}


@pytest.mark.parametrize("kind", DISPLAYED)
async def test_a_film_of_every_family_plays_whole_and_upright(
    kind: str, bucket: MediaBucket, make_film: MakeFilm
) -> None:
    result = await bucket.transcode(await make_film(kind, SECONDS))

    seen = await bucket.watch(result)
    assert (result.width, result.height) == DISPLAYED[kind]
    assert result.duration_s == pytest.approx(SECONDS, abs=0.5)
    assert [rendition.label for rendition in seen.renditions] == RUNGS[min(DISPLAYED[kind])]
    assert seen.keyframes_are_aligned
    for rendition in seen.renditions:
        assert rendition.is_upright
        assert rendition.has_sound
        assert rendition.duration_s == pytest.approx(SECONDS, abs=0.5)
        assert rendition.declared_bps >= rendition.peak_bps * 0.9
        first = rendition.keyframes_s[0]
        starts = [round(at - first, 2) for at in rendition.keyframes_s]
        assert starts[:4] == pytest.approx([0.0, 2.0, 4.0, 6.0], abs=0.05)


@pytest.mark.parametrize("kind", TURNED)
async def test_a_film_held_any_way_is_upright(
    kind: str, bucket: MediaBucket, make_film: MakeFilm
) -> None:
    result = await bucket.transcode(await make_film(kind, SECONDS), qualities=["480p"])

    seen = await bucket.watch(result)
    assert (result.width, result.height) == TURNED[kind]
    assert seen.renditions[0].is_upright


async def test_a_prefix_holds_the_presentation_and_nothing_else(
    bucket: MediaBucket, make_film: MakeFilm
) -> None:
    result = await bucket.transcode(await make_film("avi-mpeg4", SECONDS))

    prefix = result.assets[0].file_key.rpartition("/")[0]
    stored = [found async for found in bucket.admin.list_prefix(prefix)]
    assert [found.key.removeprefix(f"{prefix}/") for found in stored] == [
        "480p/iframes.m3u8",
        "480p/init.mp4",
        "480p/playlist.m3u8",
        "480p/seg_00000.m4s",
        "480p/seg_00001.m4s",
        "master.m3u8",
        "poster.jpg",
        "storyboard.vtt",
        "storyboard/0001.jpg",
    ]
    assert sum(found.size_bytes for found in stored) == result.bytes_out
    assert not bucket.work_dir.exists()


async def test_every_object_says_what_it_is_and_may_be_kept_for_ever(
    infra: Infra, new_bucket: NewBucket, make_film: MakeFilm, tmp_path: Path
) -> None:
    name = await new_bucket()
    async with media_bucket(infra, name, tmp_path / "work") as bucket:
        result = await bucket.transcode(await make_film("3gp", 1.0))
        prefix = result.assets[0].file_key.rpartition("/")[0]
        keys = [found.key async for found in bucket.admin.list_prefix(prefix)]

    async with s3_client(infra.s3) as client:
        heads = {key: await client.head_object(Bucket=name, Key=key) for key in keys}

    types = {key.removeprefix(f"{prefix}/"): head["ContentType"] for key, head in heads.items()}
    assert types == {
        "480p/iframes.m3u8": "application/vnd.apple.mpegurl",
        "480p/init.mp4": "video/mp4",
        "480p/playlist.m3u8": "application/vnd.apple.mpegurl",
        "480p/seg_00000.m4s": "video/iso.segment",
        "master.m3u8": "application/vnd.apple.mpegurl",
        "poster.jpg": "image/jpeg",
        "storyboard.vtt": "text/vtt; charset=utf-8",
        "storyboard/0001.jpg": "image/jpeg",
    }
    assert {head["CacheControl"] for head in heads.values()} == {CACHE_CONTROL}


async def test_pixels_that_are_not_square_are_made_so(
    bucket: MediaBucket, make_film: MakeFilm, tmp_path: Path
) -> None:
    wide = tmp_path / "anamorphic.mp4"
    film = await make_film("avi-mpeg4", SECONDS)
    stretch = ["-vf", "setsar=4/3", "-c:v", "libx264", "-preset", "ultrafast", "-t", "2"]
    ffmpeg.run(["-i", str(film), *stretch, str(wide)])

    result = await bucket.transcode(wide)

    assert (result.width, result.height) == (853, 480)
    assert (result.assets[1].width, result.assets[1].height) == (852, 480)


async def test_a_fragmented_film_goes_through_as_it_is(
    bucket: MediaBucket, make_film: MakeFilm, tmp_path: Path
) -> None:
    film = fragmented(await make_film("mp4", SECONDS), tmp_path / "fragmented.mp4")

    result = await bucket.transcode(film, qualities=["480p"])

    assert result.duration_s == pytest.approx(SECONDS, abs=0.5)
    assert result.bytes_in == film.stat().st_size


def fragmented(film: Path, path: Path) -> Path:
    flags = "+frag_keyframe+empty_moov+default_base_moof"
    ffmpeg.run(["-i", str(film), "-c", "copy", "-movflags", flags, str(path)])
    return path


async def test_a_silent_film_has_no_sound_in_its_codecs(
    bucket: MediaBucket, make_film: MakeFilm, tmp_path: Path
) -> None:
    silent = tmp_path / "silent.mp4"
    ffmpeg.run(["-i", str(await make_film("mp4", SECONDS)), "-c", "copy", "-an", str(silent)])

    result = await bucket.transcode(silent, qualities=["480p"])

    seen = await bucket.watch(result)
    assert result.assets[1].codec == "h264"
    assert not seen.renditions[0].has_sound


@pytest.mark.parametrize(
    "kind", ["mov-rotated-180", "mp4-faststart", "3gp", "avi-mpeg4", "avi-mjpeg", "wmv"]
)
@pytest.mark.parametrize("share", [0.5, 0.97])
async def test_a_film_cut_off_never_succeeds(
    kind: str, share: float, bucket: MediaBucket, make_film: MakeFilm, tmp_path: Path
) -> None:
    film = await make_film(kind, SECONDS)
    cut = tmp_path / f"cut{film.suffix}"
    cut.write_bytes(film.read_bytes()[: int(film.stat().st_size * share)])

    with pytest.raises(SourceRejected) as rejected:
        await bucket.transcode(cut, qualities=["480p"])

    assert rejected.value.reason is Rejection.SOURCE_TRUNCATED


async def test_a_fragmented_film_cut_off_never_succeeds(
    bucket: MediaBucket, make_film: MakeFilm, tmp_path: Path
) -> None:
    film = fragmented(await make_film("mp4", SECONDS), tmp_path / "fragmented.mp4")
    film.write_bytes(film.read_bytes()[: film.stat().st_size * 7 // 10])

    with pytest.raises(SourceRejected) as rejected:
        await bucket.transcode(film, qualities=["480p"])

    assert rejected.value.reason in {Rejection.SOURCE_TRUNCATED, Rejection.SOURCE_CORRUPT}


@pytest.mark.parametrize(
    "kind", ["mov-rotated-180", "mp4-faststart", "3gp", "avi-mpeg4", "avi-mjpeg", "wmv"]
)
async def test_a_film_with_noise_in_its_middle_is_corrupt(
    kind: str, bucket: MediaBucket, make_film: MakeFilm, tmp_path: Path
) -> None:
    film = await make_film(kind, SECONDS)
    torn = tmp_path / f"torn{film.suffix}"
    torn.write_bytes(noisy(film.read_bytes()))

    with pytest.raises(SourceRejected) as rejected:
        await bucket.transcode(torn, qualities=["480p"])

    assert rejected.value.reason is Rejection.SOURCE_CORRUPT


def noisy(data: bytes) -> bytes:
    """Overwrite a tenth of the file, from its middle on, with a pattern that is no film."""
    start, length = len(data) // 2, len(data) // 10
    noise = bytes(position * 167 % 251 for position in range(length))
    return data[:start] + noise + data[start + length :]


async def test_a_text_with_a_film_s_name_is_unsupported(
    bucket: MediaBucket, tmp_path: Path
) -> None:
    text = tmp_path / "list.mp4"
    text.write_text("bread, milk, twelve eggs\n" * 1000)

    with pytest.raises(SourceRejected) as rejected:
        await bucket.transcode(text)

    assert rejected.value.reason is Rejection.UNSUPPORTED_FORMAT
