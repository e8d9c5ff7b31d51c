"""What the demo prints at its end: aligned, and readable without colour."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from reel_client.cli.display import size_text
from reel_stack.playback import PlaybackReport, RenditionReport

MEGA = 1e6


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    seconds: float
    what: str


def upload_text(size_bytes: int, parts: int, seconds: float) -> str:
    rate = size_text(size_bytes / max(seconds, 0.001))
    return f"{size_text(size_bytes)} in {parts} part{'s'[: parts != 1]}, {rate}/s"


def print_summary(
    console: Console, steps: Sequence[Step], report: PlaybackReport, poster: Path
) -> None:
    console.print(f"\n[bold]{'step':<11}{'time':>9}[/]")
    for step in steps:
        console.print(f"{step.name:<11}{step.seconds:>7.1f} s  [dim]{step.what}[/]")
    total_s = sum(step.seconds for step in steps)
    console.print(f"{'all':<11}{total_s:>7.1f} s")
    console.print(f"\n[bold]{_row(HEADINGS)}[/]")
    for rendition in report.renditions:
        console.print(_row(_cells(rendition)))
    console.print(f"\n{'stream':<11}{report.url}")
    console.print(f"{'poster':<11}{poster}")
    cache = f"{report.hits} hits, {report.misses} misses"
    console.print(f"{'cdn':<11}{report.files} files, {size_text(report.size_bytes)}, {cache}")


HEADINGS = ("rendition", "picture", "frames", "length", "segments", "size", "peak", "declared")
WIDTHS = (-11, -11, 6, 10, 10, 11, 12, 12)


def _row(cells: Sequence[str]) -> str:
    """Align: a negative width is a column of words, on the left."""
    pairs = zip(cells, WIDTHS, strict=True)
    return "".join(f"{c:<{-width}}" if width < 0 else f"{c:>{width}}" for c, width in pairs)


def _cells(rendition: RenditionReport) -> tuple[str, ...]:
    return (
        rendition.label,
        f"{rendition.width}×{rendition.height}",
        str(rendition.frames),
        f"{rendition.duration_s:.2f} s",
        str(rendition.segments),
        size_text(rendition.size_bytes),
        f"{rendition.peak_bps / MEGA:.2f} Mb/s",
        f"{rendition.declared_bps / MEGA:.2f} Mb/s",
    )
