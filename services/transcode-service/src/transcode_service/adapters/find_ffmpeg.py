"""Which FFmpeg to run."""

import asyncio
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path
from typing import Final

import imageio_ffmpeg  # pyright: ignore[reportMissingTypeStubs] - it has none

MINIMUM: Final = (5, 1)
VERSION_TIMEOUT_S: Final = 10.0
_VERSION: Final = re.compile(r"^ffmpeg version n?(\d+)\.(\d+)")


class FfmpegNotFound(Exception):
    """There is no FFmpeg of at least version 5.1 where one was to be."""


async def find_ffmpeg(configured: Path | None = None) -> Path:
    """Return the configured binary; else `ffmpeg` on PATH, if new enough; else the bundled one.

    Raises:
        FfmpegNotFound: the configured one is too old or no FFmpeg, or there is none at all.
    """
    if configured is not None:
        if await _is_usable(configured):
            return configured
        raise FfmpegNotFound(f"{configured} is no FFmpeg {MINIMUM[0]}.{MINIMUM[1]} or newer")
    on_path = shutil.which("ffmpeg")
    if on_path is not None and await _is_usable(Path(on_path)):
        return Path(on_path)
    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise FfmpegNotFound("no FFmpeg on PATH, and none is bundled") from error


async def _is_usable(ffmpeg: Path) -> bool:
    try:
        async with asyncio.timeout(VERSION_TIMEOUT_S):
            process = await asyncio.create_subprocess_exec(
                ffmpeg, "-version", stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
            )
            out, _ = await process.communicate()
    except (OSError, TimeoutError):
        return False
    return is_new_enough(out.decode(errors="replace"))


def is_new_enough(version_text: str) -> bool:
    """Read `ffmpeg -version`; builds from a development branch have no number and pass."""
    if match := _VERSION.match(version_text):
        return (int(match[1]), int(match[2])) >= MINIMUM
    return version_text.startswith("ffmpeg version")
