"""Following all videos of an owner."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from video_service.domain.details import Mark, VideoDetails
from video_service.ports import Deps
from video_service.ports.following import OwnerFollower, Signal
from video_service.usecases.follow_video import HEARTBEAT_S

MOST_AT_ONCE: Final = 100
"""Videos that are told of after an absence; whoever missed more lists them anew."""
MOST_REMEMBERED: Final = 1000
OVERLAP: Final = timedelta(seconds=60)
"""Longer than a transaction takes to commit, or clocks differ: who comes again misses nothing,
and may be told of the last minute twice."""

News = tuple[VideoDetails, Mark | None]
"""A video, and the mark that this follower was told of last."""


async def follow_owner(
    owner_id: UUID, deps: Deps, *, since: datetime | None
) -> AsyncGenerator[News | None]:
    """Yield the videos that move, each whole, deleted ones too; None as a heartbeat.

    Begins with what changed since `since`, or with all that are unfinished. Several changes of a
    video may come as one: what is yielded is always the present. Ends when this process does.
    """
    told = _Told()
    with deps.changes.of_owner(owner_id) as follower:
        began_at = deps.now()
        moved = await _first(owner_id, deps, since)
        while True:
            for details in moved:
                if (news := told.news(details)) is not None:
                    yield news
            signal = await follower.wait(HEARTBEAT_S)
            while signal is Signal.QUIET:
                yield None
                signal = await follower.wait(HEARTBEAT_S)
            if signal is Signal.CLOSED:
                return
            last, began_at = began_at, deps.now()
            moved = await _moved(owner_id, follower, deps, since=last)


async def _first(owner_id: UUID, deps: Deps, since: datetime | None) -> Sequence[VideoDetails]:
    if since is None:
        found = await deps.reader.unfinished(owner_id, limit=MOST_AT_ONCE)
    else:
        found = await deps.reader.moved(owner_id, since=since - OVERLAP, limit=MOST_AT_ONCE)
    return found[::-1]


async def _moved(
    owner_id: UUID, follower: OwnerFollower, deps: Deps, *, since: datetime
) -> Sequence[VideoDetails]:
    video_ids = follower.take()
    if video_ids is None:
        return await _first(owner_id, deps, since)
    return await deps.reader.some(owner_id, video_ids)


class _Told:
    """The marks a follower knows, of the videos that moved last."""

    def __init__(self) -> None:
        self._marks: OrderedDict[UUID, Mark] = OrderedDict()

    def news(self, details: VideoDetails) -> News | None:
        """Return what is new in this, and note it; None when it was told before."""
        video_id = details.video.id
        known = self._marks.get(video_id)
        if known == details.mark:
            return None
        self._marks[video_id] = details.mark
        self._marks.move_to_end(video_id)
        if len(self._marks) > MOST_REMEMBERED:
            self._marks.popitem(last=False)
        return details, known
