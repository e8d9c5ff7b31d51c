"""A job's wall time against bare FFmpeg with the same arguments, and the waits around it."""

import asyncio
import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

import psutil

from reel_testing.bench.figures import Figure, at_most, fact
from reel_testing.phone import Phone, phone
from reel_testing.stack import RunningStack

ROUNDS: Final = 2
SHORT_ROUNDS: Final = 5
LOOK_S: Final = 0.01
SHORT_POLL_S: Final = 0.05
LONG_POLL_S: Final = 2.0
"""Polling is work too: on two cores, a look every 10 ms costs the encode a quarter of its speed."""
JOB_WITHIN_S: Final = 900


@dataclass(frozen=True)
class Job:
    """Instants of one job, in seconds since the epoch; `argv` is FFmpeg's command line."""

    completed: float
    events: Mapping[str, float]
    ready: float
    argv: Sequence[str]

    @property
    def wall_s(self) -> float:
        return self.events["job_succeeded"] - self.events["transcode_started"]


async def wall_figures(stack: RunningStack, scratch: Path, film: Path) -> Mapping[str, Figure]:
    """Alternate job and bare FFmpeg on the same film; compare the medians."""
    jobs: list[float] = []
    bare: list[float] = []
    async with phone(stack.gateway_url, stack.token) as app:
        for number in range(ROUNDS):
            job = await run_job(stack, app, film, poll_s=LONG_POLL_S)
            jobs.append(job.wall_s)
            bare.append(await asyncio.to_thread(bare_s, job.argv, film, scratch / str(number)))
    return {
        "job_wall_to_bare_ffmpeg": at_most(median(jobs) / median(bare), 1.05, "ratio"),
        "job_wall": fact(median(jobs), "s"),
        "bare_ffmpeg": fact(median(bare), "s"),
    }


async def wait_figures(stack: RunningStack, clip: Path) -> Mapping[str, Figure]:
    """Measure complete → FFmpeg started, and FFmpeg ended → READY visible, on a short clip."""
    async with phone(stack.gateway_url, stack.token) as app:
        jobs = [await run_job(stack, app, clip, poll_s=SHORT_POLL_S) for _ in range(SHORT_ROUNDS)]
    starts = [(job.events["ffmpeg_started"] - job.completed) * 1000 for job in jobs]
    ends = [(job.ready - job.events["ffmpeg_ended"]) * 1000 for job in jobs]
    return {
        "complete_to_ffmpeg_started": at_most(median(starts), 500, "ms"),
        "ffmpeg_ended_to_ready": at_most(median(ends), 500, "ms"),
    }


async def run_job(stack: RunningStack, app: Phone, film: Path, *, poll_s: float) -> Job:
    """Upload `film` and follow its job to READY, looking every `poll_s`.

    Raises:
        RuntimeError: it ended FAILED.
        TimeoutError: it did not end.
    """
    video_id = await app.send(film)
    completed = time.time()
    async with asyncio.TaskGroup() as group:
        spy = group.create_task(_ffmpeg_argv(stack.pids["transcode-worker"]), name="spy")
        ready = await _ready(app, video_id, poll_s)
    return Job(completed, _events(stack, video_id), ready, spy.result())


async def _ready(app: Phone, video_id: str, poll_s: float) -> float:
    async with asyncio.timeout(JOB_WITHIN_S):
        while True:
            view = await app.get(video_id)
            if view["status"] == "FAILED":
                raise RuntimeError(f"the job failed: {view['failReason']}")
            if view["status"] == "READY":
                return time.time()
            await asyncio.sleep(poll_s)


async def _ffmpeg_argv(worker_pid: int) -> Sequence[str]:
    worker = psutil.Process(worker_pid)
    while True:
        for child in worker.children(recursive=True):
            try:
                argv = child.cmdline()
            except psutil.Error:
                continue
            if "-progress" in argv and "ffmpeg" in Path(argv[0]).name:  # not its launcher
                return argv
        await asyncio.sleep(LOOK_S)


def _events(stack: RunningStack, video_id: str) -> Mapping[str, float]:
    """Return the worker's log of this video as event → instant."""
    return {
        line["event"]: datetime.fromisoformat(line["timestamp"]).astimezone(UTC).timestamp()
        for line in _log_lines(stack.layout.log_of("transcode-worker"))
        if line.get("video_id") == video_id
    }


def _log_lines(path: Path) -> Iterator[dict[str, Any]]:
    for raw in path.read_text().splitlines():
        if raw.startswith("{"):
            yield json.loads(raw)


def bare_s(argv: Sequence[str], film: Path, out: Path) -> float:
    """Run the same command line on the local file, into a local directory; return its seconds."""
    playlist = next(Path(argument) for argument in argv if argument.endswith(".m3u8"))
    work = str(playlist.parent.parent)
    for argument in argv:
        if argument.endswith(".m3u8"):
            (out / Path(argument).parent.name).mkdir(parents=True)
    local = [argument.replace(work, str(out)).replace("pipe:0", str(film)) for argument in argv]
    local[local.index("-protocol_whitelist") + 1] = "file"
    started = time.perf_counter()
    subprocess.run(  # noqa: S603 - the worker's own command line
        local, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, timeout=JOB_WITHIN_S
    )
    return time.perf_counter() - started
