"""What a film is made of, as told by its headers and its first frame."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Self

QUARTER_TURN: Final = 90


SAME_RATE: Final = 0.02
"""How far, relatively, two rates may differ and still be meant as one."""


def likely_rate(mean: Fraction | None, guessed: Fraction | None) -> Fraction | None:
    """Choose between the mean rate of a film and the demuxer's guess of its nominal one.

    The guess is the rounder number (30000/1001 where a phone's mean is 29.98), and wrong for a
    film of varying rate, whose guess is the least common multiple of its intervals.
    """
    if mean is None or guessed is None:
        return mean or guessed
    return guessed if abs(guessed - mean) <= SAME_RATE * mean else mean


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStream:
    """A stream of pictures; `index` is the demuxer's.

    `width` × `height` are coded pixels of shape `sample_aspect`; `rotation_degrees` is how far
    the picture must be turned, in quarter turns, positive or negative. `frame_rate` is the
    likely nominal rate, or the mean of a varying one, per second. `cover` marks a still picture
    attached to a film.
    """

    index: int
    codec: str
    decodable: bool
    width: int
    height: int
    pixel_format: str | None = None
    sample_aspect: Fraction = Fraction(1)
    rotation_degrees: int = 0
    frame_rate: Fraction | None = None
    duration_s: float | None = None
    cover: bool = False

    @property
    def displayed(self) -> tuple[int, int]:
        """Width and height as seen: upright, in square pixels."""
        width = max(1, round(self.width * self.sample_aspect))
        upright = self.rotation_degrees // QUARTER_TURN % 2 == 0
        return (width, self.height) if upright else (self.height, width)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStream:
    index: int
    codec: str
    decodable: bool
    channels: int
    sample_rate_hz: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The streams of a film in the demuxer's order; `duration_s` None when no header tells it.

    `pictured` is whether a frame could be decoded from the bytes that were given.
    """

    video: tuple[VideoStream, ...]
    audio: tuple[AudioStream, ...]
    duration_s: float | None = None
    pictured: bool = True

    def lasting(self, duration_s: float | None) -> Self:
        """Return the probe with this length in place of what the streams say of theirs."""
        video = tuple(replace(stream, duration_s=None) for stream in self.video)
        return replace(self, video=video, duration_s=duration_s)
