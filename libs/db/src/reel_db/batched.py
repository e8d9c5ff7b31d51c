"""Reads that are asked for at the same time, done as one."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

MOST: Final = 256
LANES: Final = 2
"""Loads at once: while one is on its way, the next is filled."""


class Batched(Generic[K, V]):
    """Answers many callers by one `load`, and each as truly as by a load of its own.

    A key waits for a free lane, then goes with all that wait. A load therefore begins after every
    one of its callers asked: nobody is told what was no longer so when they asked. Nothing is kept
    between loads. A caller who asks alone does not wait.
    """

    def __init__(
        self, load: Callable[[Collection[K]], Awaitable[Mapping[K, V]]], *, most: int = MOST
    ) -> None:
        self._load = load
        self._most = most
        self._asked = asyncio.Event()
        self._waiting: list[tuple[K, asyncio.Future[V | None]]] = []

    async def get(self, key: K) -> V | None:
        """Return what a load finds for `key`, or None; raises what the load raised."""
        future: asyncio.Future[V | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, future))
        self._asked.set()
        return await future

    async def run_lane(self) -> None:
        """Load until cancelled; who still waits then is cancelled too."""
        while True:
            await self._asked.wait()
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            if not self._waiting:
                self._asked.clear()
            if batch:
                await self._answer(batch)

    def close(self) -> None:
        """Cancel whoever waits."""
        for _, future in self._waiting:
            future.cancel()

    async def _answer(self, batch: list[tuple[K, asyncio.Future[V | None]]]) -> None:
        try:
            found = await self._load({key for key, _ in batch})
        except asyncio.CancelledError:
            for _, future in batch:
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - each caller gets it
            for _, future in _unanswered(batch):
                future.set_exception(error)
        else:
            for key, future in _unanswered(batch):
                future.set_result(found.get(key))


def _unanswered(
    batch: list[tuple[K, asyncio.Future[V | None]]],
) -> list[tuple[K, asyncio.Future[V | None]]]:
    """Return those whose caller did not go away."""
    return [(key, future) for key, future in batch if not future.done()]


@asynccontextmanager
async def serving(*batched: Batched[K, V]) -> AsyncGenerator[None]:
    """Run the lanes of `batched` during the block."""
    async with asyncio.TaskGroup() as group:
        lanes = [
            group.create_task(one.run_lane(), name="batched-reads")
            for one in batched
            for _ in range(LANES)
        ]
        try:
            yield
        finally:
            for lane in lanes:
                lane.cancel()
            for one in batched:
                one.close()
