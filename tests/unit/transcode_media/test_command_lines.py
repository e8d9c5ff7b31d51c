"""What the benchmark leaves out of the worker's command line to compare it with itself."""

from pathlib import PurePath

import pytest

from reel_testing.bench.command_lines import ladder_alone, playlists, rung_alone
from transcode_service.domain.command import EncodeSettings, ffmpeg_arguments
from transcode_service.domain.plan import Plan

RUNGS = ["1080p", "720p", "480p"]


@pytest.fixture
def whole(portrait_plan: Plan) -> list[str]:
    settings = EncodeSettings(preset="veryfast", segment_s=6)
    return ffmpeg_arguments(portrait_plan, demuxer="mov", out=PurePath("/out"), settings=settings)


def graph(argv: list[str]) -> str:
    return argv[argv.index("-filter_complex") + 1]


def test_the_ladder_alone_has_every_rendition_and_no_picture(whole: list[str]) -> None:
    alone = ladder_alone(whole)

    assert playlists(alone) == [f"/out/{label}/playlist.m3u8" for label in RUNGS]
    assert alone[-1] == "/out/480p/playlist.m3u8"
    assert not any("jpg" in argument for argument in alone)


def test_no_filter_is_left_that_only_fed_a_picture(whole: list[str]) -> None:
    left = graph(ladder_alone(whole))

    assert "split=3[s0][s1][s2];" in left
    assert left.endswith("asplit=3[a0][a1][a2]")
    assert set(left.split(";")) & set(graph(whole).split(";")) == {
        "[s0]scale=1080:1920:flags=bicubic,setsar=1[v0]",
        "[s1]scale=720:1280:flags=bicubic,setsar=1[v1]",
        "[s2]scale=480:854:flags=bicubic,setsar=1[v2]",
        left.split(";")[-1],
    }


def test_a_rung_alone_is_one_output_of_the_same_graph(whole: list[str]) -> None:
    alone = rung_alone(whole, "/out/720p/playlist.m3u8")

    assert playlists(alone) == ["/out/720p/playlist.m3u8"]
    assert [part.rpartition("[")[2] for part in graph(alone).split(";")] == ["s1]", "v1]", "a1]"]
    assert "split=1[s1]" in graph(alone)
    assert "asplit=1[a1]" in graph(alone)
    assert alone[: alone.index("-filter_complex")] == whole[: whole.index("-filter_complex")]
