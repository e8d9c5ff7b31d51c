from dataclasses import replace
from pathlib import PurePath

from transcode_service.domain.command import EncodeSettings, ffmpeg_arguments, filter_graph
from transcode_service.domain.plan import Plan

SETTINGS = EncodeSettings(preset="veryfast", segment_s=6)


def rendition(number: int, label: str, rate: list[str], sound: list[str]) -> list[str]:
    return [
        *("-map", f"[v{number}]"),
        *(["-map", "0:0"] if sound else []),
        *("-map_metadata", "-1", "-map_chapters", "-1"),
        *("-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high"),
        *("-crf", "23", "-maxrate", rate[0], "-bufsize", rate[1]),
        *("-g", "60", "-sc_threshold", "0", "-flags:v", "+cgop", "-forced-idr", "1"),
        *("-force_key_frames", "expr:gte(t,n_forced*2)"),
        *("-fps_mode:v", "passthrough"),
        *sound,
        *("-f", "hls", "-hls_time", "6", "-hls_playlist_type", "vod"),
        *("-hls_segment_type", "fmp4", "-hls_flags", "independent_segments+temp_file"),
        *("-hls_fmp4_init_filename", "init.mp4"),
        *("-hls_segment_filename", f"/work/{label}/seg_%05d.m4s", f"/work/{label}/playlist.m3u8"),
    ]


STEREO = ["-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000"]
HEAD = [
    *("-hide_banner", "-nostdin", "-loglevel", "level+warning", "-nostats"),
    *("-progress", "pipe:1", "-stats_period", "0.5"),
    *("-xerror", "-max_error_rate", "0"),
    *("-protocol_whitelist", "pipe", "-err_detect", "explode"),
    *("-max_pixels", "35389440"),
    *("-f", "mov", "-i", "pipe:0"),
]
POSTER = [
    *("-map", "[poster]", "-map_metadata", "-1", "-frames:v", "1"),
    *("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"),
    *("-f", "image2", "-update", "1", "/work/poster.jpg"),
]
GRAPH = (
    "[0:1]fps=30000/1001,split=4[s0][s1][s2][sp];"
    "[s0]scale=1080:1920:flags=bicubic:out_range=tv,setsar=1,format=yuv420p[v0];"
    "[s1]scale=720:1280:flags=bicubic:out_range=tv,setsar=1,format=yuv420p[v1];"
    "[s2]scale=480:854:flags=bicubic:out_range=tv,setsar=1,format=yuv420p[v2];"
    "[sp]select=eq(n\\,29),scale=720:1280,setsar=1[poster]"
)


def test_one_command_makes_every_rung_and_the_poster(portrait_plan: Plan) -> None:
    arguments = ffmpeg_arguments(
        portrait_plan, demuxer="mov", out=PurePath("/work"), settings=SETTINGS
    )

    assert arguments == [
        *HEAD,
        *("-filter_complex", GRAPH),
        *rendition(0, "1080p", ["5000k", "10000k"], STEREO),
        *rendition(1, "720p", ["2800k", "5600k"], STEREO),
        *rendition(2, "480p", ["1400k", "2800k"], STEREO),
        *POSTER,
    ]


def test_a_silent_film_has_no_sound_options(portrait_plan: Plan) -> None:
    silent = replace(portrait_plan, audio=None, audio_channels=0, rungs=portrait_plan.rungs[:1])

    arguments = ffmpeg_arguments(silent, demuxer="mov", out=PurePath("/work"), settings=SETTINGS)

    graph = ["-filter_complex", filter_graph(silent)]
    assert arguments == [*HEAD, *graph, *rendition(0, "1080p", ["5000k", "10000k"], []), *POSTER]


def test_mono_stays_mono(portrait_plan: Plan) -> None:
    mono = replace(portrait_plan, audio_channels=1)

    arguments = ffmpeg_arguments(mono, demuxer="mov", out=PurePath("/work"), settings=SETTINGS)

    sound = arguments[arguments.index("-c:a") :][:8]
    assert sound == ["-c:a", "aac", "-b:a", "64k", "-ac", "1", "-ar", "48000"]
