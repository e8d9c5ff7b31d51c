"""How much of a picture is left, as a viewer would judge it: VMAF, by the libvmaf in FFmpeg."""

import json
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from reel_stack import ffmpeg

EVERY_FRAMES: Final = 5
"""One frame in so many is scored; motion is followed through all of them."""
_WITHIN_S: Final = 1200.0
_MODEL: Final = "vmaf_v0.6.1"
_SAME_COLOURS: Final = "setparams=range=tv:colorspace=bt709"
"""Else FFmpeg converts a film without tags to be like one with them, and both look different."""
_IN_ORDER: Final = "settb=1/1000,setpts=N"


class Score(msgspec.Struct, frozen=True):
    """Mean VMAF, 0 to 100: on a television seen from 3 heights away, and on a phone."""

    tv: float
    phone: float


def vmaf(
    film: Path,
    reference: Path,
    size: tuple[int, int],
    *,
    every_frames: int = EVERY_FRAMES,
    seconds: float | None = None,
) -> Score:
    """Compare, frame by frame, after scaling `film` up to the reference's `size` (bicubic).

    Both must have the same frames from their first one on; `seconds` of them are looked at, or
    all. `phone` is the same model with the transform that its authors give for small screens.
    """
    part = [] if seconds is None else ["-t", f"{seconds:g}"]
    with tempfile.TemporaryDirectory(prefix="reel-vmaf-") as folder:
        log = Path(folder) / "vmaf.json"
        graph = _graph(size, every_frames, log)
        inputs = [*part, "-i", str(film), *part, "-i", str(reference)]
        ffmpeg.run([*inputs, "-filter_complex", graph, "-f", "null", "-"], timeout_s=_WITHIN_S)
        pooled = json.loads(log.read_bytes())["pooled_metrics"]
    return Score(pooled["tv"]["mean"], pooled["phone"]["mean"])


def _graph(size: tuple[int, int], every_frames: int, log: Path) -> str:
    television = f"version={_MODEL}\\:name=tv"
    phone = f"version={_MODEL}\\:enable_transform=true\\:name=phone"
    return (
        f"[0:v]{_SAME_COLOURS},scale={size[0]}:{size[1]}:flags=bicubic,{_IN_ORDER}[seen];"
        f"[1:v]{_SAME_COLOURS},{_IN_ORDER}[meant];"
        f"[seen][meant]libvmaf=n_threads=2:n_subsample={every_frames}:log_fmt=json"
        f":log_path={log}:model='{television}|{phone}'"
    )
