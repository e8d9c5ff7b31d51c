"""A job's wall time against bare FFmpeg, one decode against three, and the waits around a job."""

import asyncio
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

import psutil

from reel_testing.bench.command_lines import PLAYLIST, ladder_alone, playlists, rung_alone
from reel_testing.bench.figures import Figure, at_most, fact
from reel_testing.bench.timed import Cost, timed
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


@dataclass(frozen=True)
class Ladder:
    """The renditions of a film by FFmpeg alone: what they cost, and the folders they are in."""

    cost: Cost
    renditions: Sequence[Path]


async def sharing_figures(
    stack: RunningStack, scratch: Path, hdr: Path, sdr: Path
) -> Mapping[str, Figure]:
    """Compare the ladder from one decode with its rungs one by one.

    The target is for a film as phones record it, HEVC in HLG: decode and tone mapping are done
    once instead of three times. For H.264 in SDR next to all the CPU is x264's, which nothing
    shares (ADR 32).
    """
    of_hdr = await _sharing(stack, scratch / "hdr", hdr)
    of_sdr = await _sharing(stack, scratch / "sdr", sdr)
    return {
        "one_decode_to_separate_wall": at_most(of_hdr.wall_s, 0.8, "ratio"),
        "one_decode_to_separate_cpu": fact(of_hdr.cpu_s, "ratio"),
        "one_decode_to_separate_wall_sdr": fact(of_sdr.wall_s, "ratio"),
        "one_decode_to_separate_cpu_sdr": fact(of_sdr.cpu_s, "ratio"),
    }


async def _sharing(stack: RunningStack, scratch: Path, film: Path) -> Cost:
    """Return what one decode costs as a share of what separate ones do."""
    async with phone(stack.gateway_url, stack.token) as app:
        argv = (await run_job(stack, app, film, poll_s=LONG_POLL_S)).argv
    together: list[Cost] = []
    apart: list[Cost] = []
    for number in range(ROUNDS):
        out = scratch / str(number)
        together.append((await asyncio.to_thread(bare, argv, film, out / "ladder")).cost)
        apart.append(await asyncio.to_thread(_one_by_one, argv, film, out / "rungs"))
    (wall_s, cpu_s), (apart_wall_s, apart_cpu_s) = _medians(together), _medians(apart)
    return Cost(wall_s / apart_wall_s, cpu_s / apart_cpu_s)


async def wall_figures(
    stack: RunningStack, scratch: Path, film: Path
) -> tuple[Mapping[str, Figure], Ladder]:
    """Take turns: a job, and its renditions by FFmpeg alone; compare the medians."""
    jobs: list[Job] = []
    ladders: list[Ladder] = []
    async with phone(stack.gateway_url, stack.token) as app:
        for number in range(ROUNDS):
            job = await run_job(stack, app, film, poll_s=LONG_POLL_S)
            jobs.append(job)
            ladders.append(
                await asyncio.to_thread(bare, job.argv, film, scratch / f"bare-{number}")
            )
    job_s = median(job.wall_s for job in jobs)
    ladder_s, ladder_cpu_s = _medians([ladder.cost for ladder in ladders])
    figures = {
        "job_wall_to_bare_ffmpeg": at_most(job_s / ladder_s, 1.05, "ratio"),
        "job_wall": fact(job_s, "s"),
        "bare_ffmpeg": fact(ladder_s, "s"),
    }
    return figures, Ladder(Cost(ladder_s, ladder_cpu_s), ladders[-1].renditions)


def _medians(costs: Sequence[Cost]) -> tuple[float, float]:
    return median(cost.wall_s for cost in costs), median(cost.cpu_s for cost in costs)


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


def bare(argv: Sequence[str], film: Path, out: Path) -> Ladder:
    """Make the job's renditions alone: no pictures, no upload, no proof, a local file."""
    return _run(ladder_alone(argv), film, out)


def _one_by_one(argv: Sequence[str], film: Path, out: Path) -> Cost:
    """Make each rendition by a run of its own, one after the other."""
    costs = [_run(rung_alone(argv, playlist), film, out).cost for playlist in playlists(argv)]
    return Cost(sum(cost.wall_s for cost in costs), sum(cost.cpu_s for cost in costs))


def _run(argv: Sequence[str], film: Path, out: Path) -> Ladder:
    """Run the same command line on the local file, into a local directory."""
    work = str(Path(playlists(argv)[0]).parent.parent)
    local = [argument.replace(work, str(out)).replace("pipe:0", str(film)) for argument in argv]
    local[local.index("-protocol_whitelist") + 1] = "file"
    renditions = [Path(argument).parent for argument in local if argument.endswith(PLAYLIST)]
    for rendition in renditions:
        rendition.mkdir(parents=True)
    return Ladder(timed(local, within_s=JOB_WITHIN_S), renditions)
