"""Acceptance scenario 3: broken sources, broken connections, killed clients."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

import pytest

from reel_stack import sources
from reel_testing.phone import Phone
from reel_testing.proxy import FaultyProxy, faulty_proxy
from reel_testing.stack import RunningStack

PART_BYTES = 5 * 1024 * 1024
PARTS = 5


async def test_a_corrupt_source_ends_failed_and_never_plays(app: Phone, clips: Path) -> None:
    path = await asyncio.to_thread(sources.make, "truncated-mov", clips / "cut.mov", seconds=4)

    video_id = await app.send(path)

    view = await app.wait_final(video_id)
    assert view["status"] == "FAILED"
    assert view["failReason"] in {"SOURCE_TRUNCATED", "SOURCE_CORRUPT"}
    assert all(seen["playback"]["streamUrl"] is None for seen in app.seen)


@pytest.fixture
async def five_parts(clips: Path, short_clip: Path) -> Path:
    """A real clip with a `free` box behind it, long enough for five parts."""
    path = clips / "five-parts.mov"
    data = await asyncio.to_thread(short_clip.read_bytes)
    padding = PARTS * PART_BYTES - 1000 - len(data)
    free = padding.to_bytes(4, "big") + b"free" + bytes(padding - 8)
    await asyncio.to_thread(path.write_bytes, data + free)
    return path


async def _reel(
    stack: RunningStack, app: Phone, proxy: FaultyProxy, state: Path, *arguments: str
) -> Process:
    environment = {
        **os.environ,
        "REEL_API": stack.gateway_url,
        "REEL_TOKEN": stack.token(app.owner),
        "REEL_STATE_DIR": str(state),
        "HTTP_PROXY": proxy.url,
        "NO_PROXY": "",
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reel_client", *arguments),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=environment,
    )


async def test_a_cut_connection_sends_that_part_alone_again(
    stack: RunningStack, app: Phone, five_parts: Path, tmp_path: Path
) -> None:
    async with faulty_proxy(cut_part=3) as proxy:
        process = await _reel(stack, app, proxy, tmp_path, "upload", str(five_parts), "--no-watch")
        out, err = await process.communicate()

    assert process.returncode == 0, (out, err)
    assert sorted(proxy.stored) == [1, 2, 3, 4, 5]
    assert proxy.broken == [3]


async def test_a_killed_client_resumes_and_sends_only_what_is_missing(
    stack: RunningStack, app: Phone, five_parts: Path, tmp_path: Path
) -> None:
    upload = ("upload", str(five_parts), "--no-watch", "--parallel", "1")
    async with faulty_proxy(hold_part=3) as proxy:
        process = await _reel(stack, app, proxy, tmp_path, *upload)
        await proxy.held.wait()
        process.kill()
        await process.communicate()
    before = list(proxy.stored)

    async with faulty_proxy() as proxy:
        process = await _reel(stack, app, proxy, tmp_path, *upload)
        out, err = await process.communicate()

    assert before == [1, 2]
    assert process.returncode == 0, (out, err)
    assert sorted(proxy.stored) == [3, 4, 5]
    [video] = (await app.call("GET", "/api/videos", expect=200))["items"]
    assert (await app.wait_final(video["id"]))["status"] == "READY"


@pytest.mark.parametrize(("name", "size_bytes"), [("tour.webm", 10), ("tour.mp4", 1_610_612_737)])
async def test_the_client_refuses_before_any_request(
    stack: RunningStack, app: Phone, tmp_path: Path, name: str, size_bytes: int
) -> None:
    path = tmp_path / name
    with path.open("wb") as file:
        file.truncate(size_bytes)  # sparse

    async with faulty_proxy() as proxy:
        process = await _reel(stack, app, proxy, tmp_path / "state", "upload", str(path))
        out, err = await process.communicate()

    assert process.returncode == 2, (out, err)
    assert proxy.paths == []
    assert (await app.call("GET", "/api/videos", expect=200))["items"] == []
