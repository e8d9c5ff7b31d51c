"""Progress and state on standard error: a bar for a person, lines for a log."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.control import Control
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import (
    Progress as Bar,
)
from rich.segment import ControlType

from reel_client.progress import OnProgress, Progress, UploadPhase
from reel_contracts.videos import ProgressView

STEP: Final = 0.1
"""Without a terminal, one line for every so much of the file."""

BAR_CHARS: Final = 24

Seconds = Callable[[], float]

STYLES: Final = {
    "UPLOADING": "cyan",
    "RETRYING": "yellow",
    "PAUSED": "yellow",
    "COMPLETED": "green",
    "UPLOADED": "cyan",
    "TRANSCODING": "cyan",
    "READY": "green",
    "FAILED": "red",
}


def size_text(size_bytes: float) -> str:
    """Return `12.3 MiB`, in binary units."""
    for unit in ("B", "KiB", "MiB"):
        if size_bytes < 1024:  # noqa: PLR2004
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1024
    return f"{size_bytes:.2f} GiB"


@contextmanager
def upload_display(console: Console) -> Generator[OnProgress]:
    """Show an upload while the block runs."""
    if not console.is_terminal:
        yield PlainUpload(console).show
        return
    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(bar_width=32),
        TaskProgressColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
    with bar:
        yield BarUpload(bar).show


class BarUpload:
    """Feeds a rich progress bar; speed and remaining time are of this run's bytes alone."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=None, start=False)
        self._is_started = False

    def show(self, progress: Progress) -> None:
        if not self._is_started:
            self._is_started = True
            self._bar.reset(
                self._task, total=progress.total_bytes, completed=progress.resumed_bytes
            )
        style = STYLES[progress.phase]
        self._bar.update(
            self._task,
            completed=progress.sent_bytes,
            description=f"[{style}]{progress.phase:<9}[/]",
        )


class PlainUpload:
    """A line at every tenth of the file and at every change of state."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: tuple[UploadPhase, int] | None = None

    def show(self, progress: Progress) -> None:
        step = (progress.phase, int(progress.fraction / STEP))
        if step == self._last:
            return
        self._last = step
        sent, total = size_text(progress.sent_bytes), size_text(progress.total_bytes)
        line = f"{progress.phase:<11} {progress.fraction:>4.0%}  {sent} of {total}"
        self._console.print(line, soft_wrap=True, highlight=False)


class StatusLines:
    """One line a state, with the seconds since the first; progress in the last, or by tenths."""

    def __init__(self, console: Console, clock: Seconds = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._begun_s = clock()
        self._last: tuple[str, int | None] = ("", None)

    def show(self, status: str, progress: ProgressView | None = None) -> None:
        on_terminal = self._console.is_terminal
        least = 1 if on_terminal else round(100 * STEP)
        step = (status, None if progress is None else progress.percent // least)
        if step == self._last:
            return
        overwrites = on_terminal and self._last[0] == status
        self._last = step
        style = STYLES.get(status, "")
        text = f"[{style}]{status}[/]" if style else status
        if overwrites:
            self._console.control(Control.move(0, -1), Control((ControlType.ERASE_IN_LINE, 2)))
        elapsed_s = self._clock() - self._begun_s
        line = f"{elapsed_s:>7.1f} s  {text}{_progress_text(progress)}"
        self._console.print(line, soft_wrap=True, highlight=False)


def _progress_text(progress: ProgressView | None) -> str:
    if progress is None:
        return ""
    filled = round(progress.percent / 100 * BAR_CHARS)
    bar = "━" * filled + "╌" * (BAR_CHARS - filled)
    left = "" if progress.eta_seconds is None else f"  about {progress.eta_seconds:.0f} s left"
    return f"  {bar} {progress.percent:>3}%{left}"
