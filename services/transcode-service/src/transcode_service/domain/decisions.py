"""Why a plan is what it is, in words for an operator; none for what is done to every film."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from transcode_service.domain.disorder import Disorder
from transcode_service.domain.ladder import Rung
from transcode_service.domain.picture import Picture
from transcode_service.domain.probe import AudioStream, Probe, VideoStream

About = Literal["streams", "picture", "sound", "rungs"]

FULL_TURN: Final = 360
STEREO: Final = 2
OFFSET_S: Final = 0.05
"""An offset shorter than this is an encoder's own delay, and nobody notices it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Something done to a film that is not done to every film."""

    about: About
    what: str


def picture_decisions(
    video: VideoStream, picture: Picture, frame_rate: Fraction
) -> Iterator[Decision]:
    """Tell what becomes of the picture, in the order in which it is done."""
    for what in _picture(video, picture, frame_rate):
        yield Decision("picture", what)


def _picture(video: VideoStream, picture: Picture, frame_rate: Fraction) -> Iterator[str]:
    if video.dolby_vision is not None:
        yield f"Dolby Vision profile {video.dolby_vision.profile} by its base layer"
    if turned := -video.rotation_degrees % FULL_TURN:
        yield f"rotated {turned}°"
    if picture.deinterlace:
        yield "deinterlaced"
    if video.varying:
        yield f"varying rate → {_rate(frame_rate)} frames/s"
    elif video.frame_rate != frame_rate:
        yield f"{_rate(video.frame_rate)} → {_rate(frame_rate)} frames/s"
    if video.start_s >= OFFSET_S:
        yield f"first picture held {video.start_s:.3f} s, until its own start"
    if video.sample_aspect != 1:
        yield f"pixels of {video.sample_aspect} made square"
    yield from _light(video, picture)


def _light(video: VideoStream, picture: Picture) -> Iterator[str]:
    if picture.tone_map is not None:
        yield f"{picture.tone_map} → SDR"
    elif picture.primaries is not None:
        yield "wide gamut → BT.709"
    if picture.matrix is None:
        yield "RGB → BT.709"
    elif picture.tone_map is None and picture.matrix != "bt709":
        yield f"{picture.matrix.replace('bt', 'BT.')} → BT.709"
    if picture.full_range:
        yield "full → limited range"
    if video.pixel_format not in {None, "yuv420p", "yuvj420p"}:
        yield f"{video.pixel_format} → yuv420p"


def stream_decisions(
    probe: Probe, video: VideoStream, audio: AudioStream | None
) -> Iterator[Decision]:
    """Tell in which order the streams are read, if not in theirs, and which are left out."""
    if probe.disorder is not None:
        yield Decision("streams", f"interleaved anew: {_disorder(probe.disorder)}")
    for film in probe.video:
        if film.index != video.index:
            yield Decision("streams", f"skipped {_why_not(film)}")
    for sound in probe.audio:
        if audio is None or sound.index != audio.index:
            kind = "further" if sound.decodable else "undecodable"
            yield Decision("streams", f"skipped {kind} {sound.codec.upper()} track")


def _disorder(found: Disorder) -> str:
    if found.lag_s is None:
        return f"{found.behind} lay out of its own order"
    whose = "its" if found.behind != found.ahead else "another"
    return f"{found.behind} lay {found.lag_s:.3f} s behind {whose} {found.ahead}"


def _why_not(film: VideoStream) -> str:
    if film.cover:
        return "cover picture"
    return f"{'smaller' if film.decodable else 'undecodable'} {film.codec.upper()} picture"


def sound_decisions(
    audio: AudioStream | None, *, hold_s: float, pad_s: float
) -> Iterator[Decision]:
    """Tell what becomes of the sound, and of the picture when the sound goes on without it."""
    if audio is None:
        yield Decision("sound", "no audio")
        return
    if audio.channels > STEREO:
        yield Decision("sound", f"{audio.channels} channels → stereo")
    if audio.start_s >= OFFSET_S:
        yield Decision("sound", f"silence for {audio.start_s:.3f} s, until its own start")
    if pad_s:
        yield Decision("sound", f"shorter than the picture: silence for its last {pad_s:.3f} s")
    if hold_s:
        yield Decision("picture", f"last one held {hold_s:.3f} s, until the sound ends")


def rung_decisions(displayed: tuple[int, int], rungs: tuple[Rung, ...]) -> Iterator[Decision]:
    """Tell of a rung that is not of its label's size: the source is smaller than any."""
    best = rungs[0]
    if min(best.width, best.height) < int(best.label.removesuffix("p")):
        width, height = displayed
        yield Decision("rungs", f"{width}×{height} is below every rung: one at its own size")


def _rate(rate: Fraction | None) -> str:
    return "unknown" if rate is None else f"{float(rate):.6g}"
