"""The films that are sent while services die."""

from pathlib import Path
from typing import Final

from reel_stack import ffmpeg, sources

LONG: Final = "long.3gp"
LONG_S: Final = 30.0
HALF: Final = "half.3gp"
DRAWING: Final = "drawing.mp4"
# Clean edges that move by whole blocks cost nothing, until the picture is made smaller.
DRAWN: Final = (
    "color=white:size=1280x720:rate=25:duration=2,"
    "geq=lum='if(mod(floor((X+16*N)/16)+floor(Y/16),2),235,16)':cb=128:cr=128"
)


def make_others(short: Path) -> None:
    """Make the other films beside the `short` one. Blocks."""
    sources.make("3gp", short.with_name(LONG), LONG_S)
    data = short.read_bytes()
    short.with_name(HALF).write_bytes(data[: len(data) // 2])
    encoding = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p")
    ffmpeg.run(("-f", "lavfi", "-i", DRAWN, *encoding, str(short.with_name(DRAWING))))
