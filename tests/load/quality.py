"""`make quality`: try presets and quality levels on films of several kinds; print what they give.

Every outcome is kept in var/quality/outcomes.jsonl and is not tried again; remove the folder to
start anew.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Final

from rich.console import Console

from reel_testing.quality.contents import KINDS, Film, begin, make
from reel_testing.quality.outcomes import Outcomes, show
from reel_testing.quality.trials import LABELS, carry_out, rungs_of, trial
from transcode_service.domain.ladder import Rung
from transcode_service.settings import DEFAULT_PRESET

FOLDER: Final = Path(__file__).parents[2] / "var" / "quality"
PRESETS: Final = ("superfast", "veryfast", "faster", "fast", "medium")
PRESET_CRFS: Final = (23,)
CRFS: Final = (21, 23, 25)
SECONDS: Final = 3.0


def main() -> int:
    """Try what was asked for; without a word, first presets on the best rung, then every rung."""
    asked, console = _asked(), Console()
    FOLDER.mkdir(parents=True, exist_ok=True)
    outcomes = Outcomes(FOLDER / "outcomes.jsonl")
    for film in _films(asked):
        for preset, rung in _wanted(asked, film):
            tried = trial(film, rung, preset)
            if tried not in outcomes:
                outcomes.add(carry_out(film, rung, preset))
                console.print(f"{film.name} {rung.label} {preset} CRF {rung.crf}")
    show(console, outcomes)
    return 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make quality", description=__doc__)
    parser.add_argument("--films", type=Path, help="a folder of real films, tried as well")
    parser.add_argument("--kinds", type=_list, default=list(KINDS), help="of the made up films")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of each")
    parser.add_argument("--rungs", type=_list, help="1080p,720p,480p")
    parser.add_argument("--presets", type=_list)
    parser.add_argument("--crfs", type=_list)
    parser.add_argument("--caps", type=_list, help="kbit/s to try in place of each rung's own")
    return parser.parse_args()


def _list(text: str) -> list[str]:
    return text.split(",")


def _films(asked: argparse.Namespace) -> Iterator[Film]:
    for kind in asked.kinds:
        yield make(kind, FOLDER, asked.seconds)
    for path in sorted(asked.films.iterdir()) if asked.films else ():
        if path.suffix.lower() in {".mov", ".mp4", ".avi", ".3gp", ".wmv", ".m4v"}:
            yield begin(path, FOLDER, asked.seconds)


def _wanted(asked: argparse.Namespace, film: Film) -> Iterator[tuple[str, Rung]]:
    if asked.rungs or asked.presets or asked.crfs or asked.caps:
        rungs = _levels(film, asked.rungs or LABELS, [int(crf) for crf in asked.crfs or CRFS])
        capped = [_capped(rung, int(cap)) for rung in rungs for cap in asked.caps or ()]
        yield from product(asked.presets or [DEFAULT_PRESET], capped or rungs)
        return
    yield from product(PRESETS, _levels(film, LABELS[:1], PRESET_CRFS))
    yield from product([DEFAULT_PRESET], _levels(film, LABELS, CRFS))


def _levels(film: Film, labels: Sequence[str], crfs: Sequence[int]) -> list[Rung]:
    return [replace(rung, crf=crf) for rung in rungs_of(film, labels) for crf in crfs]


def _capped(rung: Rung, max_kbps: int) -> Rung:
    return replace(rung, max_kbps=max_kbps, buffer_kbits=2 * max_kbps)


if __name__ == "__main__":
    sys.exit(main())
