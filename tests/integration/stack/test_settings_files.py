"""A service reads its settings file at each start."""

import os
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from reel_stack.layout import Layout
from reel_stack.parts import Part
from reel_testing.stack import layout_for, state_directory
from reel_testing.supervised import supervised
from reel_testing.waiting import until

TELLS = """
import os, pathlib, signal
signal.signal(signal.SIGTERM, lambda *_: exit(0))
with open(os.environ["TOLD"], "a") as told:
    print(os.environ.get("SETTING", "unset"), file=told)
signal.pause()
"""


@pytest.fixture
async def layout() -> AsyncGenerator[Layout]:
    async with state_directory() as directory:
        yield layout_for(directory / "var")


def told(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


async def test_a_service_that_is_told_to_end_comes_back_with_what_its_file_says(
    layout: Layout, tmp_path: Path
) -> None:
    path, settings = tmp_path / "told", tmp_path / "service.env"
    part = Part(
        name="service",
        argv=(sys.executable, "-c", TELLS),
        env={"TOLD": str(path), "SETTING": "the stack's"},
        settings_file=settings,
        is_service=True,
    )

    async with supervised(layout) as supervisor:
        await supervisor.start(part)
        for number in range(1, 3):
            await until(lambda number=number: len(told(path)) == number)
            settings.write_text(f"SETTING={number}\n")
            os.kill(supervisor.pids()["service"], signal.SIGTERM)
        await until(lambda: len(told(path)) == 3)

    assert told(path) == ["the stack's", "1", "2"]
