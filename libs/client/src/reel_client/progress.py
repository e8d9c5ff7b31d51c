"""How far an upload is (spec 3.1.2): bytes of successful parts and of those in flight."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from reel_client.source import Part


class UploadPhase(StrEnum):
    """The status text a user is shown."""

    UPLOADING = "UPLOADING"
    RETRYING = "RETRYING"
    PAUSED = "PAUSED"
    FAILED = "FAILED"
    COMPLETED = "COMPLETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`resumed_bytes` were in the store before this run began."""

    phase: UploadPhase
    sent_bytes: int
    total_bytes: int
    parts_done: int
    parts_total: int
    resumed_bytes: int

    @property
    def fraction(self) -> float:
        return self.sent_bytes / self.total_bytes


OnProgress = Callable[[Progress], None]


def unseen(_: Progress) -> None:
    """Report to nobody."""


class ProgressTracker:
    """Adds up the parts and reports every change."""

    def __init__(self, parts: Iterable[Part], report: OnProgress) -> None:
        self._sizes = {part.number: part.size_bytes for part in parts}
        self._report = report
        self._done: set[int] = set()
        self._in_flight: dict[int, int] = {}
        self._retrying: set[int] = set()
        self._resumed_bytes = 0
        self._paused = False

    def resumed(self, numbers: Iterable[int]) -> None:
        """Count parts that the store already holds."""
        self._done.update(numbers)
        self._resumed_bytes = self._done_bytes()
        self._emit(self._phase())

    def sent(self, number: int, count: int) -> None:
        self._in_flight[number] = self._in_flight.get(number, 0) + count
        self._emit(self._phase())

    def starts(self, number: int) -> None:
        """A part is tried, for the first time or again."""
        self._in_flight[number] = 0
        self._retrying.discard(number)

    def retries(self, number: int) -> None:
        """A part's attempt broke: none of its bytes count, and it waits for the next one."""
        self._in_flight.pop(number, None)
        self._retrying.add(number)
        self._emit(self._phase())

    def done(self, number: int) -> None:
        self._in_flight.pop(number, None)
        self._done.add(number)
        self._emit(self._phase())

    def lost(self, numbers: Iterable[int]) -> None:
        """The store does not hold these after all."""
        self._done.difference_update(numbers)
        self._emit(self._phase())

    def paused(self, *, is_paused: bool) -> None:
        self._paused = is_paused
        self._emit(self._phase())

    def ended(self, phase: UploadPhase) -> None:
        self._emit(phase)

    def _phase(self) -> UploadPhase:
        if self._paused:
            return UploadPhase.PAUSED
        return UploadPhase.RETRYING if self._retrying else UploadPhase.UPLOADING

    def _done_bytes(self) -> int:
        return sum(self._sizes[number] for number in self._done)

    def _emit(self, phase: UploadPhase) -> None:
        self._report(
            Progress(
                phase=phase,
                sent_bytes=self._done_bytes() + sum(self._in_flight.values()),
                total_bytes=sum(self._sizes.values()),
                parts_done=len(self._done),
                parts_total=len(self._sizes),
                resumed_bytes=self._resumed_bytes,
            )
        )
