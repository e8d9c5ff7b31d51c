"""What a viewer sees and hears of a small film, all of it decoded."""

from array import array
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import av
from av.audio.resampler import AudioResampler

LOUD: Final = 1000
"""A sample this far from silence is part of the tone; encoders smear less than that."""
RATE_HZ: Final = 48_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Colours are code points of H.273; the tone is counted from the start of the picture."""

    pixel_format: str
    primaries: int
    transfer: int
    matrix: int
    range: int
    interlaced: bool
    frames: int
    picture_start_s: float
    picture_s: float
    channels: int
    sound_start_s: float
    sound_s: float
    tone_start_s: float
    tone_hz: float


def see(film: Path) -> Seen:
    """Decode a film whole. Raises av.FFmpegError."""
    with av.open(str(film)) as container:
        frames = list(container.decode(video=0))
    first, times = frames[0], [frame.time or 0.0 for frame in frames]
    start_s, samples, channels = _listen(film)
    tone = [place for place, sample in enumerate(samples) if abs(sample) > LOUD]
    return Seen(
        pixel_format=first.format.name,
        primaries=int(first.color_primaries),
        transfer=int(first.color_trc),
        matrix=int(first.colorspace),
        range=int(first.color_range),
        interlaced=any(frame.interlaced_frame for frame in frames),
        frames=len(frames),
        picture_start_s=times[0],
        picture_s=times[-1] - times[0] + (times[-1] - times[0]) / max(1, len(times) - 1),
        channels=channels,
        sound_start_s=start_s,
        sound_s=len(samples) / RATE_HZ,
        tone_start_s=start_s - times[0] + (tone[0] / RATE_HZ if tone else 0.0),
        tone_hz=_pitch(samples[tone[0] : tone[-1]]) if tone else 0.0,
    )


def _listen(film: Path) -> tuple[float, "array[int]", int]:
    """Return the start of the sound in seconds, its samples as one channel, and its channels."""
    samples: array[int] = array("h")
    with av.open(str(film)) as container:
        if not container.streams.audio:
            return 0.0, samples, 0
        frames = list(container.decode(audio=0))
        channels = container.streams.audio[0].channels
    to_mono = AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    for frame in [*frames, None]:
        for mono in to_mono.resample(frame):
            samples.frombytes(bytes(mono.planes[0])[: mono.samples * 2])
    return frames[0].time or 0.0, samples, channels


def _pitch(samples: "array[int]") -> float:
    rises = sum(before < 0 <= after for before, after in pairwise(samples))
    return rises * RATE_HZ / len(samples) if samples else 0.0
