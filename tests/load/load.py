"""`make load`: many apps on the whole stack, and the polling route against a peer.

Writes its figures beside those of `make bench` into var/bench.json, and prints them.
"""

import argparse
import asyncio
import sys
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Final

from rich.console import Console

from reel_testing.bench.figures import LOAD, Figure, replace_own, show
from reel_testing.load.mixed import mixed_figures
from reel_testing.load.route import route_figures
from reel_testing.load.size import LoadSize
from reel_testing.stack import running

REPORT: Final = Path(__file__).parents[2] / "var" / "bench.json"


async def main(size: LoadSize) -> int:
    """Return 0 when every target holds, else 1."""
    console = Console()
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory(prefix="reel-load-") as directory:
        console.print("Starting the stack …")
        async with running() as stack:
            apps = f"{size.pollers} pollers and {size.uploaders} uploaders"
            console.print(f"{apps} for {size.seconds:g} s, after {size.warm_up_s:g} s …")
            figures |= await mixed_figures(console, stack, Path(directory), size)
        console.print("Starting another stack …")
        async with running() as stack:
            console.print("The polling route, in turns with FastAPI and SQLAlchemy …")
            figures |= await route_figures(stack, size)
    replace_own(REPORT, figures, is_own=lambda name: name.startswith(LOAD))
    show(console, figures)
    console.print(f"Written to {REPORT}")
    return 0 if all(figure.holds for figure in figures.values()) else 1


def asked() -> LoadSize:
    """Read `--pollers 100 --seconds 10 …`; each has its default from LoadSize."""
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    defaults = LoadSize()
    for field in fields(LoadSize):
        default: float = getattr(defaults, field.name)
        option = f"--{field.name.replace('_', '-')}"
        kind = int if field.type is int else float
        parser.add_argument(option, type=kind, default=default, help=f"{default:g}")
    return LoadSize(**vars(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(asked())))
