"""From what a film is to what is made of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from transcode_service.domain.decisions import (
    Decision,
    picture_decisions,
    rung_decisions,
    sound_decisions,
    stream_decisions,
)
from transcode_service.domain.ladder import Rung, ladder
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.picture import Picture, picture_of
from transcode_service.domain.poster import Poster, poster_of
from transcode_service.domain.probe import SAME_RATE, AudioStream, Probe, VideoStream
from transcode_service.domain.storyboard import Storyboard, storyboard_of

MAX_DURATION_S: Final = 4 * 3600
MAX_PIXELS: Final = 8192 * 4320
MAX_FRAME_RATE: Final = Fraction(60)
DEFAULT_FRAME_RATE: Final = Fraction(30)
MIN_FRAME_RATE: Final = Fraction(1)
LONGEST_FRAME: Final = 2
"""A single picture lasts about as long as its film; a longer one is a mistake in the index."""
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
UNEVEN_END_S: Final = 0.25
"""Sound and picture that end this near each other are left as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One encode, decided before it starts.

    `video` and `audio` are stream indexes of the demuxer. `displayed` is the source's size as
    seen. `poster` and `storyboard` are stills of the output. Both streams start at 0 in the
    output; the last picture is held for `hold_s` while the sound goes on. `duration_s` is what
    the output must come to, None when the source does not say. `decisions` say what is done that
    is not done to every film, and why.
    """

    video: int
    audio: int | None
    audio_channels: int
    frame_rate: Fraction
    displayed: tuple[int, int]
    picture: Picture
    rungs: tuple[Rung, ...]
    poster: Poster
    storyboard: Storyboard
    hold_s: float
    duration_s: float | None
    decisions: tuple[Decision, ...]


def make_plan(probe: Probe, qualities: Sequence[str]) -> Plan:
    """Decide streams, size, rate and rungs.

    Raises:
        SourceRejected: NO_VIDEO_STREAM, UNSUPPORTED_FORMAT (no decoder for the picture),
            UNSUPPORTED_DOLBY_VISION, SOURCE_TOO_LONG, SOURCE_TOO_MANY_PIXELS, SOURCE_CORRUPT (its
            pictures lie further apart than it is long).
    """
    video = _best_video(probe)
    audio = _best_audio(probe)
    ends = _ends(probe, video, audio)
    _check_pixels(video)
    if ends.film_s is not None:
        check_duration(ends.film_s)
        _check_rate(video, ends.film_s)
    frame_rate = constant_rate(video.frame_rate)
    rungs = ladder(video.displayed, float(frame_rate), qualities)
    poster = poster_of(video.displayed, frame_rate, ends.film_s)
    largest = max((rungs[0].width, rungs[0].height), poster.size)
    picture = picture_of(video, largest)
    return Plan(
        video=video.index,
        audio=audio.index if audio else None,
        audio_channels=min(audio.channels, 2) if audio else 0,
        frame_rate=frame_rate,
        displayed=video.displayed,
        picture=picture,
        rungs=rungs,
        poster=poster,
        storyboard=storyboard_of(video.displayed, frame_rate, ends.film_s),
        hold_s=ends.hold_s,
        duration_s=ends.film_s,
        decisions=(
            *stream_decisions(probe, video, audio),
            *picture_decisions(video, picture, frame_rate),
            *sound_decisions(audio, hold_s=ends.hold_s, pad_s=ends.pad_s),
            *rung_decisions(video.displayed, rungs),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ends:
    """When the film ends (None: unknown), and how long the picture is held or silence added."""

    film_s: float | None
    hold_s: float = 0.0
    pad_s: float = 0.0


def _ends(probe: Probe, video: VideoStream, audio: AudioStream | None) -> _Ends:
    """Let nothing be lost: whichever of picture and sound ends first is made to last."""
    if video.duration_s is None:
        return _Ends(film_s=probe.duration_s)
    picture_s = video.start_s + video.duration_s
    longer_s = (audio.end_s or picture_s) - picture_s if audio else 0.0
    if longer_s > UNEVEN_END_S:
        return _Ends(film_s=picture_s + longer_s, hold_s=longer_s)
    return _Ends(film_s=picture_s, pad_s=-longer_s if -longer_s > UNEVEN_END_S else 0.0)


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
    best = max(decodable, key=lambda film: film.width * film.height)
    if best.dolby_vision is not None and not best.dolby_vision.stands_alone:
        detail = f"Dolby Vision profile {best.dolby_vision.profile} has no base layer of its own"
        raise SourceRejected(Rejection.UNSUPPORTED_DOLBY_VISION, detail)
    return best


def _best_audio(probe: Probe) -> AudioStream | None:
    """Return the default track if it can be decoded, else the first that can."""
    audible = [stream for stream in probe.audio if _audible(stream)]
    return next((stream for stream in audible if stream.default), next(iter(audible), None))


def _audible(stream: AudioStream) -> bool:
    return stream.decodable and stream.channels > 0 and stream.sample_rate_hz > 0


def check_picture(probe: Probe) -> None:
    """Refuse a film that no picture can be made of, or should be, before one is decoded.

    Raises:
        SourceRejected: NO_VIDEO_STREAM, UNSUPPORTED_FORMAT (no decoder), UNSUPPORTED_DOLBY_VISION,
            SOURCE_TOO_MANY_PIXELS.
    """
    _check_pixels(_best_video(probe))


def _check_pixels(video: VideoStream) -> None:
    if video.width * video.height > MAX_PIXELS:
        detail = f"{video.width}×{video.height} is more than {MAX_PIXELS} pixels"
        raise SourceRejected(Rejection.SOURCE_TOO_MANY_PIXELS, detail)


def _check_rate(video: VideoStream, film_s: float) -> None:
    """Refuse pictures further apart than the film is long: the gap would be filled with copies."""
    if video.frame_rate and 1 / video.frame_rate > LONGEST_FRAME * max(film_s, 1.0):
        detail = f"a picture every {float(1 / video.frame_rate):.0f} s in a film of {film_s:.1f} s"
        raise SourceRejected(Rejection.SOURCE_CORRUPT, detail)


def check_duration(duration_s: float) -> None:
    """Refuse a film longer than `MAX_DURATION_S`.

    Raises:
        SourceRejected: SOURCE_TOO_LONG.
    """
    if duration_s > MAX_DURATION_S:
        detail = f"{duration_s:.0f} s is more than {MAX_DURATION_S} s"
        raise SourceRejected(Rejection.SOURCE_TOO_LONG, detail)
