"""Disk space for segments in flight, and what killed workers left of theirs."""

import fcntl
import os
import shutil
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final
from uuid import uuid4

import structlog

from reel_storage.objects import S3Objects
from transcode_service.adapters.media import media_deps
from transcode_service.domain.transcoding import Progress, SourceRef, TranscodeResult
from transcode_service.ports.jobs import OnPlan, Transcoder
from transcode_service.ports.media import MediaDeps
from transcode_service.usecases.transcode import transcode

NAME: Final = "worker-"
LOCK: Final = ".lock"

log = structlog.stdlib.get_logger(__name__)


@contextmanager
def own_work_dir(root: Path) -> Generator[Path]:
    """Make a directory of our own below `root`, and remove it on leaving.

    Directories of workers that are gone are removed first. A worker holds a lock on a file in its
    directory for as long as it lives, and the kernel drops the lock however it dies, so those of
    living workers on the same machine are left alone.
    """
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root / LOCK):  # one at a time: a directory made here is not yet locked
        _remove_stale(root)
        path = root / f"{NAME}{os.getpid()}-{uuid4().hex[:8]}"
        path.mkdir(mode=0o700)
        held = _lock_if_free(path / LOCK)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if held is not None:
            os.close(held)


@asynccontextmanager
async def open_transcoder(
    objects: S3Objects, *, work_dir: Path, ffmpeg: Path, preset: str, segment_s: int, threads: int
) -> AsyncGenerator[Transcoder]:
    """Yield the media pipeline, with a work directory and a prober that end with the block.

    Raises:
        OSError: the work directory cannot be made.
    """
    with own_work_dir(work_dir) as own:
        async with media_deps(
            objects, ffmpeg=ffmpeg, preset=preset, segment_s=segment_s, threads=threads
        ) as media:
            yield in_own_directory(media, own)


def in_own_directory(media: MediaDeps, work_dir: Path) -> Transcoder:
    """Return the media pipeline, each call with a directory of its own below `work_dir`."""

    async def run(
        source: SourceRef,
        *,
        prefix: str,
        qualities: Sequence[str],
        on_plan: OnPlan,
        on_progress: Callable[[Progress], None],
    ) -> TranscodeResult:
        return await transcode(
            source,
            prefix=prefix.rstrip("/"),
            qualities=qualities,
            work_dir=work_dir / uuid4().hex,
            deps=media,
            on_plan=on_plan,
            on_progress=on_progress,
        )

    return run


def _remove_stale(root: Path) -> None:
    for path in root.glob(f"{NAME}*"):
        free = _lock_if_free(path / LOCK)
        if free is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(free)
            log.warning("stale_work_dir_removed", path=str(path))


@contextmanager
def _locked(path: Path) -> Generator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _lock_if_free(path: Path) -> int | None:
    """Return a descriptor that holds the lock; None when a living process does."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
