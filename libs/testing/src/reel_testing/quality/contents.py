"""Films to judge an encoder by: made up ones of several kinds, or the beginnings of real ones.

Each is as a good phone would have written it: 1080p at 25 frames/s, H.264 of up to 24 Mbit/s.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reel_stack import ffmpeg

RATE: Final = 25
MAX_LONG_SIDE: Final = 1920
_LARGE: Final = "2304x1296"
"""The scene is larger than the picture, which wanders over it."""
_STILL: Final = f"trim=end_frame=1,loop=-1:1,setpts=N/{RATE}/TB"
_PHONE: Final = (
    *("-c:v", "libx264", "-preset", "veryfast", "-crf", "14", "-maxrate", "24M", "-bufsize", "24M"),
    *("-pix_fmt", "yuv420p", "-color_range", "tv", "-colorspace", "bt709"),
    *("-color_primaries", "bt709", "-color_trc", "bt709", "-an", "-movflags", "+faststart"),
)
_MADE_WITHIN_S: Final = 1200.0


@dataclass(frozen=True, slots=True)
class Film:
    """A reference: `path` is an MP4 that can be read from a pipe, of `seconds` at `RATE`."""

    name: str
    path: Path
    width: int
    height: int
    seconds: float


def _perlin(size: str, octaves: int, scale: int, pace: float, seed: int) -> str:
    return (
        f"perlin=s={size}:r={RATE}:octaves={octaves}:persistence=0.65:xscale={scale}"
        f":yscale={scale}:tscale={pace}:random_mode=seed:random_seed={seed}"
    )


def _pan(period_s: float) -> str:
    across = f"(iw-ow)/2*(1+sin(2*PI*t/{period_s:g}))"
    return f"crop=1920:1080:x='{across}':y='(ih-oh)/2*(1+0.5*sin(2*PI*t/9))'"


_BOXES: Final = (
    "x=200:y=150:w=560:h=620:color=0xeef4fa:t=fill",  # a window and its frame
    "x=200:y=150:w=560:h=620:color=0x5a4632:t=14",
    "x=473:y=150:w=14:h=620:color=0x5a4632:t=fill",
    "x=1100:y=700:w=900:h=330:color=0x4a5a72:t=fill",  # a sofa
    "x=1140:y=640:w=380:h=80:color=0x6a7a92:t=fill",
    "x=1500:y=200:w=360:h=260:color=0x2a2a30:t=fill",  # a screen
)
_PLASTER: Final = (
    f"gradients=s={_LARGE}:c0=0xd8d0c0:c1=0x9a8f80:n=2:x0=0:y0=0:x1=2304:y1=1296:speed=0"
    f":seed=1:r={RATE},format=yuv420p[wall];"
    f"{_perlin('1152x648', 5, 12, 1, 3)},scale={_LARGE},format=yuv420p,lutyuv=u=128:v=128[plaster];"
    "[wall][plaster]blend=all_mode=softlight:all_opacity=0.35"
)
_TILES: Final = "drawgrid=w=96:h=48:c=0x705040@0.25:t=2"
_ROOM: Final = ",".join([_PLASTER, _TILES, *(f"drawbox={box}" for box in _BOXES), _STILL, _pan(12)])
_MANDELBROT: Final = (
    f"mandelbrot=s={_LARGE}:start_scale=0.9:start_x=-0.7436:start_y=-0.1318:rate={RATE},{_STILL}"
)
_SHAKE_X: Final = (
    "(iw-ow)/2*(1+0.8*sin(2*PI*t/5)+0.12*sin(2*PI*t*1.9)+0.05*sin(2*PI*t*5.3))"  # steps, tremor
)
_SHAKE_Y: Final = "(ih-oh)/2*(1+0.5*sin(2*PI*t/7)+0.25*abs(sin(2*PI*t*1.9))+0.05*sin(2*PI*t*4.1))"
_LEAVES: Final = (
    f"color=c=0x4f7a3e:s={_LARGE}:r={RATE},format=yuv420p,noise=c0s=70:c0f=u:all_seed=5,"
    f"gblur=sigma=1.4,lutyuv=y=(val-96)*1.6+96,{_STILL},format=yuv444p[leaves];"
    f"{_perlin('576x324', 4, 9, 0.02, 5)},lutyuv=u=128:v=128,scale={_LARGE},format=yuv444p[shade];"
    f"{_perlin('192x108', 2, 5, 0.8, 7)},lutyuv=y=128+(val-128)*0.15,scale={_LARGE},"
    "format=yuv444p,split[dx][dy];"
    "[leaves][shade]blend=c0_mode=overlay:c1_mode=normal:c2_mode=normal[lit];"
    "[lit][dx][dy]displace=edge=mirror"
)
_DRAWING: Final = (
    f"color=c=white:s={_LARGE}:r={RATE}[paper];"
    f"cellauto=s=384x216:rule=110:r={RATE}:full=1:random_seed=9,"
    "scale=768:432:flags=neighbor,format=yuv420p[print];"
    "[paper]drawgrid=w=288:h=216:t=6:c=0x202020,drawgrid=w=96:h=72:t=1:c=0x9090c0,"
    "drawbox=x=300:y=220:w=560:h=420:t=10:c=0x303030[lines];[lines][print]overlay=x=1200:y=500"
)

KINDS: Final[Mapping[str, str]] = {
    "room": f"{_ROOM},noise=alls=3:allf=t",
    "walk": f"{_MANDELBROT},crop=1920:1080:x='{_SHAKE_X}':y='{_SHAKE_Y}',tmix=frames=2,"
    "noise=alls=6:allf=t",
    "garden": f"{_LEAVES},{_pan(10)},noise=c0s=4:c0f=t,format=yuv420p",
    "dusk": f"{_ROOM},eq=brightness=-0.12:contrast=0.45:gamma=0.8:saturation=0.6,"
    "noise=c0s=18:c0f=t:c1s=10:c1f=t:c2s=10:c2f=t",
    "drawing": f"{_DRAWING},{_STILL},{_pan(20)},noise=alls=2:allf=t",
}
"""Kind → filter graph: a slow pan over a furnished room; a shaky walk past fine detail; leaves in
the wind; the room in low light, with the noise of a small sensor; a floor plan with small print."""


def make(kind: str, folder: Path, seconds: float) -> Film:
    """Write the film of this kind, unless it is there already."""
    path = folder / f"{kind}-{seconds:g}s.mp4"
    return _kept(kind, path, ["-filter_complex", KINDS[kind]], seconds)


def begin(film: Path, folder: Path, seconds: float) -> Film:
    """Take the beginning of a real film, upright, no larger than 1080p, at a constant rate."""
    path = folder / f"{film.stem}-{seconds:g}s.mp4"
    fit = (
        f"fps={RATE},scale='min(iw,{MAX_LONG_SIDE})':'min(ih,{MAX_LONG_SIDE})'"
        ":force_original_aspect_ratio=decrease:force_divisible_by=2,setsar=1"
    )
    return _kept(film.stem, path, ["-i", str(film), "-vf", fit], seconds)


def _kept(name: str, path: Path, arguments: list[str], seconds: float) -> Film:
    if not path.exists():
        part = path.with_suffix(f".{os.getpid()}.mp4")
        made = [*arguments, "-t", f"{seconds:g}", *_PHONE, str(part)]
        ffmpeg.run(made, timeout_s=_MADE_WITHIN_S)
        part.rename(path)
    width, height = _size(path)
    return Film(name, path, width, height, seconds)


def _size(path: Path) -> tuple[int, int]:
    head = ffmpeg.read(["-i", str(path), "-frames:v", "1", "-f", "yuv4mpegpipe", "-"])
    if found := re.match(rb"YUV4MPEG2 W(\d+) H(\d+) ", head):
        return int(found[1]), int(found[2])
    raise ValueError(f"no picture in {path}")
