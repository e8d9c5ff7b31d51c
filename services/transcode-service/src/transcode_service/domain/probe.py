"""What a film is made of, as told by its headers and its first frame."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final, Self

from transcode_service.domain.colour import Colour
from transcode_service.domain.disorder import Disorder
from transcode_service.domain.tracks import DolbyVision, Track

QUARTER_TURN: Final = 90
UNKNOWN_CODEC: Final = "unknown"

SAME_RATE: Final = 0.02
"""How far, relatively, two rates may differ and still be meant as one."""


def likely_rate(mean: Fraction | None, guessed: Fraction | None) -> Fraction | None:
    """Choose between the mean rate of a film and the demuxer's guess of its nominal one.

    The guess is the rounder number (30000/1001 where a phone's mean is 29.98), and wrong for a
    film of varying rate, whose guess is the least common multiple of its intervals.
    """
    if mean is None or guessed is None:
        return mean or guessed
    return mean if varies(mean, guessed) else guessed


def varies(mean: Fraction | None, guessed: Fraction | None) -> bool:
    """Tell whether the mean rate is too far from the nominal one for that to be kept."""
    return mean is not None and guessed is not None and abs(guessed - mean) > SAME_RATE * mean


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoStream:
    """A stream of pictures; `index` is the demuxer's.

    `width` × `height` are coded pixels of shape `sample_aspect`; `rotation_degrees` is how far
    the picture must be turned, in quarter turns, positive or negative. `frame_rate` is the
    likely nominal rate, or the mean of a `varying` one, per second. `start_s` is counted from the
    first thing to be seen or heard. `cover` marks a still picture attached to a film.
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
    varying: bool = False
    start_s: float = 0.0
    duration_s: float | None = None
    cover: bool = False
    colour: Colour = field(default_factory=Colour)
    interlaced: bool = False
    dolby_vision: DolbyVision | None = None

    @property
    def displayed(self) -> tuple[int, int]:
        """Width and height as seen: upright, in square pixels."""
        width = max(1, round(self.width * self.sample_aspect))
        upright = self.rotation_degrees // QUARTER_TURN % 2 == 0
        return (width, self.height) if upright else (self.height, width)


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioStream:
    """A stream of sound; `default` marks the one that the film wants heard first."""

    index: int
    codec: str
    decodable: bool
    channels: int
    sample_rate_hz: int
    start_s: float = 0.0
    duration_s: float | None = None
    default: bool = False

    @property
    def end_s(self) -> float | None:
        """When it ends, counted as `start_s` is; None when no header tells."""
        return None if self.duration_s is None else self.start_s + self.duration_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The streams of a film in the demuxer's order; `duration_s` None when no header tells it.

    `pictured` is whether a frame could be decoded from the bytes that were given; `disorder` how
    far apart picture and sound lay in the file, if too far.
    """

    video: tuple[VideoStream, ...]
    audio: tuple[AudioStream, ...]
    duration_s: float | None = None
    pictured: bool = True
    disorder: Disorder | None = None

    def lasting(self, duration_s: float | None) -> Self:
        """Return the probe with this length in place of what the streams say of theirs."""
        video = tuple(replace(stream, duration_s=None) for stream in self.video)
        audio = tuple(replace(stream, duration_s=None) for stream in self.audio)
        return replace(self, video=video, audio=audio, duration_s=duration_s)

    def tracked(self, tracks: Sequence[Track]) -> Self:
        """Return the probe with what the film's index says of its tracks, by stream index."""
        known = dict(enumerate(tracks))
        video = tuple(_tracked_video(one, known.get(one.index)) for one in self.video)
        audio = tuple(_tracked_audio(one, known.get(one.index)) for one in self.audio)
        return replace(self, video=video, audio=audio)


def _tracked_video(stream: VideoStream, track: Track | None) -> VideoStream:
    if track is None:
        return stream
    codec = track.codec if stream.codec == UNKNOWN_CODEC else stream.codec
    return replace(stream, codec=codec, dolby_vision=track.dolby_vision)


def _tracked_audio(stream: AudioStream, track: Track | None) -> AudioStream:
    if track is None or stream.codec != UNKNOWN_CODEC:
        return stream
    return replace(stream, codec=track.codec)
