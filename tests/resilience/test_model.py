"""Reel against its model: random requests, duplicates, re-orderings, and the spec's two tables.

Every step is one request, or two at once, against the running services; after each, the public
views and the rows are compared with what the specification allows.
"""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from reel_testing.budget import Budget
from reel_testing.model.backstage import Backstage, backstage
from reel_testing.model.ledger import Ledger
from reel_testing.model.machine import Machine
from reel_testing.stack import RunningStack, running

STEPS = 26
ENOUGH_STEPS = 20


@pytest.fixture
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
    """Run so many random sequences; the same ones every time if `is_fixed`."""
    ledger, loop = Ledger(), asyncio.get_running_loop()
    chosen = settings(
        max_examples=sequences,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=is_fixed,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(
        run_state_machine_as_test, lambda: Machine(loop, behind, ledger), settings=chosen
    )
    return ledger


async def test_a_model_and_reel_agree(played: Backstage, budget: Budget) -> None:
    sequences = budget(12, 500)
    ledger = await play(played, sequences, is_fixed=not budget.long)
    print(ledger.report())
