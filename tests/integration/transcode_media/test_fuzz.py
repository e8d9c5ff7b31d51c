"""Damaged films of every family: planned and fed, or refused; made whole, or not at all."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from reel_testing.budget import Budget
from reel_testing.fuzz import FAMILIES, Fuzzer, Outcome, Passed, Seed, make_seeds
from reel_testing.media_memory import media_in_memory
from transcode_service.domain.media_errors import SourceRejected
from transcode_service.domain.verdict import check_length

MakeSeeds = Callable[[str], Awaitable[Sequence[Seed]]]

LONGEST_S = 60.0
"""Of one film, with its neighbours at work; a hang is far beyond."""


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> MakeSeeds:
    """Make the whole films of a family; once a run."""
    made: dict[str, list[Seed]] = {}

    async def make(family: str) -> list[Seed]:
        if family not in made:
            folder = tmp_path_factory.mktemp(family)
            made[family] = await asyncio.to_thread(make_seeds, family, folder)
        return made[family]

    return make


@pytest.fixture
async def fuzzer(tmp_path: Path) -> AsyncGenerator[Fuzzer]:
    async with media_in_memory(tmp_path) as media:
        yield Fuzzer(media.deps, tmp_path)


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_damaged_film_is_planned_and_fed_or_refused(
    family: str, seeds: MakeSeeds, fuzzer: Fuzzer, budget: Budget
) -> None:
    count = budget(30, 2000)

    outcomes = await fuzzer.feed(await seeds(family), count)

    assert len(outcomes) == count
    assert unclassified(outcomes) == []
    assert max(outcome.took_s for outcome in outcomes) < LONGEST_S
    assert 0 < sum(outcome.refused for outcome in outcomes) < count


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_damaged_film_becomes_as_long_as_it_says_or_nothing(
    family: str, seeds: MakeSeeds, fuzzer: Fuzzer, budget: Budget
) -> None:
    numbers = range(10_000, 10_000 + budget(4, 100))

    outcomes = await fuzzer.make(await seeds(family), numbers)

    assert len(outcomes) == len(numbers)
    assert unclassified(outcomes) == []
    for outcome in outcomes:
        if isinstance(outcome.ended, Passed):
            assert outcome.ended.result is not None
            check_length(outcome.ended.result.duration_s, outcome.ended.declared_s)


def unclassified(outcomes: Sequence[Outcome]) -> list[str]:
    """Name whatever ended in neither a refusal nor a film, so that it can be run again."""
    return [
        f"{outcome.number}, {outcome.by}: {outcome.ended!r}"
        for outcome in outcomes
        if not isinstance(outcome.ended, (SourceRejected, Passed))
    ]
