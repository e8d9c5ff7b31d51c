"""The tools by which preset and quality were chosen still measure what they say."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from reel_testing.quality.contents import begin
from reel_testing.quality.outcomes import Outcomes
from reel_testing.quality.trials import LABELS, carry_out, rungs_of, trial

MakeFilm = Callable[[str, float], Awaitable[Path]]


async def test_more_bytes_look_better_and_no_trial_is_forgotten(
    make_film: MakeFilm, tmp_path: Path
) -> None:
    film = begin(await make_film("3gp", 1.0), tmp_path, 1.0)
    (rung,) = rungs_of(film, LABELS)
    poor_rung, path = replace(rung, crf=45), tmp_path / "outcomes.jsonl"

    good = await asyncio.to_thread(carry_out, film, rung, "ultrafast")
    poor = await asyncio.to_thread(carry_out, film, poor_rung, "ultrafast")
    Outcomes(path).add(good)

    assert (film.width, film.height) == (352, 288)
    assert good.kbps > poor.kbps
    assert 100 >= good.vmaf > poor.vmaf
    assert good.vmaf_phone >= good.vmaf
    assert trial(film, rung, "ultrafast") in Outcomes(path)
    assert trial(film, poor_rung, "ultrafast") not in Outcomes(path)
