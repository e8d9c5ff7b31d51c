"""From what a film is to what is made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from transcode_service.domain.ladder import Rung, fit, ladder
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.probe import SAME_RATE, AudioStream, Probe, VideoStream

MAX_DURATION_S: Final = 4 * 3600
MAX_PIXELS: Final = 8192 * 4320
MAX_FRAME_RATE: Final = Fraction(60)
DEFAULT_FRAME_RATE: Final = Fraction(30)
MIN_FRAME_RATE: Final = Fraction(1)
USUAL_FRAME_RATES: Final = (
    Fraction(15),
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(30),
    Fraction(48),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(60),
)
POSTER_AT_S: Final = 1.0
POSTER_AT_FRACTION: Final = 0.1
POSTER_SHORT_SIDE: Final = 720


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One encode, decided before it starts.

    `video` and `audio` are stream indexes of the demuxer. `displayed` is the source's size as
    seen. The poster is frame `poster_frame` of the output, `poster_size` large. `duration_s` is
    what the output must come to, None when the source does not say.
    """

    video: int
    audio: int | None
    audio_channels: int
    frame_rate: Fraction
    displayed: tuple[int, int]
    rungs: tuple[Rung, ...]
    poster_frame: int
    poster_size: tuple[int, int]
    duration_s: float | None


def make_plan(probe: Probe, qualities: Sequence[str]) -> Plan:
    """Decide streams, size, rate and rungs.

    Raises:
        SourceRejected: NO_VIDEO_STREAM, UNSUPPORTED_FORMAT (no decoder for the picture),
            SOURCE_TOO_LONG, SOURCE_TOO_MANY_PIXELS.
    """
    video = _best_video(probe)
    audio = next((stream for stream in probe.audio if _audible(stream)), None)
    duration_s = video.duration_s or probe.duration_s
    _check_limits(video, duration_s)
    frame_rate = constant_rate(video.frame_rate)
    short_side = min(POSTER_SHORT_SIDE, *video.displayed)
    return Plan(
        video=video.index,
        audio=audio.index if audio else None,
        audio_channels=min(audio.channels, 2) if audio else 0,
        frame_rate=frame_rate,
        displayed=video.displayed,
        rungs=ladder(video.displayed, float(frame_rate), qualities),
        poster_frame=_poster_frame(duration_s, frame_rate),
        poster_size=fit(video.displayed, short_side),
        duration_s=duration_s,
    )


def constant_rate(mean: Fraction | None) -> Fraction:
    """Snap a mean frame rate to a usual constant one, 60/s at most; slow motion is thinned out."""
    if mean is None or mean <= 0:
        return DEFAULT_FRAME_RATE
    nearest = min(USUAL_FRAME_RATES, key=lambda usual: abs(usual - mean))
    if abs(nearest - mean) <= SAME_RATE * nearest:
        return nearest
    return max(MIN_FRAME_RATE, min(MAX_FRAME_RATE, Fraction(round(mean))))


def _best_video(probe: Probe) -> VideoStream:
    films = [stream for stream in probe.video if not stream.cover]
    if not films:
        raise SourceRejected(Rejection.NO_VIDEO_STREAM, "the file holds no moving picture")
    decodable = [film for film in films if film.decodable and film.width and film.height]
    if not decodable:
        codecs = ", ".join(sorted({film.codec for film in films}))
        raise SourceRejected(Rejection.UNSUPPORTED_FORMAT, f"no decoder for {codecs}")
    return max(decodable, key=lambda film: film.width * film.height)


def _audible(stream: AudioStream) -> bool:
    return stream.decodable and stream.channels > 0 and stream.sample_rate_hz > 0


def _check_limits(video: VideoStream, duration_s: float | None) -> None:
    if video.width * video.height > MAX_PIXELS:
        detail = f"{video.width}×{video.height} is more than {MAX_PIXELS} pixels"
        raise SourceRejected(Rejection.SOURCE_TOO_MANY_PIXELS, detail)
    if duration_s is not None:
        check_duration(duration_s)


def check_duration(duration_s: float) -> None:
    """Refuse a film longer than `MAX_DURATION_S`.

    Raises:
        SourceRejected: SOURCE_TOO_LONG.
    """
    if duration_s > MAX_DURATION_S:
        detail = f"{duration_s:.0f} s is more than {MAX_DURATION_S} s"
        raise SourceRejected(Rejection.SOURCE_TOO_LONG, detail)


def _poster_frame(duration_s: float | None, frame_rate: Fraction) -> int:
    """About a second in, or a tenth of a short film; the first frame if the length is unknown."""
    at_s = min(POSTER_AT_S, (duration_s or 0) * POSTER_AT_FRACTION)
    return int(at_s * frame_rate)
