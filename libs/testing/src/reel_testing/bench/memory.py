"""Memory of the transcode worker's Python while the largest source streams through it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

import psutil

from reel_client import ReelClient
from reel_contracts.videos import VideoStatus
from reel_kernel.media import MAX_SOURCE_BYTES
from reel_testing.bench.figures import Figure, at_most, fact
from reel_testing.bench.uploads import padded
from reel_testing.stack import RunningStack

MIB: Final = 1024 * 1024
SAMPLE_S: Final = 0.05
WITHIN_S: Final = 300


@dataclass
class Peak:
    """Resident set sizes of one process, in bytes."""

    process: psutil.Process
    idle: int = 0
    highest: int = 0

    @asynccontextmanager
    async def watching(self) -> AsyncGenerator[None]:
        self.idle = self.highest = self.process.memory_info().rss
        async with asyncio.TaskGroup() as group:
            sampler = group.create_task(self._sample(), name="sample-memory")
            try:
                yield
            finally:
                sampler.cancel()

    async def _sample(self) -> None:
        while True:
            self.highest = max(self.highest, self.process.memory_info().rss)
            await asyncio.sleep(SAMPLE_S)


async def memory_figures(stack: RunningStack, scratch: Path, clip: Path) -> Mapping[str, Figure]:
    """Upload 1.5 GiB with the SDK and follow it to READY; the worker has worked before."""
    path = scratch / "largest.mov"
    padded(clip, path, MAX_SOURCE_BYTES)
    peak = Peak(psutil.Process(stack.pids["transcode-worker"]))
    token = stack.token(uuid4())
    async with ReelClient(stack.gateway_url, token, state_dir=scratch / "state") as reel:
        async with peak.watching():
            uploaded = await reel.upload(path)
            status = VideoStatus.UPLOADED
            async with asyncio.timeout(WITHIN_S):
                async for view in reel.watch(uploaded.video_id):
                    status = view.status
        if status is not VideoStatus.READY:
            raise RuntimeError(f"the largest source ended {status}")
        await reel.delete_video(uploaded.video_id)
    return {
        "worker_memory_above_idle": at_most((peak.highest - peak.idle) / MIB, 150, "MiB"),
        "worker_memory_idle": fact(peak.idle / MIB, "MiB"),
    }
