"""Waiting for changes of a video, or of all of an owner's."""

from contextlib import AbstractContextManager
from enum import Enum, auto
from typing import Protocol
from uuid import UUID


class Signal(Enum):
    """What a wait for changes ended with."""

    MOVED = auto()
    QUIET = auto()
    CLOSED = auto()


class Follower(Protocol):
    async def wait(self, timeout_s: float) -> Signal:
        """Return MOVED if anything may have changed since the last call; many changes are one.

        QUIET when nothing did for `timeout_s`; CLOSED when this process is about to end.
        """
        ...


class OwnerFollower(Follower, Protocol):
    def take(self) -> frozenset[UUID] | None:
        """Return which videos may have moved since the last call; None: any may have."""
        ...


class Changes(Protocol):
    def of(self, video_id: UUID) -> AbstractContextManager[Follower]:
        """Follow a video from the moment the block is entered."""
        ...

    def of_owner(self, owner_id: UUID) -> AbstractContextManager[OwnerFollower]:
        """Follow all videos of an owner from the moment the block is entered."""
        ...
