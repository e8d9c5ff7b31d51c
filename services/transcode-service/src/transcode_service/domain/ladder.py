"""Which renditions a picture gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

HIGH_FRAME_RATE: Final = 30
_HIGH_FRAME_RATE_FACTOR: Final = 1.5


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the ladder: `short_side` in pixels, `max_kbps` the video's cap at 30 frames/s."""

    label: str
    short_side: int
    crf: int
    max_kbps: int


@dataclass(frozen=True, slots=True)
class Rung:
    """A rendition to make; constant quality `crf`, capped at `max_kbps` over `buffer_kbits`."""

    label: str
    width: int
    height: int
    crf: int
    max_kbps: int
    buffer_kbits: int


STEPS: Final = (
    Step("1080p", 1080, 23, 5000),
    Step("720p", 720, 23, 2800),
    Step("480p", 480, 23, 1400),
)
"""Best first. Labels are the closed list of spec 1.2; levels and caps are measured (ADR 32)."""


def ladder(
    displayed: tuple[int, int], frame_rate: float, wanted: Sequence[str]
) -> tuple[Rung, ...]:
    """Return the rungs of a picture of this displayed size, best first; at least one.

    A step fits when its short side is not above the picture's, so portrait films get the same
    ladder as landscape ones. A picture smaller than every step gets one rung at its own size,
    under the lowest label. When nothing wanted fits, the best step that fits is made all the same.
    """
    short = min(displayed)
    fitting = [step for step in STEPS if step.short_side <= short]
    if not fitting:
        return (_rung(STEPS[-1], displayed, short, frame_rate),)
    chosen = [step for step in fitting if step.label in wanted] or fitting[:1]
    return tuple(_rung(step, displayed, step.short_side, frame_rate) for step in chosen)


def fit(displayed: tuple[int, int], short_side: int) -> tuple[int, int]:
    """Scale to a short side, shape kept; both sides even, as 4:2:0 pictures need."""
    short = min(displayed)
    width, height = (_even(side * short_side / short) for side in displayed)
    return width, height


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2 - 1e-9))


def _rung(step: Step, displayed: tuple[int, int], short_side: int, frame_rate: float) -> Rung:
    width, height = fit(displayed, short_side)
    factor = _HIGH_FRAME_RATE_FACTOR if frame_rate > HIGH_FRAME_RATE else 1
    max_kbps = round(step.max_kbps * factor)
    return Rung(step.label, width, height, step.crf, max_kbps, 2 * max_kbps)
