"""The whole stack, and phones to use it with."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from reel_stack import sources
from reel_testing.phone import Phone, phone
from reel_testing.stack import RunningStack


@pytest.fixture
async def app(stack: RunningStack) -> AsyncGenerator[Phone]:
    async with phone(stack.gateway_url, stack.token) as opened:
        yield opened


@pytest.fixture
async def other(stack: RunningStack) -> AsyncGenerator[Phone]:
    async with phone(stack.gateway_url, stack.token) as opened:
        yield opened


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
async def short_clip(clips: Path) -> Path:
    path = clips / "short.mov"
    await asyncio.to_thread(sources.make, "mov", path, seconds=2)
    return path
