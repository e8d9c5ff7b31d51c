"""Posters and storyboards of films whose pictures change."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from reel_stack import ffmpeg
from reel_stack.playback import corners
from reel_stack.sources import CORNERS
from reel_testing import film_card, storyboards
from reel_testing.film_card import SDR, STEREO, X264, Case
from reel_testing.media_memory import MediaInMemory, media_in_memory

GRAINY_BLACK = "drawbox=color=black:t=fill:enable='{0}',noise=alls=14:allf=t:enable='{0}'"
DARK_START = Case(
    size=(160, 90),
    seconds=3.0,
    sounds=((STEREO, 3.0),),
    light=f"{SDR},{GRAINY_BLACK.format('lt(t,2)')}",
)
DARK_TO_THE_END = Case(size=(160, 90), light=f"{SDR},{GRAINY_BLACK.format('1')}")
TILE_S = 2


@pytest.fixture
async def media(tmp_path: Path) -> AsyncGenerator[MediaInMemory]:
    async with media_in_memory(tmp_path) as media:
        yield media


def mean_luma(picture: Path) -> int:
    """Return it as one of 256 values, full range."""
    one = "scale=1:1:flags=area:out_range=pc,format=gray"
    [luma] = ffmpeg.read(["-i", str(picture), "-vf", one, "-f", "rawvideo", "-"])
    return luma


async def test_the_poster_of_a_film_that_begins_in_the_dark_is_lit(
    media: MediaInMemory, tmp_path: Path
) -> None:
    film = await asyncio.to_thread(film_card.make, DARK_START, tmp_path)

    made = await media.transcode(film)

    assert corners(made.film) != CORNERS
    assert corners(made.poster) == CORNERS
    assert mean_luma(made.poster) > 80
    [dark, lit] = storyboards.read(made.storyboard.read_text())
    assert mean_luma(storyboards.cut(dark, made.storyboard, tmp_path / "dark.png")) < 30
    shown = storyboards.cut(lit, made.storyboard, tmp_path / "lit.png")
    assert corners(shown) == CORNERS


async def test_a_film_that_is_dark_to_the_end_has_a_poster(
    media: MediaInMemory, tmp_path: Path
) -> None:
    film = await asyncio.to_thread(film_card.make, DARK_TO_THE_END, tmp_path)

    made = await media.transcode(film)

    assert mean_luma(made.poster) < 30


async def test_every_tile_shows_the_moment_its_cue_begins(
    media: MediaInMemory, tmp_path: Path
) -> None:
    film = tmp_path / "stairs.mp4"
    brighter = f"color=black:s=64x36:r=5:d=54,geq=lum='16+8*floor(T/{TILE_S})':cb=128:cr=128"
    await asyncio.to_thread(ffmpeg.run, ["-f", "lavfi", "-i", brighter, *X264, str(film)])

    made = await media.transcode(film)

    tiles = storyboards.read(made.storyboard.read_text())
    assert [tile.start_ms for tile in tiles] == list(range(0, 54_000, TILE_S * 1000))
    assert [tile.sheet for tile in tiles] == [
        *["storyboard/0001.jpg"] * 25,
        *["storyboard/0002.jpg"] * 2,
    ]
    seen = [luma_of(tile, made.storyboard) for tile in tiles]
    steps = [8 * number * 255 / 219 for number in range(27)]
    assert seen == pytest.approx(steps, abs=4)


def luma_of(tile: storyboards.Tile, storyboard: Path) -> int:
    """Return the luma in the middle of a tile."""
    sheet = storyboard.parent / tile.sheet
    grey = ["-vf", "format=gray", "-f", "rawvideo", "-"]
    pixels = ffmpeg.read(["-i", str(sheet), *grey])
    width = 5 * tile.width
    return pixels[(tile.y + tile.height // 2) * width + tile.x + tile.width // 2]
