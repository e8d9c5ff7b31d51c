"""Which variant a phone starts with."""

from collections.abc import Sequence
from typing import Final

from transcode_service.domain.playlist import Variant

STARTUP_BPS: Final = 2_000_000
"""Most bit/s on average of the first variant: Apple's authoring specification has players begin
with about 2,000 kbit/s, which a phone's network carries from the first second nearly everywhere.
"""


def startup_order(variants: Sequence[Variant]) -> tuple[Variant, ...]:
    """Order variants for a master playlist: the one to start with, then the others, best first.

    Players that know nothing of the network yet take the first. That is the best one whose
    measured average is at most `STARTUP_BPS`, or the lowest when none is.
    """
    best_first = sorted(variants, key=lambda variant: variant.peak_bandwidth, reverse=True)
    affordable = (one for one in best_first if one.average_bandwidth <= STARTUP_BPS)
    first = next(affordable, best_first[-1])
    return (first, *(one for one in best_first if one is not first))
