"""What a command costs."""

import resource
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock, and of all cores together."""

    wall_s: float
    cpu_s: float


def timed(argv: Sequence[str], *, within_s: float, stdin: Path | None = None) -> Cost:
    """Run a command to its end; no other child may end meanwhile.

    Raises:
        CalledProcessError: it failed.
        TimeoutExpired: it took too long, and was killed.
    """
    used_s, started = _children_cpu_s(), time.perf_counter()
    with (stdin or Path("/dev/null")).open("rb") as source:
        subprocess.run(  # noqa: S603 - an encoder that is measured, on our own film
            argv, stdin=source, stdout=subprocess.DEVNULL, check=True, timeout=within_s
        )
    return Cost(time.perf_counter() - started, _children_cpu_s() - used_s)


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
