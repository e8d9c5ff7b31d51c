"""Watching a stream: what a good one reports, and that no fault of a bad one is overlooked."""

import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from aiohttp import web

from reel_stack import ffmpeg, playback, sources
from reel_stack.playlists import MediaPlaylist, PlaybackFailed

SECONDS = 2.0
HIGH = "high/playlist.m3u8"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ladder of two rungs with a keyframe a second, in fragmented MP4."""
    folder = tmp_path_factory.mktemp("stream")
    film = sources.make("mov-rotated-270", folder / "film.mov", seconds=SECONDS)
    ladder = "[0:v]split[a][b];[a]scale=360:-2[high];[b]scale=180:-2[low]"
    ffmpeg.run(
        [
            *("-i", str(film), "-filter_complex", ladder, "-map", "[high]", "-map", "[low]"),
            *("-map", "0:a", "-map", "0:a", "-c:v", "libx264", "-preset", "ultrafast"),
            *("-g", "30", "-keyint_min", "30", "-sc_threshold", "0", "-b:v", "300k", "-c:a", "aac"),
            *("-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod"),
            *("-hls_segment_type", "fmp4", "-master_pl_name", "master.m3u8"),
            *("-var_stream_map", "v:0,a:0,name:high v:1,a:1,name:low"),
            *("-hls_segment_filename", str(folder / "hls/%v/seg_%05d.m4s")),
            str(folder / "hls/%v/playlist.m3u8"),
        ]
    )
    return folder / "hls"


@pytest.fixture
def stream(good: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return shutil.copytree(good, tmp_path / "hls")


@pytest.fixture
async def master_url(stream: Path) -> AsyncGenerator[str]:
    app = web.Application()
    app.router.add_static("/videos/v/hls", stream)
    seen: set[str] = set()

    async def mark(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["x-cache"] = "Hit" if request.path in seen else "Miss"
        seen.add(request.path)

    app.on_response_prepare.append(mark)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/videos/v/hls/master.m3u8"
    await runner.cleanup()


def total_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


async def test_a_good_stream_is_told_in_full(master_url: str, stream: Path) -> None:
    report = await playback.check(master_url)

    high, low = report.renditions
    assert (high.label, high.width, high.height) == ("high", 360, 640)
    assert (low.label, low.width, low.height) == ("low", 180, 320)
    assert high.frames == low.frames == 60
    assert high.duration_s == low.duration_s == SECONDS
    assert high.keyframes_s == (0.021, 1.021)  # the encoder starts AAC before the picture
    assert report.keyframes_are_aligned
    assert high.is_upright
    assert low.is_upright
    assert high.has_sound
    assert high.segments == 2
    assert high.peak_bps > 0
    assert (report.files, report.size_bytes) == (9, total_bytes(stream))


def test_the_peak_is_that_of_runs_of_about_a_target_duration() -> None:
    playlist = MediaPlaylist(
        init=None, segments=("a", "b", "c"), durations_s=(6.0, 6.0, 1.0), target_s=6.0
    )

    assert playback.peak_bps([6000, 12000, 90000], playlist) == round((12000 + 90000) * 8 / 7)
    assert playback.peak_bps([6000, 12000, 1000], playlist) == 16000


async def test_the_edges_word_on_its_cache_is_counted(master_url: str) -> None:
    first = await playback.check(master_url)
    second = await playback.check(master_url)

    assert (first.hits, first.misses) == (0, 9)
    assert (second.hits, second.misses) == (9, 0)


async def test_a_missing_segment_is_a_failure(master_url: str, stream: Path) -> None:
    (stream / "high/seg_00001.m4s").unlink()

    with pytest.raises(PlaybackFailed, match=r"seg_00001\.m4s answered 404"):
        await playback.check(master_url)


async def test_a_damaged_segment_is_a_failure(master_url: str, stream: Path) -> None:
    segment = stream / "low/seg_00001.m4s"
    data = segment.read_bytes()
    segment.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))

    with pytest.raises(PlaybackFailed, match="low"):
        await playback.check(master_url)


async def test_a_playlist_without_its_end_is_a_failure(master_url: str, stream: Path) -> None:
    playlist = stream / HIGH
    playlist.write_text(playlist.read_text().replace("#EXT-X-ENDLIST\n", ""))

    with pytest.raises(PlaybackFailed, match="does not say that it ends"):
        await playback.check(master_url)


async def test_a_master_without_renditions_is_a_failure(master_url: str, stream: Path) -> None:
    (stream / "master.m3u8").write_text("#EXTM3U\n")

    with pytest.raises(PlaybackFailed, match="names no rendition"):
        await playback.check(master_url)


@pytest.mark.parametrize("uri", ["http://127.0.0.1:9/seg.m4s", "/elsewhere.m4s", "../../up.m4s"])
async def test_a_stream_that_leaves_the_cdns_folder_is_a_failure(
    master_url: str, stream: Path, uri: str
) -> None:
    playlist = stream / HIGH
    playlist.write_text(playlist.read_text().replace("seg_00001.m4s", uri))

    with pytest.raises(PlaybackFailed, match="leads away"):
        await playback.check(master_url)


async def test_a_picture_the_wrong_way_up_is_seen(tmp_path: Path) -> None:
    film = sources.make("mov-upright", tmp_path / "film.mov", seconds=0.2)
    turned = tmp_path / "turned.mov"
    ffmpeg.run(["-i", str(film), "-vf", "transpose=1", "-preset", "ultrafast", str(turned)])

    assert playback.corners(turned) == ("blue", "red", "green", "yellow")
