"""The FFmpeg command line of a plan."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from transcode_service.domain.ladder import Rung
from transcode_service.domain.layout import INIT, PLAYLIST, POSTER, SEGMENT_PATTERN
from transcode_service.domain.light import bt709
from transcode_service.domain.plan import MAX_PIXELS, Plan

KEYFRAME_INTERVAL_S: Final = 2
AUDIO_RATE_HZ: Final = 48_000
AUDIO_KBPS: Final = {1: 64, 2: 128}
POSTER_QSCALE: Final = 3
PROGRESS_PERIOD_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeSettings:
    """What does not depend on the film: x264 `preset`, target length of segments.

    `threads` is for each decoder, encoder and filter graph; 0 leaves it to FFmpeg.
    """

    preset: str
    segment_s: int
    threads: int = 0


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
        *_option("-filter_complex_threads", settings.threads),
        *_option("-threads", settings.threads),
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
    """Pictures and sound are made right once, then split into the rungs and the poster.

    FFmpeg turns the picture upright itself before the graph, and counts time from the earliest
    stream's start; here both streams are made to start then. Rates are made constant before
    anything costly.
    """
    rungs = range(len(plan.rungs))
    outputs = "".join(f"[s{number}]" for number in rungs)
    picture = ",".join([*_timing(plan), *bt709(plan.picture), f"split={len(plan.rungs) + 1}"])
    scaled = [f"[s{number}]{_scale(plan.rungs[number])}[v{number}]" for number in rungs]
    poster = f"[sp]select=eq(n\\,{plan.poster_frame}),{_jpeg(*plan.poster_size)}[poster]"
    sound = [] if plan.audio is None else [_sound(plan)]
    return ";".join([f"[0:{plan.video}]{picture}{outputs}[sp]", *scaled, poster, *sound])


def _timing(plan: Plan) -> Iterator[str]:
    if plan.picture.deinterlace:
        yield "bwdif=mode=send_frame"
    yield f"fps={plan.frame_rate}:start_time=0"
    if plan.hold_s:
        yield f"tpad=stop_mode=clone:stop_duration={plan.hold_s:.3f}"


def _scale(rung: Rung) -> str:
    return f"scale={rung.width}:{rung.height}:flags=bicubic,setsar=1"


def _jpeg(width: int, height: int) -> str:
    """JFIF has colours of its own: BT.601, full range."""
    return f"scale={width}:{height}:out_color_matrix=bt601:out_range=pc,setsar=1"


def _sound(plan: Plan) -> str:
    """Silence before a late start, in gaps and after an early end; speed is never touched."""
    layout = "mono" if plan.audio_channels == 1 else "stereo"
    filters = [
        f"aresample={AUDIO_RATE_HZ}:async=1:first_pts=0",
        f"aformat=channel_layouts={layout}",
        *([f"apad=whole_dur={plan.duration_s:.3f}"] if plan.duration_s else []),
        f"asplit={len(plan.rungs)}",
    ]
    outputs = "".join(f"[a{number}]" for number in range(len(plan.rungs)))
    return f"[0:{plan.audio}]{','.join(filters)}{outputs}"


def _global_options() -> Iterator[str]:
    yield from ("-hide_banner", "-nostdin", "-loglevel", "level+warning", "-nostats")
    yield from ("-progress", "pipe:1", "-stats_period", str(PROGRESS_PERIOD_S))
    yield from ("-xerror", "-max_error_rate", "0")


def _option(name: str, number: int) -> Iterator[str]:
    if number:
        yield from (name, str(number))


def _input(demuxer: str) -> Iterator[str]:
    yield from ("-protocol_whitelist", "pipe", "-err_detect", "explode")
    yield from ("-max_pixels", str(MAX_PIXELS))
    yield from ("-f", demuxer, "-i", "pipe:0")


def _rendition(plan: Plan, number: int, out: PurePath, settings: EncodeSettings) -> Iterator[str]:
    yield from ("-map", f"[v{number}]")
    if plan.audio is not None:
        yield from ("-map", f"[a{number}]")
    yield from ("-map_metadata", "-1", "-map_chapters", "-1")
    yield from _video(plan, plan.rungs[number], settings.preset)
    yield from _option("-threads:v", settings.threads)
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


def _hls(out: PurePath, segment_s: int) -> Iterator[str]:
    yield from ("-f", "hls", "-hls_time", str(segment_s), "-hls_playlist_type", "vod")
    yield from ("-hls_segment_type", "fmp4", "-hls_flags", "independent_segments+temp_file")
    yield from ("-hls_fmp4_init_filename", INIT)
    yield from ("-hls_segment_filename", str(out / SEGMENT_PATTERN), str(out / PLAYLIST))


def _poster(out: PurePath) -> Iterator[str]:
    yield from ("-map", "[poster]", "-map_metadata", "-1", "-frames:v", "1")
    yield from ("-c:v", "mjpeg", "-q:v", str(POSTER_QSCALE), "-pix_fmt", "yuvj420p")
    yield from ("-f", "image2", "-update", "1", str(out / POSTER))
