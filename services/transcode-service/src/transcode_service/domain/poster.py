"""The one still that stands for a film: the most telling of frames sampled from all of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from transcode_service.domain.ladder import fit

SHORT_SIDE: Final = 720
MAX_CANDIDATES: Final = 16
MIN_INTERVAL_S: Final = Fraction(1, 4)
UNKNOWN_INTERVAL_S: Final = Fraction(2)
"""Between candidates of a film whose length is not known; they are of its first half minute."""
DARK_LUMA: Final = 20
"""Mean luma, of 255, below which a frame is as good as black: sensor noise lifts black so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """Every `every`-th frame is a candidate, from the first on; all are `size` large."""

    size: tuple[int, int]
    every: int


def poster_of(displayed: tuple[int, int], frame_rate: Fraction, duration_s: float | None) -> Poster:
    """Spread the candidates over the film, `MAX_CANDIDATES` of them at most."""
    interval_s = UNKNOWN_INTERVAL_S
    if duration_s is not None:
        interval_s = max(MIN_INTERVAL_S, Fraction(duration_s) / MAX_CANDIDATES)
    every = max(1, ceil(interval_s * frame_rate))
    return Poster(size=fit(displayed, min(SHORT_SIDE, *displayed)), every=every)


def most_telling(sizes_bytes: Sequence[int], lumas: Sequence[int]) -> int:
    """Return which candidate shows most, by its size as JPEG and its mean luma (0–255).

    At equal quality the most detailed frame is the largest: a blurred, faded or empty one is
    small. Detail in the dark may be noise, so dark frames count only when there are no others.
    The earliest wins a draw.
    """
    candidates = range(len(sizes_bytes))
    lit = [number for number in candidates if lumas[number] >= DARK_LUMA]
    return max(lit or candidates, key=lambda number: sizes_bytes[number])
