"""Films to be measured with."""

import tempfile
from pathlib import Path
from typing import Final

from reel_stack import ffmpeg
from reel_stack.sources import LOOP_S
from reel_testing.film_matrix import HEVC10, hdr

HLG_RATE: Final = "8M"
"""What phones give a second of 1080p in HEVC, in bits."""
ENCODE_WITHIN_S: Final = 300


def as_hlg(film: Path, path: Path, seconds: float) -> Path:
    """Write `film` to `path` as phones record in HDR, HEVC of 10 bits in HLG, and return it.

    `film` must repeat itself every `LOOP_S`. Blocks; raises FfmpegFailed.
    """
    with tempfile.TemporaryDirectory(prefix="reel-hlg-") as folder:
        loop = Path(folder) / "loop.mov"
        ffmpeg.run(
            [
                *("-i", str(film), "-t", f"{LOOP_S:g}", "-an"),
                *("-vf", hdr("arib-std-b67"), *HEVC10, "-b:v", HLG_RATE, str(loop)),
            ],
            timeout_s=ENCODE_WITHIN_S,
        )
        ffmpeg.run(
            [
                *("-stream_loop", "-1", "-i", str(loop), "-i", str(film)),
                *("-map", "0:v", "-map", "1:a", "-c", "copy", "-t", f"{seconds:g}", str(path)),
            ]
        )
    return path
