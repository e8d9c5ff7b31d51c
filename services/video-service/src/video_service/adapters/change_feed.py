"""LISTEN once, for everybody who follows a video."""

import asyncio
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from reel_db.pool import Pool
from reel_messaging.listen import hear
from video_service.ports import Signal

CHANNEL_SUFFIX: Final = "_changes"


class Follower:
    """Holds one flag, however many changes it stands for: who is slow reads the last state."""

    def __init__(self) -> None:
        self._is_closed = False
        self._wake = asyncio.Event()

    def move(self) -> None:
        self._wake.set()

    def close(self) -> None:
        self._is_closed = True
        self._wake.set()

    async def wait(self, timeout_s: float) -> Signal:
        try:
            async with asyncio.timeout(timeout_s):
                await self._wake.wait()
        except TimeoutError:
            return Signal.QUIET
        if self._is_closed:
            return Signal.CLOSED
        self._wake.clear()
        return Signal.MOVED


class ChangeFeed:
    """Wakes the followers of a video when the database announces it.

    After a lost connection all of them are woken, for what may have been missed.
    """

    def __init__(self) -> None:
        self._followers: defaultdict[UUID, set[Follower]] = defaultdict(set)
        self._is_closed = False

    async def run(self, pool: Pool, schema: str) -> None:
        """Listen until cancelled; keeps one connection of the pool."""
        await hear(pool, schema + CHANNEL_SUFFIX, self._announced)

    async def close_on(self, stop: asyncio.Event) -> None:
        """Send every follower away once `stop` is set, and whoever comes after."""
        await stop.wait()
        self._is_closed = True
        for follower in self._all():
            follower.close()

    @contextmanager
    def of(self, video_id: UUID) -> Generator[Follower]:
        follower = Follower()
        if self._is_closed:
            follower.close()
        self._followers[video_id].add(follower)
        try:
            yield follower
        finally:
            self._followers[video_id].discard(follower)
            if not self._followers[video_id]:
                del self._followers[video_id]

    def _announced(self, payload: str | None) -> None:
        woken = self._all() if payload is None else self._followers.get(UUID(payload), ())
        for follower in woken:
            follower.move()

    def _all(self) -> list[Follower]:
        return [one for followers in self._followers.values() for one in followers]
