from dataclasses import replace
from pathlib import PurePath

import pytest

from transcode_service.domain.colour import Hdr
from transcode_service.domain.command import EncodeSettings, ffmpeg_arguments, filter_graph
from transcode_service.domain.light import bt709
from transcode_service.domain.picture import Picture
from transcode_service.domain.plan import Plan

SETTINGS = EncodeSettings(preset="veryfast", segment_s=6)


def rendition(number: int, label: str, rate: list[str], sound: list[str]) -> list[str]:
    return [
        *("-map", f"[v{number}]"),
        *(["-map", f"[a{number}]"] if sound else []),
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
        *("-hls_segment_filename", f"/out/{label}/seg_%05d.m4s", f"/out/{label}/playlist.m3u8"),
    ]


STEREO = ["-c:a", "aac", "-b:a", "128k"]
HEAD = [
    *("-hide_banner", "-nostdin", "-loglevel", "level+warning", "-nostats"),
    *("-progress", "pipe:1", "-stats_period", "0.5"),
    *("-xerror", "-max_error_rate", "0"),
    *("-protocol_whitelist", "pipe", "-err_detect", "explode"),
    *("-max_pixels", "35389440"),
    *("-format_whitelist", "mov", "-enable_drefs", "0", "-use_absolute_path", "0"),
    *("-f", "mov", "-i", "pipe:0"),
]
POSTER = [
    *("-map", "[poster]", "-map_metadata", "-1", "-frames:v", "1"),
    *("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p"),
    *("-f", "image2", "-update", "1", "/out/poster.jpg"),
]
BT709 = (
    "setsar=1,format=yuv420p,"
    "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709"
)
SDR = (
    "scale=1080:1920:flags=bicubic:in_color_matrix=bt709:out_color_matrix=bt709:out_range=tv,"
    + BT709
)
GRAPH = (
    f"[0:1]fps=30000/1001:start_time=0,{SDR},split=4[s0][s1][s2][sp];"
    "[s0]scale=1080:1920:flags=bicubic,setsar=1[v0];"
    "[s1]scale=720:1280:flags=bicubic,setsar=1[v1];"
    "[s2]scale=480:854:flags=bicubic,setsar=1[v2];"
    "[sp]select=eq(n\\,29),scale=720:1280:out_color_matrix=bt601:out_range=pc,setsar=1[poster];"
    "[0:0]aresample=48000:async=1:first_pts=0,aformat=channel_layouts=stereo,"
    "apad=whole_dur=30.000,asplit=3[a0][a1][a2]"
)


def test_one_command_makes_every_rung_and_the_poster(portrait_plan: Plan) -> None:
    arguments = ffmpeg_arguments(
        portrait_plan, demuxer="mov", out=PurePath("/out"), settings=SETTINGS
    )

    assert arguments == [
        *HEAD,
        *("-filter_complex", GRAPH),
        *rendition(0, "1080p", ["5000k", "10000k"], STEREO),
        *rendition(1, "720p", ["2800k", "5600k"], STEREO),
        *rendition(2, "480p", ["1400k", "2800k"], STEREO),
        *POSTER,
    ]


@pytest.mark.parametrize("demuxer", ["avi", "asf"])
def test_no_other_demuxer_may_read_and_nothing_else_be_opened(
    demuxer: str, portrait_plan: Plan
) -> None:
    arguments = ffmpeg_arguments(
        portrait_plan, demuxer=demuxer, out=PurePath("/out"), settings=SETTINGS
    )

    opened = arguments.index("-filter_complex")
    assert arguments[opened - 6 : opened] == [
        *("-format_whitelist", demuxer, "-f", demuxer, "-i", "pipe:0")
    ]
    assert arguments[arguments.index("-protocol_whitelist") + 1] == "pipe"
    assert "-enable_drefs" not in arguments


def test_a_silent_film_has_no_sound_options(portrait_plan: Plan) -> None:
    silent = replace(portrait_plan, audio=None, audio_channels=0, rungs=portrait_plan.rungs[:1])

    arguments = ffmpeg_arguments(silent, demuxer="mov", out=PurePath("/out"), settings=SETTINGS)

    graph = ["-filter_complex", filter_graph(silent)]
    assert arguments == [*HEAD, *graph, *rendition(0, "1080p", ["5000k", "10000k"], []), *POSTER]


def test_mono_stays_mono(portrait_plan: Plan) -> None:
    mono = replace(portrait_plan, audio_channels=1)

    arguments = ffmpeg_arguments(mono, demuxer="mov", out=PurePath("/out"), settings=SETTINGS)

    assert arguments[arguments.index("-c:a") :][:4] == ["-c:a", "aac", "-b:a", "64k"]
    assert "aformat=channel_layouts=mono" in filter_graph(mono)


def test_rates_are_made_constant_before_hdr_is_brought_to_linear_light(
    portrait_plan: Plan,
) -> None:
    picture = replace(
        portrait_plan.picture,
        deinterlace=True,
        matrix="bt2020",
        primaries="2020",
        tone_map=Hdr.PQ,
    )

    graph = filter_graph(replace(portrait_plan, picture=picture, hold_s=0.5))

    assert graph.startswith(
        "[0:1]bwdif=mode=send_frame,fps=30000/1001:start_time=0,"
        "tpad=stop_mode=clone:stop_duration=0.500,"
        "scale=1080:1920:flags=bicubic,"
        "zscale=matrixin=2020_ncl:primariesin=2020:transferin=smpte2084:rangein=limited"
        ":transfer=linear:npl=203,format=gbrpf32le,zscale=primaries=709,"
        "tonemap=mobius:param=0.3:desat=0:peak=4.926,"
        f"zscale=transfer=709:matrix=709:range=limited,{BT709},split=4"
    )


@pytest.mark.parametrize(
    ("changes", "scaling"),
    [
        ({"matrix": "bt601"}, "in_color_matrix=bt601:out_color_matrix=bt709:out_range=tv"),
        (
            {"matrix": "bt709", "full_range": True},
            "in_color_matrix=bt709:in_range=pc:out_color_matrix=bt709:out_range=tv",
        ),
        ({"matrix": None}, "out_color_matrix=bt709:out_range=tv"),
    ],
)
def test_every_sdr_picture_comes_out_as_bt709_in_limited_range(
    changes: dict[str, object], scaling: str
) -> None:
    picture = replace(Picture(size=(1280, 720)), **changes)  # pyright: ignore[reportArgumentType] - test data

    assert ",".join(bt709(picture)) == f"scale=1280:720:flags=bicubic:{scaling},{BT709}"


def test_wide_gamut_goes_through_linear_light_without_tone_mapping() -> None:
    filters = list(bt709(Picture(size=(1280, 720), primaries="smpte432")))

    assert filters[1].startswith("zscale=matrixin=709:primariesin=smpte432:transferin=709")
    assert not any(name.startswith("tonemap") for name in filters)
