"""Small films out of a test card and a tone, with an option for all that differs between films."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reel_stack import ffmpeg
from reel_stack.sources import CORNERS

TONE_HZ: Final = 440
SDR: Final = "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
X264: Final = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
AAC: Final = ("-c:a", "aac", "-b:a", "96k")
STEREO: Final = f"sine=frequency={TONE_HZ}:sample_rate=48000,aformat=channel_layouts=stereo"
Patch = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """How to make a film, and what must come of it.

    `light` are filters after the card is drawn, `sounds` the sources of tracks (each with its
    length in seconds), `picture_late_s` and `sound_late_s` how much later than the other one
    starts, `inputs` those of further streams, which `more` maps, `encoder_delay_s` the silence
    that the source's own encoder puts before its sound.
    """

    extension: str = "mp4"
    size: tuple[int, int] = (320, 180)
    rate: str = "25"
    seconds: float = 1.0
    light: str = SDR
    picture: tuple[str, ...] = X264
    sounds: tuple[tuple[str, float], ...] = ((STEREO, 1.0),)
    sound: tuple[str, ...] = AAC
    picture_late_s: float = 0.0
    sound_late_s: float = 0.0
    encoder_delay_s: float = 0.0
    inputs: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    rotation: int = 0
    patch: Patch | None = None
    why: tuple[str, ...] = ()
    displayed: tuple[int, int] = (320, 180)
    lasts_s: float = 1.0
    frame_rate: str = "25"
    channels: int = 2


def make(case: Case, folder: Path) -> Path:
    """Write the film of a case. Blocks; raises FfmpegFailed."""
    made = folder / f"source.{case.extension}"
    ffmpeg.run([*_inputs(case), *_outputs(case), str(made)])
    if case.rotation:
        made = _turned(made, case.rotation)
    if case.patch is not None:
        made.write_bytes(case.patch(made.read_bytes()))
    return made


def _inputs(case: Case) -> list[str]:
    width, height = case.size
    card = f"color=gray:s={width}x{height}:r={case.rate}:d={case.seconds}"
    picture = f"{card},format=rgb24,{_patches(case.rotation)},{_to_yuv(case)}"
    inputs = [*_late(case.picture_late_s), "-f", "lavfi", "-i", picture]
    for sound, seconds in case.sounds:
        inputs += [*_late(case.sound_late_s), "-f", "lavfi", "-t", f"{seconds}", "-i", sound]
    return [*inputs, *case.inputs]


def _to_yuv(case: Case) -> str:
    """Let the card be BT.709 unless the case makes something else of the RGB."""
    if case.light.startswith(("scale", "format", "null")):
        return case.light
    return f"scale=out_color_matrix=bt709:out_range=tv,format=yuv444p,{case.light}"


def _late(seconds: float) -> list[str]:
    return ["-itsoffset", f"{seconds}"] if seconds else []


def _outputs(case: Case) -> list[str]:
    maps = [option for number in range(len(case.sounds) + 1) for option in ("-map", f"{number}")]
    sound = case.sound if case.sounds else ()
    return [*maps, *case.picture, *sound, *case.more]


def _turned(film: Path, rotation: int) -> Path:
    turned = film.with_name(f"turned{film.suffix}")
    turn = ["-display_rotation:v:0", str(-rotation)]
    ffmpeg.run([*turn, "-i", str(film), "-map", "0", "-c", "copy", str(turned)])
    return turned


def _patches(rotation: int) -> str:
    """Draw the corners where the player's rotation will bring each to its displayed place."""
    places = ("x=0:y=0", "x=iw-iw/4:y=0", "x=iw-iw/4:y=ih-ih/4", "x=0:y=ih-ih/4")
    turns = rotation // 90
    return ",".join(
        f"drawbox={place}:w=iw/4:h=ih/4:color={CORNERS[(number + turns) % 4]}:t=fill"
        for number, place in enumerate(places)
    )
