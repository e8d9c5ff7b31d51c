"""Whether the workers of this service take jobs."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """What operators want; every order makes a new `revision`.

    While it is paused no worker takes a job. `interrupt` asks that jobs which run are handed back
    as well, instead of being finished.
    """

    revision: int
    paused_at: datetime | None = None
    reason: str | None = None
    interrupt: bool = False

    @property
    def is_paused(self) -> bool:
        """Tell whether jobs wait."""
        return self.paused_at is not None

    def interrupts(self, known: "Consumption | None") -> bool:
        """Tell whether this order, not yet known, asks to hand back what runs."""
        is_new = known is None or known.revision != self.revision
        return is_new and self.interrupt
