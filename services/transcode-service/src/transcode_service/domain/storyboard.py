"""Small stills at even intervals, many to a sheet, and the WebVTT file that tells which is when."""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from transcode_service.domain.layout import sheet

TILE_LONG_SIDE: Final = 160
SHEET_SIDE: Final = 5
"""Most tiles beside and below each other."""
INTERVALS_S: Final = (2, 5, 10, 20, 30, 60, 120)
MAX_TILES: Final = 120
"""As many tiles at most tell a film of any length: above it, the next interval is taken."""
UNKNOWN_INTERVAL_S: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Storyboard:
    """Tile k shows frame k × `every`; `columns` × `rows` tiles fill a sheet, row by row.

    `tile` is the size of one in pixels. The last sheet's places that are left over are black.
    """

    tile: tuple[int, int]
    every: int
    columns: int
    rows: int

    @property
    def tiles_per_sheet(self) -> int:
        return self.columns * self.rows


def storyboard_of(
    displayed: tuple[int, int], frame_rate: Fraction, duration_s: float | None
) -> Storyboard:
    """Choose the interval by the film's length, and sheets no larger than it needs."""
    every = max(1, round(_interval_s(duration_s) * frame_rate))
    tiles = SHEET_SIDE**2
    if duration_s is not None:
        tiles = _tiles(duration_s, frame_rate, every)
    columns = min(SHEET_SIDE, tiles)
    rows = min(SHEET_SIDE, ceil(tiles / columns))
    return Storyboard(tile=_tile(displayed), every=every, columns=columns, rows=rows)


def webvtt(board: Storyboard, frame_rate: Fraction, duration_s: float, sheets: int) -> str:
    """Return the cues of a film that came to `duration_s`: each tile until the next one's time.

    Payloads are relative URLs with a media fragment (`#xywh=`, W3C Media Fragments 4.2.2). Only
    tiles on one of the `sheets` that were made are named; the last lasts until the end.
    """
    made = min(_tiles(duration_s, frame_rate, board.every), sheets * board.tiles_per_sheet)
    starts_s = [float(number * board.every / frame_rate) for number in range(made)]
    cues = (
        f"{_time(start_s)} --> {_time(end_s)}\n{_place(board, number)}\n"
        for number, (start_s, end_s) in enumerate(
            zip(starts_s, [*starts_s[1:], duration_s], strict=True)
        )
    )
    return "\n".join(["WEBVTT\n", *cues])


def _interval_s(duration_s: float | None) -> int:
    if duration_s is None:
        return UNKNOWN_INTERVAL_S
    fitting = (seconds for seconds in INTERVALS_S if duration_s <= seconds * MAX_TILES)
    return next(fitting, INTERVALS_S[-1])


def _tiles(duration_s: float, frame_rate: Fraction, every: int) -> int:
    return max(1, ceil(round(duration_s * frame_rate) / every))


def _tile(displayed: tuple[int, int]) -> tuple[int, int]:
    """Keep the shape; both sides are even, as 4:2:0 pictures need."""
    scale = min(1.0, TILE_LONG_SIDE / max(displayed))
    width, height = (max(2, 2 * round(side * scale / 2)) for side in displayed)
    return width, height


def _place(board: Storyboard, number: int) -> str:
    sheet_number, place = divmod(number, board.tiles_per_sheet)
    row, column = divmod(place, board.columns)
    width, height = board.tile
    return f"{sheet(sheet_number)}#xywh={column * width},{row * height},{width},{height}"


def _time(seconds: float) -> str:
    minutes, ms = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{ms // 1000:02}.{ms % 1000:03}"
