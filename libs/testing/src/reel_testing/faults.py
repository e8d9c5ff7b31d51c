"""What goes wrong between a client and a server, and when: a script made from a seed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final


class Fault(StrEnum):
    """What can become of one request; of one chunk, where the protocol is not HTTP."""

    CUT = "CUT"
    """Reset half-way through the request's body; before the server sees it, if it has none."""
    LOST = "LOST"
    """The server does what it is asked, and the connection is reset half-way through its answer."""
    SILENT = "SILENT"
    """Half-open: the request is taken and nothing ever comes back, until the client hangs up."""
    BUSY = "BUSY"
    """HTTP: 503 `SlowDown`, as S3 answers when it has too much to do."""
    SLOW = "SLOW"
    """The answer is long in coming, and bodies trickle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a line is like at its best, and how slow it is when it is `Fault.SLOW`.

    Every chunk, either way, takes `latency_s` and up to `jitter_s` more.
    """

    latency_s: float = 0.0
    jitter_s: float = 0.0
    slow_wait_s: float = 1.0
    slow_bytes_per_s: int = 2 * 1024 * 1024


FINE: Final = Line()


class Script:
    """Which request meets which fault: each as often as `faults` says, in an order of the seed.

    Between two of them some requests pass unharmed, `spacing` tells how many at least and at most.
    """

    def __init__(
        self, seed: int, faults: Mapping[Fault, int], *, spacing: tuple[int, int] = (0, 0)
    ) -> None:
        self._random = Random(seed)  # noqa: S311  to be repeated, not to be secret
        self._spacing = spacing
        self._left = [fault for fault, count in sorted(faults.items()) for _ in range(count)]
        self._random.shuffle(self._left)
        self._unharmed = self._pause()
        self.planned = Counter(dict(faults))

    @property
    def is_over(self) -> bool:
        """Tell whether every fault has met a request."""
        return not self._left

    def next(self) -> Fault | None:
        """Return what becomes of the next request."""
        if self._unharmed:
            self._unharmed -= 1
            return None
        self._unharmed = self._pause()
        return self._left.pop() if self._left else None

    def end(self) -> None:
        """Let every request pass from now on."""
        self._left.clear()

    def jitter_s(self, most_s: float) -> float:
        return self._random.uniform(0, most_s)

    def _pause(self) -> int:
        return self._random.randint(*self._spacing)


def no_faults() -> Script:
    """Return a script by which every request passes."""
    return Script(0, {})
