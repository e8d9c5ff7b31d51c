"""A client with an instant clock, and a double of the API and the store on a real socket."""

import os
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest

from reel_client import ReelClient, RetryPolicy
from reel_testing.api_double import api_double
from reel_testing.api_double_state import TOKEN, ApiDouble

PART_BYTES = 64 * 1024
NOISE = os.urandom(16 * PART_BYTES)
MakeFilm = Callable[..., Path]


class InstantClock:
    """A sleep that returns at once and remembers how long it should have been."""

    def __init__(self) -> None:
        self.slept_s: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.slept_s.append(seconds)


@pytest.fixture
def clock() -> InstantClock:
    return InstantClock()


@pytest.fixture
async def double() -> AsyncGenerator[ApiDouble]:
    async with api_double(PART_BYTES) as served:
        yield served


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
async def reel(
    double: ApiDouble, state_dir: Path, clock: InstantClock
) -> AsyncGenerator[ReelClient]:
    retries = RetryPolicy(attempts=4, base_s=1.0, max_s=10.0, sleep=clock)
    async with ReelClient(
        double.url, TOKEN, state_dir=state_dir, api_retries=retries, part_retries=retries
    ) as client:
        yield client


@pytest.fixture
def film(tmp_path: Path) -> MakeFilm:
    """Make a file of so many parts, the last one short."""

    def make(parts: int = 5, name: str = "tour.mov") -> Path:
        path = tmp_path / name
        path.write_bytes(NOISE[: parts * PART_BYTES - 1000])
        return path

    return make
