"""Every kind of film, with the plan it must get and the picture and sound it must become."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from reel_stack.playback import corners
from reel_stack.sources import CORNERS
from reel_testing import film_card, storyboards
from reel_testing.film_card import TONE_HZ, Case
from reel_testing.film_matrix import CASES, PARTS, SMALL, dolby_vision
from reel_testing.film_matrix_choice import REFUSED
from reel_testing.media_memory import Made, MediaInMemory, media_in_memory
from reel_testing.seen import Seen, see
from transcode_service.domain.media_errors import Rejection, SourceRejected
from transcode_service.domain.plan import Plan
from transcode_service.domain.transcoding import TranscodeResult

Record = Callable[[str, object], None]

A_FRAME_S = 0.05
BT709 = (1, 1, 1)
LIMITED = 1


@pytest.fixture
async def media(tmp_path: Path) -> AsyncGenerator[MediaInMemory]:
    async with media_in_memory(tmp_path) as media:
        yield media


@pytest.mark.parametrize("name", CASES)
async def test_a_film_gets_its_plan_and_becomes_right(
    name: str, media: MediaInMemory, tmp_path: Path, record_property: Record
) -> None:
    case = CASES[name]
    film = await asyncio.to_thread(film_card.make, case, tmp_path)

    made = await media.transcode(film)

    record_property("bullet", bullet(name))
    record_property("output", output(made.result))
    for decision in told(made.plan):
        record_property("why", decision)
    assert made.plan.displayed == case.displayed
    assert made.plan.frame_rate == Fraction(case.frame_rate)
    assert reasons(told(made.plan)) == reasons(expected(case))
    seen = await asyncio.to_thread(see, made.film)
    check_picture(case, seen)
    check_sound(case, seen)
    assert corners(made.film) == CORNERS
    assert corners(made.poster) == CORNERS
    check_storyboard(case, made)


def bullet(name: str) -> str:
    """Name the part of the matrix that a case belongs to."""
    return next(part for part, cases in PARTS.items() if name in cases)


def output(result: TranscodeResult) -> str:
    rung = next(asset for asset in result.assets if asset.type == "HLS_RENDITION")
    kbps = f", {rung.bandwidth / 1000:.0f} kbit/s" if rung.bandwidth else ""
    return f"{rung.width}×{rung.height}, {result.duration_s:.2f} s{kbps}"


def told(plan: Plan) -> list[str]:
    return [f"{decision.about}: {decision.what}" for decision in plan.decisions]


def expected(case: Case) -> list[str]:
    return [*case.why, SMALL.format(*case.displayed)]


def reasons(why: Sequence[str]) -> list[str]:
    """Leave out lengths: encoders differ by some milliseconds."""
    return [re.sub(r"(\d+\.\d{3}|\{:\.3f\}) s", "… s", line) for line in why]


def check_picture(case: Case, seen: Seen) -> None:
    assert seen.pixel_format == "yuv420p"
    assert (seen.primaries, seen.transfer, seen.matrix) == BT709
    assert seen.range == LIMITED
    assert not seen.interlaced
    assert seen.picture_s == pytest.approx(case.lasts_s, abs=0.1)
    assert seen.frames == pytest.approx(case.lasts_s * Fraction(case.frame_rate), abs=2)


def check_sound(case: Case, seen: Seen) -> None:
    assert seen.channels == case.channels
    if not case.channels:
        return
    assert abs(seen.sound_start_s - seen.picture_start_s) <= A_FRAME_S
    assert seen.sound_s == pytest.approx(case.lasts_s, abs=0.15)
    tone_s = case.sound_late_s + case.encoder_delay_s
    assert seen.tone_start_s == pytest.approx(tone_s, abs=A_FRAME_S)
    assert seen.tone_hz == pytest.approx(TONE_HZ, rel=0.03)


def check_storyboard(case: Case, made: Made) -> None:
    """The film is the same from end to end, and so must be its first tile."""
    tiles = storyboards.read(made.storyboard.read_text())
    assert tiles[-1].end_ms == pytest.approx(case.lasts_s * 1000, abs=100)
    first = storyboards.cut(tiles[0], made.storyboard, made.storyboard.with_suffix(".png"))
    assert corners(first) == CORNERS


@pytest.mark.parametrize("name", REFUSED)
async def test_a_film_that_nothing_can_be_made_of_is_refused_with_its_reason(
    name: str, media: MediaInMemory, tmp_path: Path, record_property: Record
) -> None:
    case, reason = REFUSED[name]
    film = await asyncio.to_thread(film_card.make, case, tmp_path)
    record_property("bullet", "refused")

    with pytest.raises(SourceRejected) as rejected:
        await media.transcode(film)

    record_property("why", f"{rejected.value.reason}: {rejected.value}")
    assert rejected.value.reason is reason


async def test_dolby_vision_without_a_base_layer_is_refused(
    media: MediaInMemory, tmp_path: Path
) -> None:
    film = await asyncio.to_thread(film_card.make, CASES["hlg"], tmp_path)
    film.write_bytes(dolby_vision(5, 0)(film.read_bytes()))

    with pytest.raises(SourceRejected, match="profile 5") as rejected:
        await media.transcode(film)

    assert rejected.value.reason is Rejection.UNSUPPORTED_DOLBY_VISION
