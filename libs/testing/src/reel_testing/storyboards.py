"""A storyboard as a player reads it: cues, and the pictures they name."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reel_stack import ffmpeg

_TIME: Final = r"(\d{2,}):(\d{2}):(\d{2})\.(\d{3})"
_CUE: Final = re.compile(rf"{_TIME} --> {_TIME}\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One cue; `sheet` is relative to the storyboard, the rectangle in pixels."""

    start_ms: int
    end_ms: int
    sheet: str
    x: int
    y: int
    width: int
    height: int


def read(text: str) -> list[Tile]:
    """Parse a whole storyboard, of which nothing may be left over."""
    head, _, body = text.partition("\n\n")
    assert head == "WEBVTT"
    assert _CUE.sub("", body).strip() == ""
    return [_tile(found) for found in _CUE.finditer(body)]


def cut(tile: Tile, storyboard: Path, made: Path) -> Path:
    """Write the picture of a cue as a PNG. Blocks; raises FfmpegFailed."""
    crop = f"crop={tile.width}:{tile.height}:{tile.x}:{tile.y}:exact=1"
    sheet = storyboard.parent / tile.sheet
    ffmpeg.run(["-i", str(sheet), "-vf", f"format=rgb24,{crop}", "-frames:v", "1", str(made)])
    return made


def _tile(found: re.Match[str]) -> Tile:
    x, y, width, height = map(int, found.groups()[9:])
    return Tile(
        start_ms=_ms(*found.groups()[:4]),
        end_ms=_ms(*found.groups()[4:8]),
        sheet=found[9],
        x=x,
        y=y,
        width=width,
        height=height,
    )


def _ms(hours: str, minutes: str, seconds: str, thousandths: str) -> int:
    return ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(thousandths)
