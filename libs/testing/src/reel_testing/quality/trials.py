"""One rung of one film, encoded as the worker would, and what came of it."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

import msgspec

from reel_hls.rates import average_bandwidth, peak_bandwidth
from reel_stack import ffmpeg
from reel_testing.bench.command_lines import ladder_alone
from reel_testing.bench.timed import timed
from reel_testing.quality.contents import RATE, Film
from reel_testing.quality.vmaf import vmaf
from transcode_service.domain import layout
from transcode_service.domain.colour import Colour
from transcode_service.domain.command import EncodeSettings, ffmpeg_arguments
from transcode_service.domain.ladder import STEPS, Rung
from transcode_service.domain.plan import Plan, make_plan
from transcode_service.domain.playlist import parse_media_playlist
from transcode_service.domain.probe import Probe, VideoStream

SEGMENT_S: Final = 2
"""Short, so that a clip of a few seconds has a peak."""
BT709: Final = 1
WITHIN_S: Final = 1200.0
LABELS: Final = tuple(step.label for step in STEPS)


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried: all that decides the outcome."""

    film: str
    seconds: float
    rung: str
    preset: str
    crf: int
    max_kbps: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What it gave: `cpu_s` are of all cores, decoding and scaling included."""

    trial: Trial
    cpu_s: float
    kbps: float
    peak_kbps: float
    vmaf: float
    vmaf_phone: float


def rungs_of(film: Film, labels: Sequence[str]) -> tuple[Rung, ...]:
    """Return those of the rungs that this film gets, best first."""
    return tuple(rung for rung in _plan(film).rungs if rung.label in labels)


def trial(film: Film, rung: Rung, preset: str) -> Trial:
    return Trial(
        film=film.name,
        seconds=film.seconds,
        rung=rung.label,
        preset=preset,
        crf=rung.crf,
        max_kbps=rung.max_kbps,
    )


def carry_out(film: Film, rung: Rung, preset: str) -> Outcome:
    """Encode, weigh and judge. Raises CalledProcessError, FfmpegFailed."""
    settings = EncodeSettings(preset=preset, segment_s=SEGMENT_S)
    with tempfile.TemporaryDirectory(prefix="reel-quality-") as folder:
        out = Path(folder)
        (out / rung.label).mkdir()
        plan = replace(_plan(film), rungs=(rung,))
        arguments = ladder_alone(ffmpeg_arguments(plan, demuxer="mov", out=out, settings=settings))
        cost = timed([str(ffmpeg.find()), *arguments], within_s=WITHIN_S, stdin=film.path)
        average, peak = _rates_kbps(out / rung.label)
        score = vmaf(out / layout.playlist(rung.label), film.path, (film.width, film.height))
    return Outcome(
        trial=trial(film, rung, preset),
        cpu_s=round(cost.cpu_s, 2),
        kbps=average,
        peak_kbps=peak,
        vmaf=round(score.tv, 2),
        vmaf_phone=round(score.phone, 2),
    )


def _rates_kbps(folder: Path) -> tuple[float, float]:
    playlist = parse_media_playlist((folder / layout.PLAYLIST).read_text())
    names, durations_s = zip(*playlist.segments, strict=True)
    sizes = [(folder / name).stat().st_size for name in names]
    peak = peak_bandwidth(sizes, durations_s, playlist.target_s)
    return average_bandwidth(sizes, durations_s) / 1000, peak / 1000


def _plan(film: Film) -> Plan:
    picture = VideoStream(
        index=0,
        codec="h264",
        decodable=True,
        width=film.width,
        height=film.height,
        frame_rate=Fraction(RATE),
        duration_s=film.seconds,
        colour=Colour(primaries=BT709, transfer=BT709, matrix=BT709),
    )
    return make_plan(Probe(video=(picture,), audio=(), duration_s=film.seconds), LABELS)
