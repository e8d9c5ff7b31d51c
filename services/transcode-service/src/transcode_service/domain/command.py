"""The FFmpeg command line of a plan."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from transcode_service.domain.ladder import Rung
from transcode_service.domain.layout import INIT, PLAYLIST, POSTER, SEGMENT_PATTERN
from transcode_service.domain.plan import MAX_PIXELS, Plan

KEYFRAME_INTERVAL_S: Final = 2
AUDIO_RATE_HZ: Final = 48_000
AUDIO_KBPS: Final = {1: 64, 2: 128}
POSTER_QSCALE: Final = 3
PROGRESS_PERIOD_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeSettings:
    """What does not depend on the film: x264 `preset`, target length of segments."""

    preset: str
    segment_s: int


def ffmpeg_arguments(
    plan: Plan, *, demuxer: str, out: PurePath, settings: EncodeSettings
) -> list[str]:
    """Return the arguments (without the program) that turn stdin into HLS files below `out`.

    One decode feeds every rung and the poster. The demuxer is named, and the input may open
    nothing but its pipe. Any error of demuxer or decoder ends the run: a film with a hole in it
    is not a success. Progress goes to stdout, messages with their level to stderr. The rungs'
    directories must exist.
    """
    return [
        *_global_options(),
        *_input(demuxer),
        "-filter_complex",
        filter_graph(plan),
        *(
            option
            for number, rung in enumerate(plan.rungs)
            for option in _rendition(plan, number, out / rung.label, settings)
        ),
        *_poster(out),
    ]


def filter_graph(plan: Plan) -> str:
    """One decoded, upright picture at a constant rate, split into every rung and the poster.

    FFmpeg turns the picture upright itself before the graph.
    """
    names = [f"s{number}" for number in range(len(plan.rungs))]
    split = f"[0:{plan.video}]fps={plan.frame_rate},split={len(names) + 1}"
    outputs = "".join(f"[{name}]" for name in [*names, "sp"])
    chains = [f"[s{number}]{_scale(rung)}[v{number}]" for number, rung in enumerate(plan.rungs)]
    width, height = plan.poster_size
    poster = f"[sp]select=eq(n\\,{plan.poster_frame}),scale={width}:{height},setsar=1[poster]"
    return ";".join([split + outputs, *chains, poster])


def _scale(rung: Rung) -> str:
    size = f"{rung.width}:{rung.height}"
    return f"scale={size}:flags=bicubic:out_range=tv,setsar=1,format=yuv420p"


def _global_options() -> Iterator[str]:
    yield from ("-hide_banner", "-nostdin", "-loglevel", "level+warning", "-nostats")
    yield from ("-progress", "pipe:1", "-stats_period", str(PROGRESS_PERIOD_S))
    yield from ("-xerror", "-max_error_rate", "0")


def _input(demuxer: str) -> Iterator[str]:
    yield from ("-protocol_whitelist", "pipe", "-err_detect", "explode")
    yield from ("-max_pixels", str(MAX_PIXELS))
    yield from ("-f", demuxer, "-i", "pipe:0")


def _rendition(plan: Plan, number: int, out: PurePath, settings: EncodeSettings) -> Iterator[str]:
    yield from ("-map", f"[v{number}]")
    if plan.audio is not None:
        yield from ("-map", f"0:{plan.audio}")
    yield from ("-map_metadata", "-1", "-map_chapters", "-1")
    yield from _video(plan, plan.rungs[number], settings.preset)
    if plan.audio is not None:
        yield from _audio(plan.audio_channels)
    yield from _hls(out, settings.segment_s)


def _video(plan: Plan, rung: Rung, preset: str) -> Iterator[str]:
    yield from ("-c:v", "libx264", "-preset", preset, "-profile:v", "high")
    yield from ("-crf", str(rung.crf), "-maxrate", f"{rung.max_kbps}k")
    yield from ("-bufsize", f"{rung.buffer_kbits}k")
    yield from ("-g", str(math.ceil(KEYFRAME_INTERVAL_S * plan.frame_rate)))
    yield from ("-sc_threshold", "0", "-flags:v", "+cgop", "-forced-idr", "1")
    yield from ("-force_key_frames", f"expr:gte(t,n_forced*{KEYFRAME_INTERVAL_S})")
    yield from ("-fps_mode:v", "passthrough")


def _audio(channels: int) -> Iterator[str]:
    yield from ("-c:a", "aac", "-b:a", f"{AUDIO_KBPS[channels]}k")
    yield from ("-ac", str(channels), "-ar", str(AUDIO_RATE_HZ))


def _hls(out: PurePath, segment_s: int) -> Iterator[str]:
    yield from ("-f", "hls", "-hls_time", str(segment_s), "-hls_playlist_type", "vod")
    yield from ("-hls_segment_type", "fmp4", "-hls_flags", "independent_segments+temp_file")
    yield from ("-hls_fmp4_init_filename", INIT)
    yield from ("-hls_segment_filename", str(out / SEGMENT_PATTERN), str(out / PLAYLIST))


def _poster(out: PurePath) -> Iterator[str]:
    yield from ("-map", "[poster]", "-map_metadata", "-1", "-frames:v", "1")
    yield from ("-c:v", "mjpeg", "-q:v", str(POSTER_QSCALE), "-pix_fmt", "yuvj420p")
    yield from ("-f", "image2", "-update", "1", str(out / POSTER))
