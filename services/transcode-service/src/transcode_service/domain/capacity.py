"""How much of a machine one worker takes."""

from dataclasses import dataclass
from math import ceil, floor
from typing import Final

CPUS_A_JOB: Final = 4
"""One decode and three x264 encodes at `veryfast` keep about so many busy, not many more."""
MAX_JOBS: Final = 16
THREADS_A_CPU: Final = 1.5
"""What x264 itself takes: frame threads wait for one another now and then."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """`jobs` at once; `threads` for each decoder, encoder and filter graph, 0: FFmpeg's choice."""

    jobs: int
    threads: int


def capacity_of(cpus: float, *, seen: int, jobs: int | None = None) -> Capacity:
    """Return what a worker takes that may use `cpus`; a quota need not be whole.

    FFmpeg counts the CPUs it may be scheduled on (`seen`). It does not know of a quota, nor of
    other jobs: with either it would start far more threads than can run, each with its frames.
    `jobs` is what an operator wants instead of the number that fits.
    """
    jobs = jobs or min(MAX_JOBS, max(1, floor(cpus / CPUS_A_JOB)))
    share = cpus / jobs
    threads = 0 if share >= seen else max(1, ceil(THREADS_A_CPU * share))
    return Capacity(jobs, threads)
