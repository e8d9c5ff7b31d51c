"""`make bench`: run the whole stack, measure, write var/bench.json and print tables."""

import asyncio
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console

from reel_stack import source_bytes, sources
from reel_testing.bench.figures import LOAD, Figure, replace_own, show, show_peer
from reel_testing.bench.films import as_hlg
from reel_testing.bench.memory import memory_figures
from reel_testing.bench.peer import peer_figures
from reel_testing.bench.transcodes import sharing_figures, wait_figures, wall_figures
from reel_testing.bench.uploads import upload_figures
from reel_testing.stack import RunningStack, running

REPORT: Final = Path(__file__).parents[2] / "var" / "bench.json"
FILM_S: Final = 60
SHARED_S: Final = 16
CLIP_S: Final = 3


async def main() -> int:
    """Return 0 when every target holds, else 1."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="reel-bench-") as directory:
        scratch = Path(directory)
        console.print("Making the clips …")
        film = await asyncio.to_thread(_landscape, scratch / "film.mov", FILM_S)
        clip = await asyncio.to_thread(sources.make, "mov-upright", scratch / "clip.mov", CLIP_S)
        console.print("Starting the stack …")
        async with running() as stack:
            figures = await _measure(console, stack, scratch, film, clip)
    replace_own(REPORT, figures, is_own=lambda name: not name.startswith(LOAD))
    show(console, figures)
    show_peer(console, figures)
    console.print(f"Written to {REPORT}")
    return 0 if all(figure.holds for figure in figures.values()) else 1


async def _sharing(stack: RunningStack, scratch: Path) -> Mapping[str, Figure]:
    sdr = await asyncio.to_thread(_landscape, scratch / "sdr.mov", SHARED_S)
    hdr = await asyncio.to_thread(as_hlg, sdr, scratch / "hdr.mov", SHARED_S)
    return await sharing_figures(stack, scratch, hdr, sdr)


def _landscape(path: Path, seconds: float) -> Path:
    """Make a 1080p film that is not to be turned: the peer makes portrait films small."""
    made = sources.RECIPES["mov"]
    sources.make("mov", path, seconds)
    source_bytes.rotate(path, 0, made.width, made.height)
    return path


async def _measure(
    console: Console, stack: RunningStack, scratch: Path, film: Path, clip: Path
) -> dict[str, Figure]:
    """Measure one thing after another, and show each at once: a later one may fail."""
    figures: dict[str, Figure] = {}

    def keep(measured: Mapping[str, Figure]) -> None:
        show(console, measured)
        figures.update(measured)

    console.print("The waits around a job …")
    keep(await wait_figures(stack, clip))
    console.print(f"A job of {FILM_S} s against bare FFmpeg …")
    walls, ladder = await wall_figures(stack, scratch, film)
    keep(walls)
    console.print("One decode against three …")
    keep(await _sharing(stack, scratch))
    console.print("The same film by Shaka Streamer, and how both look …")
    keep(await asyncio.to_thread(peer_figures, ladder, film, scratch / "peer"))
    console.print("Uploads against boto3 …")
    keep(await upload_figures(stack, scratch, clip))
    console.print("The largest source through the worker …")
    keep(await memory_figures(stack, scratch, clip))
    return figures


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
