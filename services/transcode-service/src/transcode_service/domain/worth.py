"""Which renditions are worth offering, once it is known what they came to."""

from collections.abc import Sequence
from dataclasses import dataclass

from transcode_service.domain.playlist import Variant


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A rendition that costs a viewer more than a `better` one; rates are peaks, in bit/s."""

    label: str
    better: str
    bandwidth: int
    better_bandwidth: int

    def __str__(self) -> str:
        rates = f"{self.bandwidth} bit/s, {self.better} takes {self.better_bandwidth}"
        return f"{self.label} wins nothing: {rates}"


def wins_nothing(variants: Sequence[Variant]) -> tuple[LeftOut, ...]:
    """Name the renditions, given best first, that cost more than the next better one kept.

    Both rates must show it: a player chooses by the peak, and a viewer pays for the average. The
    best one always stays. It happens to drawings, print and screens: made smaller, their clean
    edges take more bits than they took.
    """
    left_out: list[LeftOut] = []
    better: Variant | None = None
    for variant in variants:
        if better is not None and _costs_more(variant, better):
            rates = (variant.peak_bandwidth, better.peak_bandwidth)
            left_out.append(LeftOut(variant.rung.label, better.rung.label, *rates))
        else:
            better = variant
    return tuple(left_out)


def _costs_more(variant: Variant, better: Variant) -> bool:
    return (
        variant.peak_bandwidth > better.peak_bandwidth
        and variant.average_bandwidth > better.average_bandwidth
    )
