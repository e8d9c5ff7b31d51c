from pathlib import Path

import pytest

from transcode_service.adapters.cpus import available_cpus, scheduled_cpus
from transcode_service.domain.capacity import MAX_JOBS, Capacity, capacity_of


@pytest.mark.parametrize(
    ("cpus", "jobs"), [(0.5, 1), (1, 1), (3.9, 1), (4, 1), (7.9, 1), (8, 2), (64, 16), (192, 16)]
)
def test_a_worker_takes_a_job_for_every_four_cpus(cpus: float, jobs: int) -> None:
    assert capacity_of(cpus, seen=192).jobs == jobs <= MAX_JOBS


def test_one_job_with_the_machine_to_itself_leaves_the_threads_to_ffmpeg() -> None:
    assert capacity_of(4, seen=4) == Capacity(jobs=1, threads=0)


@pytest.mark.parametrize(
    ("cpus", "seen", "jobs", "threads"),
    [(2, 64, None, 3), (0.5, 64, None, 1), (8, 8, None, 6), (8, 8, 8, 2), (8, 8, 1, 0)],
)
def test_threads_fit_into_a_quota_and_beside_other_jobs(
    cpus: float, seen: int, jobs: int | None, threads: int
) -> None:
    assert capacity_of(cpus, seen=seen, jobs=jobs).threads == threads


def test_an_operator_may_want_another_number() -> None:
    assert capacity_of(2, seen=2, jobs=3) == Capacity(jobs=3, threads=1)


def a_cgroup(folder: Path, path: str, limits: dict[str, str]) -> tuple[Path, Path]:
    (folder / "self").write_text(f"12:cpu:/elsewhere\n0::{path}\n")
    for name, limit in limits.items():
        file = folder / "fs" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(limit)
    return folder / "self", folder / "fs"


@pytest.mark.parametrize(
    ("path", "limits", "cpus"),
    [
        ("/", {"cpu.max": "50000 100000\n"}, 0.5),
        ("/jobs/worker", {"jobs/cpu.max": "25000 100000\n"}, 0.25),
        ("/jobs", {"cpu.max": "50000 100000\n", "jobs/cpu.max": "30000 100000\n"}, 0.3),
        ("/", {"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
    ],
)
def test_the_smallest_quota_around_us_counts(
    tmp_path: Path, path: str, limits: dict[str, str], cpus: float
) -> None:
    proc, cgroups = a_cgroup(tmp_path, path, limits)

    assert available_cpus(proc=proc, cgroups=cgroups) == cpus


@pytest.mark.parametrize(
    "limits",
    [{}, {"cpu.max": "max 100000\n"}, {"cpu/cpu.cfs_quota_us": "-1\n"}, {"cpu.max": "nonsense"}],
)
def test_without_a_quota_the_scheduler_decides(tmp_path: Path, limits: dict[str, str]) -> None:
    proc, cgroups = a_cgroup(tmp_path, "/", limits)

    assert available_cpus(proc=proc, cgroups=cgroups) == scheduled_cpus() >= 1
