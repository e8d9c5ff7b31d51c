"""LISTEN once, for everybody who follows a video, or all of an owner's."""

import asyncio
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final, TypeVar
from uuid import UUID

from reel_db.pool import Pool
from reel_messaging.listen import hear
from video_service.ports.following import Signal

CHANNEL_SUFFIX: Final = "_moves"
MOST_MOVED: Final = 1000
"""Of so many videos a follower is told by name; then it is told that anything may have moved."""


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


class OwnerFollower(Follower):
    """Holds the ids of what moved, each once: bounded, however slow its client is."""

    def __init__(self) -> None:
        super().__init__()
        self._moved: set[UUID] | None = set()

    def note(self, video_id: UUID | None) -> None:
        """Take a video that moved; None is for all that may have been missed."""
        if video_id is None or self._moved is None or len(self._moved) >= MOST_MOVED:
            self._moved = None
        else:
            self._moved.add(video_id)
        self.move()

    def take(self) -> frozenset[UUID] | None:
        taken, self._moved = self._moved, set()
        return None if taken is None else frozenset(taken)


F = TypeVar("F", bound=Follower)


class ChangeFeed:
    """Wakes the followers of a video, and of its owner, when the database announces it.

    After a lost connection all of them are woken, for what may have been missed.
    """

    def __init__(self) -> None:
        self._followers: defaultdict[UUID, set[Follower]] = defaultdict(set)
        self._of_owner: defaultdict[UUID, set[OwnerFollower]] = defaultdict(set)
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
        with self._kept(Follower(), self._followers, video_id) as follower:
            yield follower

    @contextmanager
    def of_owner(self, owner_id: UUID) -> Generator[OwnerFollower]:
        with self._kept(OwnerFollower(), self._of_owner, owner_id) as follower:
            yield follower

    @contextmanager
    def _kept(self, follower: F, kept: defaultdict[UUID, set[F]], key: UUID) -> Generator[F]:
        if self._is_closed:
            follower.close()
        kept[key].add(follower)
        try:
            yield follower
        finally:
            kept[key].discard(follower)
            if not kept[key]:
                del kept[key]

    def _announced(self, payload: str | None) -> None:
        if payload is None:
            self._missed()
            return
        video_id, owner_id = map(UUID, payload.split())
        for follower in self._followers.get(video_id, ()):
            follower.move()
        for follower in self._of_owner.get(owner_id, ()):
            follower.note(video_id)

    def _missed(self) -> None:
        for followers in self._followers.values():
            for follower in followers:
                follower.move()
        for followers in self._of_owner.values():
            for follower in followers:
                follower.note(None)

    def _all(self) -> list[Follower]:
        kinds = (self._followers, self._of_owner)
        return [one for kind in kinds for followers in kind.values() for one in followers]
