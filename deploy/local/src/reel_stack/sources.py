"""Films like those that phones and cameras write, and damaged ones, for the demo and for tests.

Every picture carries a coloured patch in each corner (`CORNERS`, as displayed), so that a check of
the stream can tell which way up it is. The picture moves like a hand-held pan over fine detail and
carries sensor noise, so that bit rates are honest.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reel_stack import ffmpeg, source_bytes

CORNERS: Final = ("red", "green", "yellow", "blue")
"""As displayed, clockwise from the top left."""

LOOP_S: Final = 4.0
"""Of an `is_repeated` film this much is encoded: a minute of 1080p is made in seconds."""

DEFAULT_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Coded size in pixels; `rotation` is clockwise, in degrees, for the player to apply."""

    muxer: str
    extension: str
    width: int
    height: int
    rate: int
    video: tuple[str, ...]
    audio: tuple[str, ...]
    rotation: int = 0
    muxing: tuple[str, ...] = ()
    is_repeated: bool = False


X264: Final = ("libx264", "-preset", "ultrafast", "-g", "30", "-pix_fmt", "yuv420p")
MJPEG: Final = ("mjpeg", "-q:v", "4", "-pix_fmt", "yuvj420p")
AAC: Final = ("aac", "-b:a", "96k", "-ar", "48000", "-ac", "2")
HAND_MADE_AMR: Final = ("copy",)


def _phone(
    muxer: str, rotation: int = 0, height: int = 720, muxing: tuple[str, ...] = ()
) -> Recipe:
    """H.264 and AAC; `moov` is last, as an encoder that writes while it records leaves it."""
    megabits = "12M" if height > 720 else "5M"  # noqa: PLR2004 - 720p
    return Recipe(
        muxer=muxer,
        extension=muxer,
        width=height * 16 // 9,
        height=height,
        rate=30,
        video=(*X264, "-b:v", megabits, "-maxrate", megabits, "-bufsize", megabits),
        audio=AAC,
        rotation=rotation,
        muxing=muxing,
        is_repeated=True,
    )


def _camera(muxer: str, extension: str, video: tuple[str, ...], audio: tuple[str, ...]) -> Recipe:
    return Recipe(
        muxer=muxer, extension=extension, width=640, height=480, rate=25, video=video, audio=audio
    )


RECIPES: Final[Mapping[str, Recipe]] = {
    "mov": _phone("mov", rotation=90, height=1080),
    "mov-upright": _phone("mov"),
    "mov-rotated-180": _phone("mov", rotation=180),
    "mov-rotated-270": _phone("mov", rotation=270),
    "mp4": _phone("mp4"),
    "mp4-faststart": _phone("mp4", muxing=("-movflags", "+faststart")),
    "3gp": Recipe(
        muxer="3gp",
        extension="3gp",
        width=352,
        height=288,
        rate=15,
        video=("h263", "-b:v", "400k"),
        audio=HAND_MADE_AMR,
    ),
    "avi-mpeg4": _camera("avi", "avi", ("mpeg4", "-q:v", "5"), ("libmp3lame", "-b:a", "128k")),
    "avi-mjpeg": _camera(
        "avi", "avi", ("mjpeg", "-q:v", "4", "-pix_fmt", "yuvj420p"), ("pcm_s16le",)
    ),
    "wmv": _camera("asf", "wmv", ("wmv2", "-b:v", "2M"), ("wmav2", "-b:a", "96k")),
}
"""Whole films by kind."""

DAMAGED: Final[Mapping[str, tuple[str, Callable[[bytes], bytes]]]] = {
    "truncated-mov": ("mov-upright", source_bytes.truncated),
    "truncated-mp4": ("mp4-faststart", source_bytes.truncated),
    "truncated-avi": ("avi-mpeg4", source_bytes.truncated),
    "corrupt-mov": ("mov-upright", source_bytes.corrupt),
    "text": ("mp4", source_bytes.text),
}
"""Kind → the whole film it was, and what happened to its bytes. `text` only has a film's name."""

KINDS: Final = (*RECIPES, *DAMAGED)


def name(kind: str) -> str:
    """Return a file name for this kind; its ending is one that Reel takes."""
    whole, _ = DAMAGED.get(kind, (kind, None))
    return f"{kind}.{RECIPES[whole].extension}"


def make(kind: str, path: Path, seconds: float = DEFAULT_S) -> Path:
    """Write a film of this kind to `path`, and return it. Blocks; raises FfmpegFailed."""
    whole, damage = DAMAGED.get(kind, (kind, None))
    recipe = RECIPES[whole]
    with tempfile.TemporaryDirectory(prefix="reel-source-") as folder:
        tone = _tone(recipe, Path(folder), seconds)
        if recipe.is_repeated and seconds > LOOP_S:
            loop = _encode(recipe, (), ("-f", "nut"), Path(folder) / "loop.nut", LOOP_S)
            _repeat(recipe, loop, tone, path, seconds)
        else:
            sound = ("-map", "1:a", "-c:a", *recipe.audio)
            _encode(recipe, tone, (*sound, *recipe.muxing, "-f", recipe.muxer), path, seconds)
    if recipe.rotation:
        source_bytes.rotate(path, recipe.rotation, recipe.width, recipe.height)
    if damage:
        path.write_bytes(damage(path.read_bytes()))
    return path


def _tone(recipe: Recipe, folder: Path, seconds: float) -> tuple[str, ...]:
    """Return the input of a 440 Hz tone; of near silence for AMR, which we write by hand."""
    if recipe.audio != HAND_MADE_AMR:
        return ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100")
    amr = folder / "sound.amr"
    amr.write_bytes(source_bytes.amr_silence(seconds))
    return ("-i", str(amr))


def _encode(
    recipe: Recipe, tone: Sequence[str], output: Sequence[str], path: Path, seconds: float
) -> Path:
    width, height = (side * 6 // 5 // 2 * 2 for side in (recipe.width, recipe.height))
    # One frame of fine detail, larger than the picture, for the pan to wander over.
    still = f"mandelbrot=s={width}x{height}:start_scale=0.9:start_x=-0.7436:start_y=-0.1318"
    graph = f"[0:v]{','.join(_picture(recipe))}[picture]"
    ffmpeg.run(
        [
            *("-f", "lavfi", "-i", f"{still}:rate={recipe.rate}"),
            *tone,
            *("-filter_complex", graph, "-map", "[picture]", "-c:v", *recipe.video),
            *("-t", f"{seconds:g}", *output, str(path)),
        ]
    )
    return path


def _picture(recipe: Recipe) -> list[str]:
    pan_x = f"(iw-ow)/2*(1+sin(2*PI*t/{LOOP_S:g}))"
    pan_y = f"(ih-oh)/2*(1+sin(4*PI*t/{LOOP_S:g}))"
    return [
        "trim=end_frame=1",
        "loop=-1:1",
        f"setpts=N/{recipe.rate}/TB",
        f"crop={recipe.width}:{recipe.height}:x='{pan_x}':y='{pan_y}'",
        "noise=alls=6:allf=t",
        *_patches(recipe.rotation),
    ]


def _patches(rotation: int) -> list[str]:
    """Draw the corners where the player's rotation will bring each to its displayed place."""
    places = ("x=0:y=0", "x=iw-iw/8:y=0", "x=iw-iw/8:y=ih-ih/8", "x=0:y=ih-ih/8")
    turns = rotation // 90
    colours = (CORNERS[(place + turns) % 4] for place in range(4))
    return [
        f"drawbox={place}:w=iw/8:h=ih/8:color={colour}:t=fill"
        for place, colour in zip(places, colours, strict=True)
    ]


def _repeat(recipe: Recipe, loop: Path, tone: Sequence[str], path: Path, seconds: float) -> None:
    """Join the loop to itself up to the wanted length, without encoding it again."""
    ffmpeg.run(
        [
            *("-stream_loop", "-1", "-i", str(loop), *tone),
            *("-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", *recipe.audio),
            *("-t", f"{seconds:g}", *recipe.muxing, "-f", recipe.muxer, str(path)),
        ]
    )
