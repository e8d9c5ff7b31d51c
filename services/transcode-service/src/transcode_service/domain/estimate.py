"""From the progress of phases to that of the whole job, and the time it will still take."""

from dataclasses import dataclass
from typing import Final

from transcode_service.domain.transcoding import Phase, Progress

WEIGHT: Final = {
    Phase.READING: 0.02,
    Phase.ENCODING: 0.90,
    Phase.PUBLISHING: 0.06,
    Phase.VERIFYING: 0.02,
}
"""Shares of a job's time: segments leave while FFmpeg runs, so encoding is nearly all of it."""
LEAST_ENCODED: Final = 0.02
"""Share of the film from which on its encoding speed says something."""
MIN_PAUSE_S: Final = 2.0
MIN_STEP: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """`fraction` is of the whole job, 0 to 1; `eta_s` is None until it can be told."""

    fraction: float
    eta_s: float | None
    phase: Phase


class Estimator:
    """Turns the progress of one attempt into few, ever rising estimates."""

    def __init__(self) -> None:
        self._encoding_since_s: float | None = None
        self._job_s: float | None = None
        self._last: tuple[float, float] | None = None

    def hear(self, progress: Progress, *, now_s: float) -> Estimate | None:
        """Return what is worth telling, if anything: 1 % more, and 2 s after the last.

        `now_s` is any clock that only rises, in seconds.
        """
        self._measure(progress, now_s)
        fraction = overall(progress)
        if self._last is not None:
            told_s, told = self._last
            if now_s - told_s < MIN_PAUSE_S or fraction - told < MIN_STEP:
                return None
        self._last = (now_s, fraction)
        eta_s = None if self._job_s is None else round(self._job_s * (1 - fraction), 1)
        return Estimate(fraction=fraction, eta_s=eta_s, phase=progress.phase)

    def _measure(self, progress: Progress, now_s: float) -> None:
        """Extrapolate the whole job from the encoder's mean speed so far."""
        if progress.phase is not Phase.ENCODING:
            return
        if self._encoding_since_s is None:
            self._encoding_since_s = now_s
        elapsed_s, encoded = now_s - self._encoding_since_s, progress.fraction or 0.0
        if encoded >= LEAST_ENCODED and elapsed_s > 0:
            self._job_s = elapsed_s / (WEIGHT[Phase.ENCODING] * encoded)


def overall(progress: Progress) -> float:
    """Return the fraction of the whole job; a phase of unknown length counts when it is over."""
    phases = list(WEIGHT)
    before = sum(WEIGHT[phase] for phase in phases[: phases.index(progress.phase)])
    return min(1.0, before + WEIGHT[progress.phase] * (progress.fraction or 0.0))
