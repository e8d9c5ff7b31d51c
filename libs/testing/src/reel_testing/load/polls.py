"""What pollers are told to do, and what came of it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Final, Self

import msgspec

PERCENT: Final = 100


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One app: whose it is, and the video it asks after."""

    token: str
    video_id: str


class PollPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One connection a target, on each of them always one request under way.

    Every `fresh_every`-th request of an app comes without `If-None-Match`, as from one that was
    just opened; 1 means all of them, 0 none but the first.
    """

    host: str
    port: int
    targets: Sequence[Target]
    duration_s: float
    fresh_every: int


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """In milliseconds."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    highest_ms: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """Take the percentiles of at least one value, interpolated between neighbours."""
        ordered = sorted(seconds)
        cuts = quantiles(
            [ordered[0], *ordered] if len(ordered) == 1 else ordered, n=PERCENT, method="inclusive"
        )
        p50, p95, p99 = (cuts[percent - 1] * 1000 for percent in (50, 95, 99))
        return cls(p50_ms=p50, p95_ms=p95, p99_ms=p99, highest_ms=ordered[-1] * 1000)


class PollReport(msgspec.Struct, frozen=True, kw_only=True):
    """`statuses` counts answers by status, `faults` what was no right answer, by what it was.

    `cpu_s` is what the pollers themselves took of a core.
    """

    seconds: float
    statuses: dict[str, int]
    faults: dict[str, int]
    latency: Latency
    cpu_s: float

    @property
    def requests(self) -> int:
        return sum(self.statuses.values())

    @property
    def per_s(self) -> float:
        return self.requests / self.seconds

    @property
    def errors(self) -> int:
        return sum(self.faults.values())


@dataclass
class Tally:
    """Counts while the pollers run."""

    seconds: list[float] = field(default_factory=list[float])
    statuses: Counter[int] = field(default_factory=Counter[int])
    faults: Counter[str] = field(default_factory=Counter[str])

    def answered(self, took_s: float, status: int, fault: str | None) -> None:
        self.seconds.append(took_s)
        self.statuses[status] += 1
        if fault:
            self.faults[fault] += 1

    def report(self, seconds: float, cpu_s: float) -> PollReport:
        return PollReport(
            seconds=seconds,
            statuses={str(status): count for status, count in self.statuses.items()},
            faults=dict(self.faults),
            latency=Latency.of(self.seconds),
            cpu_s=cpu_s,
        )
