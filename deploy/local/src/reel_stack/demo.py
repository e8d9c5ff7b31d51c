"""`reel-stack demo`: one video's whole way, measured."""

import asyncio
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from reel_stack import lock
from reel_stack.errors import StackError
from reel_stack.layout import SERVERS_VENV, VAR, Layout

START_S: Final = 300.0
SECONDS: Final = 30


@click.command()
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--seconds",
    type=click.IntRange(1, 600),
    default=SECONDS,
    show_default=True,
    help="Length of the clip that is made when no FILE is given.",
)
@click.option("--keep", is_flag=True, help="Leave the stack up, if the demo started it.")
@click.option(
    "--var",
    type=click.Path(file_okay=False, path_type=Path, resolve_path=True),
    default=VAR,
    help="State directory; by default var/ of the clone.",
)
def demo(*, file: Path | None, seconds: int, keep: bool, var: Path) -> None:
    """Send FILE, or a clip made like a phone's, from upload to playback, and time each step.

    Everything goes through the public gateway and the CDN. Exits with status 1, and the reason,
    unless every frame of every rendition played.
    """
    # Loads FFmpeg's libraries, for which no other command should wait.
    from reel_stack.demo_journey import Journey, demonstrate  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)
    layout = Layout(var, SERVERS_VENV)
    with _running_stack(layout, console, keep=keep):
        asyncio.run(demonstrate(Journey(layout=layout, file=file, seconds=seconds), console))


@contextmanager
def _running_stack(layout: Layout, console: Console, *, keep: bool) -> Generator[None]:
    """Have a stack for the block; one that ran before is left as it was."""
    if lock.holder(layout.lock) is not None:
        yield
        return
    console.print("starting the stack …")
    try:
        _reel_stack("up", "--detach", layout)
        yield
    finally:
        if keep:
            console.print("\nthe stack stays up; stop it with: make down")
        else:
            _reel_stack("down", layout)
            console.print("\nthe stack is down again; to play the stream: make up, then make demo")


def _reel_stack(*arguments: str | Layout) -> None:
    words = [f"--var={word.var}" if isinstance(word, Layout) else word for word in arguments]
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "reel_stack", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=START_S,
    )
    if ended.returncode != 0:
        raise StackError(ended.stderr.removeprefix("Error: ").strip())
