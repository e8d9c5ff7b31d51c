"""A process that dies between any two durable effects: what was begun ends as if it had not.

The points are the members of `Effect`: every place that makes something durable names one, and each
name is killed at here. tests/architecture/test_effects.py finds the places that name none.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

import pytest

from reel_kernel.effects import Effect
from reel_stack import sources
from reel_testing.crash import deletions, incidents, journeys, operations
from reel_testing.crash.evidence import quiet
from reel_testing.crash.films import make_others
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
    """The `journey` dies at `point`, and for that at others `before`."""

    point: Point
    journey: Journey = journeys.watched
    before: Sequence[Point] = ()

    def __str__(self) -> str:
        story = "" if self.journey is journeys.watched else f"-{self.journey.__name__}"
        return f"{self.point}{story}"


def at(
    service: str,
    *effects: Effect,
    journey: Journey = journeys.watched,
    before: Sequence[Point] = (),
) -> list[Case]:
    return [Case(Point(service, effect), journey, before) for effect in effects]


VIDEO: Final = [
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
    *at("video", Effect.UPLOAD_FAILURE_HEARD, journey=journeys.canceled),
    *at("video", Effect.TRANSCODE_FAILURE_HEARD, journey=journeys.broken),
    *at(
        "video",
        Effect.VIDEO_DELETED,
        Effect.UPLOAD_EVENT_SENT,
        Effect.TRANSCODE_EVENT_SENT,
        Effect.PURGE_HEARD,
        Effect.CDN_INVALIDATED,
        Effect.VIDEO_ERASED,
        journey=deletions.deleted,
    ),
    *at("video", Effect.TRANSCODE_RETRIED, journey=operations.tried_again),
    *at("video", Effect.VIDEO_FROZEN, Effect.VIDEO_REPLAYED, journey=operations.frozen),
    *at("video", Effect.STUCK_RESOLVED, journey=operations.asked_for_again),
    *at("video", Effect.HISTORY_PURGED, journey=incidents.remembered_for_a_month),
    *at("video", Effect.KEYS_PURGED, journey=incidents.keys_of_yesterday),
    *at("video", Effect.CDN_INVALIDATED_BY_HAND, journey=operations.invalidated_by_hand),
]
UPLOAD: Final = [
    *at(
        "upload",
        Effect.KEY_CLAIMED,
        Effect.SESSION_RESERVED,
        Effect.ADMISSION_ASKED,
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
    ),
    *at(
        "upload",
        Effect.MULTIPART_CREATED,
        Effect.SETTLING_CLAIMED,
        Effect.SESSION_SETTLED,
        journey=journeys.settled,
    ),
    *at("upload", Effect.KEY_RELEASED, journey=journeys.refused_a_second_session),
    *at("upload", Effect.SESSION_WITHDRAWN, journey=journeys.wanted_by_a_stranger),
    *at(
        "upload",
        Effect.SESSION_ABANDONED,
        journey=incidents.video_service_hangs_while_a_session_opens,
    ),
    *at("upload", Effect.SESSION_GIVEN_UP, journey=journeys.never_opened),
    *at("upload", Effect.COMPLETION_SET_BACK, journey=journeys.set_back),
    *at("upload", Effect.SESSION_CANCELED, Effect.MULTIPART_ABORTED, journey=journeys.canceled),
    *at("upload", Effect.SESSIONS_EXPIRED, journey=journeys.expired),
    *at("upload", Effect.FAILURES_ANNOUNCED, journey=journeys.lost_by_the_store),
    *at(
        "upload",
        Effect.DELIVERY_FAILED,
        before=[Point("video", Effect.COMPLETION_HEARD)],
    ),
    *at("upload", Effect.DELIVERY_GIVEN_UP, Effect.DEAD_REPLAYED, journey=incidents.nonsense),
    *at(
        "upload",
        Effect.DELIVERY_HANDED_BACK,
        journey=incidents.video_service_hangs_while_news_is_sent,
    ),
    *at("upload", Effect.HISTORY_PURGED, journey=incidents.remembered_for_a_month),
    *at("upload", Effect.KEYS_PURGED, journey=incidents.keys_of_yesterday),
    *at(
        "upload",
        Effect.VIDEO_FORGOTTEN,
        Effect.SOURCE_MEASURED,
        Effect.SOURCE_DELETED,
        Effect.SESSION_SETTLED,
        Effect.MESSAGE_DELETED,
        Effect.SOURCE_PURGE_SENT,
        journey=deletions.deleted,
    ),
]
TRANSCODE: Final = [
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
    *at(
        "transcode",
        Effect.ATTEMPT_DELETED,
        Effect.ATTEMPT_SWEPT,
        before=[Point("transcode", Effect.PLAYLIST_STORED)],
    ),
    *at("transcode", Effect.RENDITION_SHED, journey=journeys.drawn),
    *at("transcode", Effect.LEASE_EXTENDED, journey=incidents.slow),
    *at("transcode", Effect.ATTEMPT_FAILED, journey=incidents.stumbled),
    *at("transcode", Effect.JOB_REVIVED, Effect.JOB_RESENT, journey=incidents.forgotten),
    *at("transcode", Effect.JOB_REJECTED, journey=journeys.broken),
    *at("transcode", Effect.ATTEMPT_HANDED_BACK, journey=operations.handed_back),
    *at("transcode", Effect.JOBS_PAUSED, Effect.JOBS_RESUMED, journey=operations.asked_for_again),
    *at("transcode", Effect.JOB_CANCELED, journey=operations.frozen),
    *at("transcode", Effect.MESSAGE_BURIED, journey=incidents.garbled),
    *at("transcode", Effect.HISTORY_PURGED, journey=incidents.remembered_for_a_month),
    *at("transcode", Effect.ATTEMPT_STOPPED, journey=deletions.deleted_midway),
    *at("transcode", Effect.CANCELED_BURIED, journey=deletions.deleted_under_a_dead_worker),
    *at(
        "transcode",
        Effect.OUTPUTS_FORGOTTEN,
        Effect.OUTPUTS_MEASURED,
        Effect.OUTPUTS_DELETED,
        Effect.OUTPUTS_PURGED,
        Effect.OUTPUTS_PURGE_SENT,
        journey=deletions.deleted,
    ),
]
# One after another, so that each of them has run for a while when it is killed again.
CASES: Final = [
    case for cases in zip_longest(VIDEO, UPLOAD, TRANSCODE) for case in cases if case is not None
]
SLICE: Final = [
    Case(Point("video", Effect.COMPLETION_HEARD)),
    Case(Point("upload", Effect.PARTS_JOINED)),
    Case(Point("transcode", Effect.TRANSCODE_NEWS_SENT)),
]


def test_every_effect_is_a_point() -> None:
    """A new effect needs a story in which its process dies of it."""
    assert {case.point.effect for case in CASES} == set(Effect)


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
    return sources.make("3gp", tmp_path_factory.mktemp("films") / "short.3gp", 2)


@pytest.fixture(scope="module")
def films(film: Path) -> Path:
    """The short film, with all others beside it."""
    make_others(film)
    return film


async def killed(case: Case, stack: RunningStack, film: Path) -> None:
    async with world_of(stack, film) as world:
        orders = [world.order(point) for point in (*case.before, case.point)]
        try:
            async with world.reviving():
                await case.journey(world)
            for order in orders:
                await order.obeyed()
            await world.until_served()
        except BaseException:
            await world.ops("transcode", "resume")  # the next one is to find a stack that works
            raise
        finally:
            for order in orders:
                order.withdraw()


@pytest.mark.parametrize("case", SLICE, ids=str)
async def test_a_film_can_be_watched_as_if_nobody_had_died(
    case: Case, stack: RunningStack, film: Path
) -> None:
    await killed(case, stack, film)


@pytest.mark.long
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_video_ends_as_if_nobody_had_died(
    case: Case, mortal: RunningStack, films: Path
) -> None:
    await killed(case, mortal, films)


@pytest.mark.long
async def test_afterwards_nothing_is_left(mortal: RunningStack, film: Path) -> None:
    """Messages that were shown again have changed nothing, and none of them is dead."""
    async with world_of(mortal, film) as world:
        for queue in mortal.queues:
            await mortal.drained(queue, within_s=120)
        await quiet(world)
