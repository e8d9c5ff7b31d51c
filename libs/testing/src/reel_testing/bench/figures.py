"""What a measurement comes to, and how it is written down."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

DIGITS: Final = 3


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value; `target` reads `<= 1.05`, `>= 0.9`, or is empty for a bare fact."""

    value: float
    unit: str
    target: str
    holds: bool


def at_most(value: float, limit: float, unit: str) -> Figure:
    return Figure(
        value=round(value, DIGITS), unit=unit, target=f"<= {limit:g}", holds=value <= limit
    )


def at_least(value: float, limit: float, unit: str) -> Figure:
    return Figure(
        value=round(value, DIGITS), unit=unit, target=f">= {limit:g}", holds=value >= limit
    )


def fact(value: float, unit: str) -> Figure:
    """Return a figure nothing is asked of, kept to make another one readable."""
    return Figure(value=round(value, DIGITS), unit=unit, target="", holds=True)


OURS: Final = "reel_"
THEIRS: Final = "shaka_"
LOAD: Final = "load_"
"""With this begin the names of the figures that `make load` writes."""


def replace_own(
    path: Path, figures: Mapping[str, Figure], *, is_own: Callable[[str], bool]
) -> None:
    """Write `var/bench.json`: figure name → `{"value", "unit", "target", "holds"}`.

    Those figures in it whose names are own, of an earlier run, give way; the others stay.
    """
    kept = {name: figure for name, figure in _read(path).items() if not is_own(name)}
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = msgspec.json.encode({**kept, **figures})
    path.write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")


def _read(path: Path) -> dict[str, Figure]:
    if not path.exists():
        return {}
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Figure])


def show(console: Console, figures: Mapping[str, Figure]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("figure", "value", "unit", "target", "holds"):
        table.add_column(heading, justify="right" if heading == "value" else "left")
    for name, figure in figures.items():
        holds = ("yes" if figure.holds else "NO") if figure.target else ""
        table.add_row(name, f"{figure.value:g}", figure.unit, figure.target, holds)
    console.print(table)


def show_peer(console: Console, figures: Mapping[str, Figure]) -> None:
    """Set side by side what was measured of both."""
    table = Table(box=box.SIMPLE_HEAD, title="the same film at the same x264 preset")
    for heading in ("", "Reel", "Shaka Streamer", "unit"):
        table.add_column(heading, justify="left" if heading in {"", "unit"} else "right")
    for name, ours in figures.items():
        measure = name.removeprefix(OURS)
        theirs = figures.get(THEIRS + measure)
        if name.startswith(OURS) and theirs:
            measures = (measure.replace("_", " "), f"{ours.value:g}", f"{theirs.value:g}")
            table.add_row(*measures, ours.unit)
    console.print(table)
