"""Outcomes kept on disk, and shown as a table."""

from pathlib import Path

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from reel_testing.quality.trials import Outcome, Trial


class Outcomes:
    """One JSON object a line; what is there is not tried again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_bytes().splitlines() if path.exists() else []
        read = (msgspec.json.decode(line, type=Outcome) for line in lines)
        self._known: dict[Trial, Outcome] = {outcome.trial: outcome for outcome in read}

    def __contains__(self, trial: Trial) -> bool:
        return trial in self._known

    def add(self, outcome: Outcome) -> None:
        self._known[outcome.trial] = outcome
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(outcome) + b"\n")

    def sorted(self) -> list[Outcome]:
        """Order by film and rung, then from the fastest preset's best quality on."""
        return sorted(
            self._known.values(), key=lambda outcome: msgspec.structs.astuple(outcome.trial)
        )


def show(console: Console, outcomes: Outcomes) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("film", "rung", "preset"):
        table.add_column(heading)
    for heading in ("CRF", "cap", "kbit/s", "peak", "CPU s", "VMAF", "on a phone"):
        table.add_column(heading, justify="right")
    for outcome in outcomes.sorted():
        tried = outcome.trial
        table.add_row(
            *(tried.film, tried.rung, tried.preset, str(tried.crf), str(tried.max_kbps)),
            *(f"{outcome.kbps:.0f}", f"{outcome.peak_kbps:.0f}", f"{outcome.cpu_s:.1f}"),
            *(f"{outcome.vmaf:.1f}", f"{outcome.vmaf_phone:.1f}"),
        )
    console.print(table)
