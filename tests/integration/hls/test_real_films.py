"""The checker on films that FFmpeg itself segmented, whole and damaged."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from reel_hls.cli import main
from reel_hls.findings import Code, Report
from reel_hls.http_fetcher import HttpFetcher
from reel_hls.inspection import inspect
from reel_stack import ffmpeg
from reel_testing.hls_files import MemoryFiles

BASE = "https://cdn.test/"
Files = dict[str, bytes]
KINDS = {"fmp4": "m4s", "mpegts": "ts"}


def make(folder: Path, kind: str) -> Files:
    arguments = [
        *("-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=3", "-f", "lavfi", "-i", "sine=d=3"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-sc_threshold", "0"),
        *("-pix_fmt", "yuv420p", "-flags:v", "+cgop", "-c:a", "aac", "-f", "hls"),
        *("-hls_time", "2", "-hls_playlist_type", "vod", "-hls_segment_type", kind),
        *("-hls_flags", "independent_segments"),
        *("-hls_segment_filename", str(folder / f"s%d.{KINDS[kind]}"), str(folder / "v.m3u8")),
    ]
    ffmpeg.run(arguments)
    return {f"{BASE}{path.name}": path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="session", params=KINDS)
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Files:
    kind: str = request.param
    return make(tmp_path_factory.mktemp(kind), kind)


async def check(files: Files, name: str = "v.m3u8") -> Report:
    return await inspect(MemoryFiles(files), BASE + name)


def codes(report: Report) -> set[Code]:
    return {found.code for found in report.findings}


def segments(files: Files) -> list[str]:
    return sorted(uri for uri in files if uri.endswith((".ts", ".m4s")))


async def test_a_film_of_ffmpeg_is_what_it_says(film: Files) -> None:
    report = await check(film)

    assert report.findings == ()
    assert report.segments == 2
    assert report.duration_s == pytest.approx(3.0, abs=0.001)


async def test_what_a_master_may_say_of_it_is_measured(film: Files) -> None:
    sizes = [len(film[uri]) for uri in segments(film)]
    peak = max(round(8 * sizes[0] / 2), round(8 * sum(sizes) / 3), 8 * sizes[1])
    codec = "avc1.42c00d,mp4a.40.2"

    def master(size: str, codecs: str) -> Files:
        text = (
            f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH={peak},"
            f"AVERAGE-BANDWIDTH={round(8 * sum(sizes) / 3)},"
            f'CODECS="{codecs}",RESOLUTION={size},FRAME-RATE=30.000\nv.m3u8\n'
        )
        return film | {f"{BASE}master.m3u8": text.encode()}

    assert (await check(master("320x180", codec), "master.m3u8")).findings == ()
    wrong = codes(await check(master("640x360", "avc1.640028,mp4a.40.2"), "master.m3u8"))
    assert wrong == {Code.RESOLUTION, Code.CODECS}


async def test_a_segment_that_is_gone_is_found(film: Files) -> None:
    gone = {uri: data for uri, data in film.items() if uri != segments(film)[1]}

    assert codes(await check(gone)) == {Code.MISSING}


@pytest.mark.parametrize("lost_bytes", [1, 1000])
async def test_a_segment_cut_short_is_found(film: Files, lost_bytes: int) -> None:
    uri = segments(film)[1]

    assert codes(await check(film | {uri: film[uri][:-lost_bytes]})) == {Code.SEGMENT_BROKEN}


async def test_rubbish_in_place_of_a_segment_is_found(film: Files) -> None:
    for rubbish in (b"", b"<html>not found</html>", bytes(5000), b"\xff" * 188 * 20):
        damaged = film | {segments(film)[0]: rubbish}

        assert codes(await check(damaged)) == {Code.SEGMENT_BROKEN}


async def test_an_extinf_changed_by_a_tenth_is_found(film: Files) -> None:
    text = film[f"{BASE}v.m3u8"].decode().replace("#EXTINF:2.000000", "#EXTINF:1.900000")

    assert codes(await check(film | {f"{BASE}v.m3u8": text.encode()})) == {Code.EXTINF}


async def test_segments_in_the_wrong_order_are_found(film: Files) -> None:
    first, second = segments(film)
    swapped = film | {first: film[second], second: film[first]}

    assert {Code.TIMELINE_GAP, Code.EXTINF} <= codes(await check(swapped))


async def test_of_fmp4_only_the_headers_are_read(tmp_path: Path) -> None:
    film = make(tmp_path, "fmp4")
    uri = segments(film)[0]
    padding = (1 << 20) + 8
    padded = film | {uri: film[uri] + padding.to_bytes(4, "big") + b"free" + bytes(1 << 20)}

    report = await check(padded)

    assert report.findings == ()
    assert report.bytes_read < 1 << 18


def origin(files: Files, *, ranges: bool) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        data = files.get(str(request.url))
        if data is None:
            return httpx.Response(404)
        if not ranges:
            return httpx.Response(200, content=data)
        first, _, last = request.headers["range"].removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last) + 1, len(data))
        headers = {"content-range": f"bytes {start}-{end - 1}/{len(data)}"}
        return httpx.Response(206, headers=headers, content=data[start:end])

    return answer


@pytest.mark.parametrize("ranges", [True, False])
async def test_it_is_read_over_http_with_and_without_ranges(film: Files, *, ranges: bool) -> None:
    transport = httpx.MockTransport(origin(film, ranges=ranges))
    async with httpx.AsyncClient(transport=transport) as http:
        report = await inspect(HttpFetcher(http, max_bytes=1 << 22), f"{BASE}v.m3u8")

    assert report.findings == ()


async def test_the_command_tells_by_its_exit_code(film: Files) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        data = served.get(BASE + request.removeprefix("/"))
        head = "HTTP/1.1 404 Gone" if data is None else "HTTP/1.1 200 OK"
        body = data or b""
        writer.write(f"{head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode())
        writer.write(body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    served = dict(film)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

        def run(name: str) -> tuple[int, str]:
            done = CliRunner().invoke(main, ["--json", f"{url}/{name}"])
            return done.exit_code, done.stdout

        good = await asyncio.to_thread(run, "v.m3u8")
        nothing = await asyncio.to_thread(run, "nothing.m3u8")
        served.pop(segments(film)[0])
        damaged = await asyncio.to_thread(run, "v.m3u8")

    assert good[0] == 0
    assert json.loads(good[1])["findings"] == []
    assert nothing[0] == 2
    assert damaged[0] == 1
    assert json.loads(damaged[1])["findings"][0]["code"] == "missing"
