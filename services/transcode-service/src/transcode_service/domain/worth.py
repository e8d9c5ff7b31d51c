"""Which renditions are worth offering, once it is known what they came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from transcode_service.domain.playlist import Variant

LEAST_SAVING: Final = 0.05
"""By less than this, no network carries the smaller picture that would not carry the larger."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A rendition that costs a viewer as much as a better one; `saving` is a share of its rate."""

    label: str
    better: str
    saving: float

    def __str__(self) -> str:
        return f"{self.label} left out: {self.saving:.1%} below {self.better}"


def wins_nothing(variants: Sequence[Variant]) -> tuple[LeftOut, ...]:
    """Name the renditions, given best first, that save nothing over the next better one kept.

    Both rates must show it: a player chooses by the peak, and pays for the average. The best one
    always stays. It happens to pictures in which hardly anything is to be seen, whose sound is
    most of the bytes.
    """
    left_out: list[LeftOut] = []
    better: Variant | None = None
    for variant in variants:
        saving = _saving(variant, better) if better else 1.0
        if better is not None and saving < LEAST_SAVING:
            left_out.append(LeftOut(variant.rung.label, better.rung.label, saving))
        else:
            better = variant
    return tuple(left_out)


def _saving(variant: Variant, better: Variant) -> float:
    """Return the larger of what is saved at the peak and on average, as a share."""
    peak = variant.peak_bandwidth / better.peak_bandwidth
    average = variant.average_bandwidth / better.average_bandwidth
    return 1 - min(peak, average)
