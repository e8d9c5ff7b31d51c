"""The part of an FFmpeg command that makes stills: candidates for the poster, and the storyboard.

Both take every n-th frame of the pictures that the rungs are made of.
"""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from transcode_service.domain import layout
from transcode_service.domain.poster import MAX_CANDIDATES, Poster
from transcode_service.domain.storyboard import Storyboard

POSTER_QSCALE: Final = 3
SHEET_QSCALE: Final = 5
LUMA_SIDE: Final = 16
LUMA_BYTES: Final = LUMA_SIDE**2
"""Of one candidate in the file of all their lumas: a byte for each pixel, full range."""


def poster_graph(poster: Poster) -> str:
    """From `[sp]`: the candidates as `[poster]`, and `[luma]`, each once more, small and grey."""
    candidates = f"[sp]{_every(poster.every)},{_jpeg(poster.size)},split[poster][sl]"
    return f"{candidates};[sl]scale={LUMA_SIDE}:{LUMA_SIDE}:flags=area,setsar=1,format=gray[luma]"


def storyboard_graph(board: Storyboard) -> str:
    """From `[st]`: the sheets as `[storyboard]`; what is missing in the last is padded."""
    tile = f"tile={board.columns}x{board.rows}"
    return f"[st]{_every(board.every)},{_jpeg(board.tile)},{tile}[storyboard]"


def still_outputs(out: PurePath) -> Iterator[str]:
    """Yield the outputs; their directories below `out` must exist."""
    yield from _jpegs("[poster]", POSTER_QSCALE, MAX_CANDIDATES)
    yield str(out / layout.CANDIDATE_PATTERN)
    yield from ("-map", "[luma]", "-frames:v", str(MAX_CANDIDATES), "-fps_mode:v", "passthrough")
    yield from ("-c:v", "rawvideo", "-f", "rawvideo", str(out / layout.CANDIDATE_LUMA))
    yield from _jpegs("[storyboard]", SHEET_QSCALE)
    yield str(out / layout.SHEET_PATTERN)


def _every(frames: int) -> str:
    return f"select=not(mod(n\\,{frames}))"


def _jpeg(size: tuple[int, int]) -> str:
    """JFIF has colours of its own: BT.601, full range."""
    return f"scale={size[0]}:{size[1]}:out_color_matrix=bt601:out_range=pc,setsar=1"


def _jpegs(name: str, qscale: int, most: int | None = None) -> Iterator[str]:
    yield from ("-map", name, "-map_metadata", "-1")
    yield from () if most is None else ("-frames:v", str(most))
    yield from ("-fps_mode:v", "passthrough")
    yield from ("-c:v", "mjpeg", "-q:v", str(qscale), "-pix_fmt", "yuvj420p", "-f", "image2")
