"""Reel against its model: random requests, duplicates, re-orderings, and the spec's two tables.

Every step is one request, or two at once, against the running services; after each, the public
views and the rows are compared with what the specification allows. The long run has 500 sequences
in which the model answers for transcode-service, and 25 in which its worker transcodes.
"""

import asyncio
import sys
from asyncio import AbstractEventLoop
from collections.abc import AsyncGenerator

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test

from reel_testing.budget import Budget
from reel_testing.model.backstage import Backstage, backstage
from reel_testing.model.ledger import Ledger
from reel_testing.model.machine import Machine
from reel_testing.stack import RunningStack, running

STEPS = 24
ENOUGH_STEPS = 20
FIXED_SEED = 1507
PART = 50
MORE_PARTS = 9
WORKED = 25


@pytest.fixture(scope="module")
async def played() -> AsyncGenerator[Backstage]:
    """A stack whose transcode worker takes no job: the model answers in its place."""
    async with running() as stack, backstage(stack, is_worked=False) as behind:
        await behind.pause_jobs()
        yield behind


@pytest.fixture
async def worked(stack: RunningStack) -> AsyncGenerator[Backstage]:
    """A stack whose worker transcodes."""
    async with backstage(stack, is_worked=True) as behind:
        yield behind


async def play(behind: Backstage, sequences: int, *, is_fixed: bool) -> Ledger:
    """Run at least so many sequences of 20 steps; the same ones every time if `is_fixed`.

    Hypothesis varies what it has tried, also by leaving out steps: shorter ones do not count.
    """
    ledger, loop = Ledger(), asyncio.get_running_loop()
    while (lacking := sequences - ledger.count(ENOUGH_STEPS)) > 0:
        try:
            await asyncio.to_thread(explore, loop, behind, ledger, lacking, is_fixed=is_fixed)
        except Flaky as error:  # what happened once, and not again, happened all the same
            raise AssertionError("\n".join(ledger.violations)) from error
    assert ledger.violations == []
    return ledger


def explore(
    loop: AbstractEventLoop, behind: Backstage, ledger: Ledger, sequences: int, *, is_fixed: bool
) -> None:
    chosen = settings(
        max_examples=sequences,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )

    class OurMachine(Machine):
        def __init__(self) -> None:
            super().__init__(loop, behind, ledger)

    machine = seed(FIXED_SEED + len(ledger.lengths))(OurMachine) if is_fixed else OurMachine
    run_state_machine_as_test(machine, settings=chosen)


@pytest.fixture(scope="module")
def total() -> Ledger:
    """What all sequences of this run did together."""
    return Ledger()


def tell(ledger: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{ledger.report()}\n")


async def test_reel_and_its_model_agree(
    played: Backstage, budget: Budget, total: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = await play(played, budget(12, PART), is_fixed=not budget.long)

    total.add(ledger)
    if budget.long:
        tell(ledger, capsys)


@pytest.mark.long
@pytest.mark.parametrize("_part", range(MORE_PARTS))
async def test_they_agree_at_length(
    played: Backstage, _part: int, total: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = await play(played, PART, is_fixed=False)

    total.add(ledger)
    tell(ledger, capsys)


async def test_they_agree_while_a_worker_transcodes(
    worked: Backstage, budget: Budget, total: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = await play(worked, budget(3, WORKED), is_fixed=not budget.long)

    total.add(ledger)
    if budget.long:
        tell(ledger, capsys)


@pytest.mark.long
def test_the_long_run_left_nothing_out(total: Ledger, capsys: pytest.CaptureFixture[str]) -> None:
    """Every edge of both tables was walked, and every answer that matters was given."""
    tell(total, capsys)

    assert total.count(ENOUGH_STEPS) >= PART * (1 + MORE_PARTS) + WORKED
    assert total.missing_edges == []
    assert total.missing_answers == []
