"""The CPUs this process may use: those it may be scheduled on, and the quota of its cgroup."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from transcode_service.domain.capacity import Capacity, capacity_of

PROC: Final = Path("/proc/self/cgroup")
CGROUPS: Final = Path("/sys/fs/cgroup")


def scheduled_cpus() -> int:
    """Return how many CPUs the scheduler may put this process on."""
    return len(os.sched_getaffinity(0))


def available_cpus(*, proc: Path = PROC, cgroups: Path = CGROUPS) -> float:
    """Return how many CPUs' worth of time this process may use; a quota may be a fraction."""
    return min([scheduled_cpus(), *_quotas(proc, cgroups)])


def own_capacity(jobs: int | None = None) -> Capacity:
    """Return how much of this machine to take; `jobs` is what an operator wants."""
    return capacity_of(available_cpus(), seen=scheduled_cpus(), jobs=jobs)


def _quotas(proc: Path, cgroups: Path) -> Iterator[float]:
    """Yield the quotas of our cgroup and those around it: version 2, else version 1."""
    unified = _unified_path(_read(proc))
    own = cgroups / unified
    for folder in (own, *own.parents):
        if folder.is_relative_to(cgroups):
            yield from _quota(*_read(folder / "cpu.max").split())
    legacy = cgroups / "cpu"
    yield from _quota(
        _read(legacy / "cpu.cfs_quota_us").strip(), _read(legacy / "cpu.cfs_period_us").strip()
    )


def _quota(limit: str = "", period: str = "") -> Iterator[float]:
    if limit.isdigit() and period.isdigit() and int(limit) > 0 < int(period):
        yield int(limit) / int(period)


def _unified_path(text: str) -> str:
    """Return where version 2 keeps this process, relative to the mount."""
    found = (line.partition("::")[2] for line in text.splitlines() if line.startswith("0::"))
    return next(found, "").lstrip("/")


def _read(path: Path) -> str:
    """Return the file's text; empty where this kernel or container has no such file."""
    try:
        return path.read_text()
    except OSError:
        return ""
