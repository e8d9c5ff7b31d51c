"""Probing films in children of their own."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from reel_kernel.media import Container
from transcode_service.adapters.prober import WarmProber, read_answer, warm_prober
from transcode_service.domain.media_errors import Rejection, SourceRejected

MakeFilm = Callable[[str, float], Awaitable[Path]]
HEAD_BYTES = 1024 * 1024


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}


async def test_a_film_is_told_by_its_head(make_film: MakeFilm) -> None:
    film = await make_film("mp4-faststart", 8.0)

    async with warm_prober() as prober:
        probe = await prober.probe(film.read_bytes()[:HEAD_BYTES], Container.ISO_BMFF)

    (picture,), (sound,) = probe.video, probe.audio
    assert probe.pictured
    assert (picture.codec, picture.width, picture.height) == ("h264", 1280, 720)
    assert picture.frame_rate == Fraction(30)
    assert picture.duration_s == pytest.approx(8.0, abs=0.1)
    assert (sound.codec, sound.channels, sound.sample_rate_hz) == ("aac", 2, 48000)


@pytest.mark.parametrize("container", Container)
async def test_bytes_that_are_no_film_are_corrupt(container: Container) -> None:
    async with warm_prober() as prober:
        with pytest.raises(SourceRejected) as rejected:
            await prober.probe(bytes(range(256)) * 1000, container)

    assert rejected.value.reason is Rejection.SOURCE_CORRUPT


async def test_a_film_is_read_by_no_other_demuxer_than_its_own(make_film: MakeFilm) -> None:
    film = await make_film("avi-mpeg4", 8.0)

    async with warm_prober() as prober:
        with pytest.raises(SourceRejected):
            await prober.probe(film.read_bytes()[:HEAD_BYTES], Container.ISO_BMFF)


async def test_a_probe_that_takes_too_long_is_given_up(make_film: MakeFilm) -> None:
    film = await make_film("avi-mpeg4", 8.0)

    async with warm_prober(timeout_s=0.0) as prober:
        with pytest.raises(SourceRejected, match="more than 0 s"):
            await prober.probe(film.read_bytes()[:HEAD_BYTES], Container.AVI)


async def test_a_child_waits_for_the_next_film_and_none_is_left(make_film: MakeFilm) -> None:
    film = await make_film("avi-mpeg4", 8.0)
    before = children()

    async with warm_prober() as prober:
        first = children() - before
        await prober.probe(film.read_bytes()[:HEAD_BYTES], Container.AVI)
        second = children() - before

    assert len(first) == len(second) == 1
    assert first != second
    assert children() == before


async def test_however_many_ask_one_child_waits_and_none_is_left() -> None:
    before, prober = children(), WarmProber()

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(prober.warm_up())
    waiting = children() - before
    await prober.close()

    assert len(waiting) == 1
    assert children() == before


@pytest.mark.parametrize("out", [b"", b"{", b'{"video": 1}'])
def test_a_child_that_died_of_a_film_makes_it_corrupt(out: bytes) -> None:
    with pytest.raises(SourceRejected) as rejected:
        read_answer(out, Container.AVI)

    assert rejected.value.reason is Rejection.SOURCE_CORRUPT


@pytest.mark.parametrize(
    "attempt",
    ["open('/etc/hostname')", "__import__('socket').socket()", "bytearray(4 * 1024**3)"],
)
def test_a_child_can_open_nothing_and_has_little_memory(attempt: str) -> None:
    module = "transcode_service.adapters.probe_child"
    code = f"import socket, {module} as child\nchild.give_up_powers()\n{attempt}"

    ended = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-I", "-c", code], capture_output=True, check=False, timeout=60
    )

    assert ended.returncode != 0
    assert ended.stderr.splitlines()[-1].startswith((b"OSError", b"MemoryError"))
