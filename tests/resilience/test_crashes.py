"""A process that dies between any two durable effects: what was begun ends as if it had not.

The points are the members of `Effect`: every place that makes something durable names one, and each
name is killed at here. tests/architecture/test_effects.py finds the places that name none.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from reel_kernel.effects import Effect
from reel_stack import sources
from reel_testing.crash import journeys
from reel_testing.crash.journeys import Journey
from reel_testing.crash.orders import LAUNCHER, Point, prepare
from reel_testing.crash.world import world_of
from reel_testing.stack import RunningStack, layout_for, start, state_directory

# What takes minutes takes seconds.
SETTINGS: Final = {
    "VIDEO_SWEEP_INTERVAL_S": "1",
    "VIDEO_ERASE_AFTER_S": "1",
    "UPLOAD_SWEEP_INTERVAL_S": "1",
    "UPLOAD_ADMISSION_TIMEOUT_S": "1",
    "TRANSCODE_LEASE_S": "5",
    "TRANSCODE_RETRY_BASE_S": "0.2",
    "TRANSCODE_RETRY_MAX_S": "1",
    "TRANSCODE_PRESET": "ultrafast",
}


@dataclass(frozen=True)
class Case:
    """The `journey` dies at `point`; `before` it, it has died at others already."""

    point: Point
    journey: Journey = journeys.watched
    before: Sequence[Point] = ()

    def __str__(self) -> str:
        story = "" if self.journey is journeys.watched else f"-{self.journey.__name__}"
        return f"{self.point}{story}"


def at(service: str, *effects: Effect, journey: Journey = journeys.watched) -> list[Case]:
    return [Case(Point(service, effect), journey) for effect in effects]


CASES: Final = [
    *at(
        "video",
        Effect.KEY_CLAIMED,
        Effect.VIDEO_CREATED,
        Effect.KEY_SETTLED,
        Effect.ADMISSION_HEARD,
        Effect.VIDEO_EDITED,
        Effect.COMPLETION_HEARD,
        Effect.DELIVERIES_CLAIMED,
        Effect.JOB_SENT,
        Effect.DELIVERY_MARKED,
        Effect.PROGRESS_HEARD,
        Effect.FILM_HEARD,
    ),
    *at(
        "upload",
        Effect.KEY_CLAIMED,
        Effect.SESSION_RESERVED,
        Effect.ADMISSION_ASKED,
        Effect.MULTIPART_CREATED,
        Effect.SESSION_OPENED,
        Effect.KEY_SETTLED,
        Effect.UPLOAD_STARTED,
        Effect.PROGRESS_COPIED,
        Effect.UPLOAD_STEERED,
        Effect.COMPLETION_BEGUN,
        Effect.COMPLETION_EXPECTED,
        Effect.PARTS_JOINED,
        Effect.SESSION_CONCLUDED,
        Effect.DELIVERIES_CLAIMED,
        Effect.UPLOAD_NEWS_SENT,
        Effect.DELIVERY_MARKED,
        Effect.SETTLING_CLAIMED,
        Effect.SESSION_SETTLED,
    ),
    *at(
        "transcode",
        Effect.JOB_LEASED,
        Effect.PROGRESS_TOLD,
        Effect.PLAN_NOTED,
        Effect.MEDIA_STORED,
        Effect.PLAYLIST_STORED,
        Effect.MASTER_STORED,
        Effect.JOB_SUCCEEDED,
        Effect.MESSAGE_DELETED,
        Effect.DELIVERIES_CLAIMED,
        Effect.TRANSCODE_NEWS_SENT,
        Effect.DELIVERY_MARKED,
    ),
]
SLICE: Final = {
    Point("video", Effect.COMPLETION_HEARD),
    Point("upload", Effect.PARTS_JOINED),
    Point("transcode", Effect.TRANSCODE_NEWS_SENT),
}


@pytest.fixture(scope="module")
async def mortal() -> AsyncGenerator[RunningStack]:
    """A stack whose services are impatient, and take orders to die."""
    async with state_directory() as directory:
        layout = layout_for(directory / "var")
        prepare(layout.var, SETTINGS)
        stack = await start(layout, launcher=LAUNCHER)
        try:
            yield stack
        finally:
            await stack.process.stop()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sources.make("3gp", tmp_path_factory.mktemp("film") / "film.3gp", 2)


async def killed(case: Case, stack: RunningStack, film: Path, state: Path) -> None:
    async with world_of(stack, film, state) as world:
        orders = [world.order(point) for point in (*case.before, case.point)]
        try:
            async with world.reviving():
                await case.journey(world)
            for order in orders:
                await order.obeyed()
        finally:
            for order in orders:
                order.withdraw()


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_video_ends_as_if_nobody_had_died(
    case: Case, mortal: RunningStack, film: Path, tmp_path: Path
) -> None:
    await killed(case, mortal, film, tmp_path)
