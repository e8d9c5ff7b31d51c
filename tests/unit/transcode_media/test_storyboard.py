from fractions import Fraction
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reel_testing.storyboards import read
from transcode_service.domain.plan import MAX_DURATION_S
from transcode_service.domain.storyboard import MAX_TILES, Storyboard, storyboard_of, webvtt

WIDE = (1920, 1080)
NTSC = Fraction(30000, 1001)
rates = st.sampled_from([Fraction(1), Fraction(15), Fraction(24), NTSC, Fraction(50), Fraction(60)])
sides = st.integers(2, 4320)


def test_each_cue_names_its_tile_and_lasts_until_the_next() -> None:
    board = Storyboard(tile=(160, 90), every=60, columns=2, rows=1)

    text = webvtt(board, NTSC, duration_s=5.005, sheets=2)

    assert text == (
        "WEBVTT\n"
        "\n"
        "00:00:00.000 --> 00:00:02.002\n"
        "storyboard/0001.jpg#xywh=0,0,160,90\n"
        "\n"
        "00:00:02.002 --> 00:00:04.004\n"
        "storyboard/0001.jpg#xywh=160,0,160,90\n"
        "\n"
        "00:00:04.004 --> 00:00:05.005\n"
        "storyboard/0002.jpg#xywh=0,0,160,90\n"
    )


def test_the_times_of_a_long_film_have_hours() -> None:
    board = storyboard_of(WIDE, Fraction(30), 3 * 3600.0)

    assert webvtt(board, Fraction(30), 3 * 3600.0, sheets=4).rstrip().splitlines()[-2] == (
        "02:58:00.000 --> 03:00:00.000"
    )


@pytest.mark.parametrize(
    ("duration_s", "interval_s", "tiles"),
    [
        (0.2, 2, 1),
        (2.0, 2, 1),
        (2.1, 2, 2),
        (60.0, 2, 30),
        (240.0, 2, 120),
        (241.0, 5, 49),
        (900.0, 10, 90),
        (4 * 3600.0, 120, 120),
    ],
)
def test_longer_films_have_longer_intervals(duration_s: float, interval_s: int, tiles: int) -> None:
    board = storyboard_of(WIDE, Fraction(30), duration_s)

    assert board.every == interval_s * 30
    assert len(read(webvtt(board, Fraction(30), duration_s, sheets=5))) == tiles


@pytest.mark.parametrize(
    ("duration_s", "grid"),
    [(0.2, (1, 1)), (6.0, (3, 1)), (10.0, (5, 1)), (12.0, (5, 2)), (51.0, (5, 5)), (None, (5, 5))],
)
def test_a_sheet_is_no_larger_than_the_film_needs(
    duration_s: float | None, grid: tuple[int, int]
) -> None:
    board = storyboard_of(WIDE, Fraction(25), duration_s)

    assert (board.columns, board.rows) == grid


@pytest.mark.parametrize(
    ("displayed", "tile"),
    [
        ((1920, 1080), (160, 90)),
        ((1080, 1920), (90, 160)),
        ((640, 480), (160, 120)),
        ((176, 144), (160, 130)),
        ((64, 48), (64, 48)),
        ((4000, 20), (160, 2)),
    ],
)
def test_a_tile_keeps_the_shape_of_the_film(
    displayed: tuple[int, int], tile: tuple[int, int]
) -> None:
    assert storyboard_of(displayed, Fraction(30), 10.0).tile == tile


def test_tiles_that_were_not_made_are_not_named() -> None:
    board = Storyboard(tile=(160, 90), every=50, columns=5, rows=1)

    cues = read(webvtt(board, Fraction(25), duration_s=10.2, sheets=1))

    assert len(cues) == 5
    assert cues[-1].end_ms == 10_200


@settings(deadline=None)
@given(
    width=sides,
    height=sides,
    rate=rates,
    about_s=st.floats(0, MAX_DURATION_S),
    stretch=st.floats(0.98, 1.02),
    is_known=st.booleans(),
)
def test_every_moment_of_a_film_has_exactly_one_tile(
    *, width: int, height: int, rate: Fraction, about_s: float, stretch: float, is_known: bool
) -> None:
    frames = max(1, int(about_s * rate))
    lasts_s = float(frames / rate)
    board = storyboard_of((width, height), rate, lasts_s * stretch if is_known else None)
    tiles = ceil(frames / board.every)
    sheets = ceil(tiles / board.tiles_per_sheet)

    cues = read(webvtt(board, rate, lasts_s, sheets))

    assert len(cues) == tiles
    if is_known:
        assert tiles <= MAX_TILES * 1.03 + 1
    assert cues[0].start_ms == 0
    assert cues[-1].end_ms == round(lasts_s * 1000)
    assert all(before.end_ms == after.start_ms for before, after in pairwise(cues))
    assert all(one.start_ms < one.end_ms for one in cues)
    places = [(one.sheet, one.y, one.x) for one in cues]
    assert places == sorted(set(places))
    assert len({one.sheet for one in cues}) == sheets
    for one in cues:
        assert (one.width, one.height) == board.tile
        assert one.x + one.width <= board.columns * one.width
        assert one.y + one.height <= board.rows * one.height
        assert one.x % one.width == one.y % one.height == 0
