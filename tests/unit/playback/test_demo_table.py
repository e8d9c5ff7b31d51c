"""What the demo prints is aligned and needs no colour."""

import io
from pathlib import Path

from rich.console import Console

from reel_stack.demo_table import Step, print_summary, upload_text
from reel_stack.playback import PlaybackReport, RenditionReport
from reel_stack.sources import CORNERS

RENDITION = RenditionReport(
    label="1080p",
    width=1080,
    height=1920,
    declared_bps=5_690_000,
    peak_bps=5_600_000,
    size_bytes=20_000_000,
    segments=5,
    frames=900,
    duration_s=30.0,
    keyframes_s=(0.0, 2.0),
    corners=CORNERS,
    has_sound=True,
)
REPORT = PlaybackReport(
    url="http://127.0.0.1:1/videos/v/hls/master.m3u8",
    renditions=(RENDITION,),
    files=8,
    size_bytes=20_100_000,
    hits=1,
    misses=7,
    fetch_s=0.5,
    decode_s=1.5,
)


def printed(*steps: Step) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, highlight=False, soft_wrap=True, width=40)
    print_summary(console, steps, REPORT, Path("var/demo/poster.jpg"))
    return out.getvalue().splitlines()


def test_steps_add_up_and_times_stand_below_each_other() -> None:
    lines = printed(Step("upload", 1.26, "13 MiB"), Step("transcode", 39.3, "done"))

    assert lines[1:5] == [
        "step            time",
        "upload         1.3 s  13 MiB",
        "transcode     39.3 s  done",
        "all           40.6 s",
    ]


def test_each_rendition_is_a_row_below_its_headings() -> None:
    lines = printed()

    heading = next(line for line in lines if line.startswith("rendition"))
    row = next(line for line in lines if line.startswith("1080p"))
    assert len(row) == len(heading)
    assert row.split()[1:] == [
        "1080×1920",
        "900",
        "30.00",
        "s",
        "5",
        "19.1",
        "MiB",
        "5.60",
        "Mb/s",
        "5.69",
        "Mb/s",
    ]


def test_a_long_url_is_never_broken() -> None:
    assert f"stream     {REPORT.url}" in printed()


def test_one_part_is_one_part() -> None:
    assert upload_text(1024, 1, 1.0) == "1.0 KiB in 1 part, 1.0 KiB/s"
    assert upload_text(2048, 2, 1.0) == "2.0 KiB in 2 parts, 2.0 KiB/s"
