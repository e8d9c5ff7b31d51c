"""How much of a test is worth its time: a slice in every run, the whole in `make test-long`.

A test that takes the fixture `budget` is marked `budgeted`; one that hypothesis drives is marked by
hand, and takes its number of examples from the profile (tests/conftest.py) when it names none. A
test marked `long` has no slice, and is left out of `make test`.
"""

from dataclasses import dataclass
from typing import Final

import pytest

MARK: Final = "budgeted"
LONG_TIMEOUT_S: Final = 7200


@dataclass(frozen=True, slots=True)
class Budget:
    """Which of two sizes a test is to take."""

    long: bool

    def __call__(self, short: int, long: int) -> int:
        return long if self.long else short


@pytest.fixture(scope="session")
def budget(pytestconfig: pytest.Config) -> Budget:
    """How much to do: `budget(40, 2000)` is 40 in `make test` and 2,000 in `make test-long`."""
    return Budget(is_long(pytestconfig))


def is_long(config: pytest.Config) -> bool:
    """Tell whether this run selects what `make test-long` runs."""
    expression = str(config.getoption("markexpr"))
    return MARK in expression


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what has a budget, before the marks are selected from; give it time in a long run."""
    for item in items:
        if isinstance(item, pytest.Function) and "budget" in item.fixturenames:
            item.add_marker(MARK)
        if is_long(config) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(LONG_TIMEOUT_S))
