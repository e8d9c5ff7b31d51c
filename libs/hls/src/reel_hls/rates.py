"""Bit rates of segments, as RFC 8216 (4.1, 4.3.4.2) defines them."""

from collections.abc import Sequence
from itertools import accumulate


def average_bandwidth(sizes: Sequence[int], durations_s: Sequence[float]) -> int:
    """Return the mean rate of all segments, in bit/s."""
    return round(8 * sum(sizes) / sum(durations_s))


def peak_bandwidth(sizes: Sequence[int], durations_s: Sequence[float], target_s: float) -> int:
    """Return the peak segment rate in bit/s, as RFC 8216 (4.1) defines it.

    That is the largest rate of any run of segments that lasts between half and one and a half
    times the target duration; of the whole, if it is shorter.
    """
    bytes_before = [0, *accumulate(sizes)]
    seconds_before = [0.0, *accumulate(durations_s)]
    peak = 0.0
    for first in range(len(sizes)):
        for last in range(first + 1, len(sizes) + 1):
            lasts_s = seconds_before[last] - seconds_before[first]
            if lasts_s > 1.5 * target_s:
                break
            if lasts_s >= 0.5 * target_s:
                peak = max(peak, 8 * (bytes_before[last] - bytes_before[first]) / lasts_s)
    return round(peak) or average_bandwidth(sizes, durations_s)
