"""Which FFmpeg this machine has, and running it for sources and checks."""

import functools
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import imageio_ffmpeg  # pyright: ignore[reportMissingTypeStubs] - ships none

from reel_stack.errors import StackError

VARIABLE: Final = "REEL_FFMPEG"
OLDEST: Final = (5, 1)
VERSION_S: Final = 20
RUN_S: Final = 600
_SHOWN_BYTES: Final = 2000


class FfmpegFailed(StackError):
    """FFmpeg ended with an error; holds the end of what it said."""


@functools.cache
def find() -> Path:
    """Return `REEL_FFMPEG`, else the one on PATH if it is new enough, else the packaged one."""
    chosen = os.getenv(VARIABLE)
    if chosen:
        return Path(chosen)
    on_path = shutil.which("ffmpeg")
    if on_path and version(Path(on_path)) >= OLDEST:
        return Path(on_path)
    return Path(imageio_ffmpeg.get_ffmpeg_exe())


def version(executable: Path) -> tuple[int, int]:
    """Return major and minor; (0, 0) for a build that does not tell a release number."""
    answer = subprocess.run(  # noqa: S603 - an FFmpeg of this machine
        [executable, "-version"], capture_output=True, text=True, check=False, timeout=VERSION_S
    )
    found = re.match(r"ffmpeg version n?(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def run(arguments: Sequence[str], *, timeout_s: float = RUN_S) -> None:
    """Run FFmpeg for the file it writes. Raises FfmpegFailed."""
    _run(arguments, timeout_s)


def read(arguments: Sequence[str], *, timeout_s: float = RUN_S) -> bytes:
    """Run FFmpeg and return what it wrote to `-`. Raises FfmpegFailed."""
    return _run(arguments, timeout_s).stdout


def decode(film: Path, *, timeout_s: float = RUN_S) -> int:
    """Decode every stream to its end; return the number of frames of picture.

    Raises:
        FfmpegFailed: anything at all was wrong with it.
    """
    every_frame = ("-map", "0", "-fps_mode", "passthrough", "-progress", "pipe:1", "-f", "null")
    ended = _run(["-xerror", "-i", str(film), *every_frame, os.devnull], timeout_s)
    said = _end_of(ended.stderr)
    if said:
        raise FfmpegFailed(f"ffmpeg complains: {said}")
    counts = re.findall(rb"^frame=\s*(\d+)", ended.stdout, re.MULTILINE)
    return int(counts[-1]) if counts else 0


def _run(arguments: Sequence[str], timeout_s: float) -> subprocess.CompletedProcess[bytes]:
    command = [str(find()), "-hide_banner", "-nostdin", "-y", "-v", "error", *arguments]
    try:
        ended = subprocess.run(  # noqa: S603 - arguments are ours
            command, capture_output=True, check=False, timeout=timeout_s
        )
    except subprocess.TimeoutExpired as late:
        raise FfmpegFailed(f"ffmpeg did not end within {timeout_s:.0f} s") from late
    if ended.returncode != 0:
        raise FfmpegFailed(f"ffmpeg ended with {ended.returncode}: {_end_of(ended.stderr)}")
    return ended


def _end_of(text: bytes) -> str:
    return text[-_SHOWN_BYTES:].decode(errors="replace").strip()
