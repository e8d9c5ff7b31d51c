"""Reads that are asked for at the same time, done as one."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping

import pytest

from reel_db.batched import LANES, Batched, serving


class Store:
    """Loads `key → key in words`, once it is let; remembers what was asked of it."""

    def __init__(self) -> None:
        self.loads: list[set[int]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.error: Exception | None = None
        self.words = {1: "one", 2: "two", 3: "three"}
        self.most = 10

    async def load(self, keys: Collection[int]) -> Mapping[int, str]:
        self.loads.append(set(keys))
        found = {key: self.words[key] for key in keys if key in self.words}
        await self.open.wait()
        if self.error:
            raise self.error
        return found


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
async def batched(store: Store) -> AsyncGenerator[Batched[int, str]]:
    reads = Batched(store.load, most=store.most)
    async with serving(reads):
        yield reads


async def _settled() -> None:
    """Let every task that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


async def _fill_lanes(group: asyncio.TaskGroup, reads: Batched[int, str]) -> None:
    for _ in range(LANES):
        group.create_task(reads.get(1))
        await _settled()


async def test_who_asks_at_once_is_answered_by_one_load(
    store: Store, batched: Batched[int, str]
) -> None:
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(batched.get(key)) for key in (1, 2, 2, 9)]

    assert [task.result() for task in asked] == ["one", "two", "two", None]
    assert store.loads == [{1, 2, 9}]


async def test_who_asks_alone_does_not_wait(store: Store, batched: Batched[int, str]) -> None:
    assert await batched.get(3) == "three"
    assert await batched.get(3) == "three"
    assert store.loads == [{3}, {3}]


async def test_a_load_that_has_begun_takes_nobody_else(
    store: Store, batched: Batched[int, str]
) -> None:
    store.open.clear()
    async with asyncio.TaskGroup() as group:
        await _fill_lanes(group, batched)
        store.words[1] = "changed"
        late = group.create_task(batched.get(1))
        await _settled()
        store.open.set()

    assert late.result() == "changed"
    assert len(store.loads) == LANES + 1


async def test_a_load_takes_so_many_and_no_more(store: Store, batched: Batched[int, str]) -> None:
    store.open.clear()
    async with asyncio.TaskGroup() as group:
        await _fill_lanes(group, batched)
        for key in range(25):
            group.create_task(batched.get(key))
        await _settled()
        store.open.set()

    assert [len(load) for load in store.loads[LANES:]] == [10, 10, 5]


async def test_a_failure_is_everybodys_and_passes(store: Store, batched: Batched[int, str]) -> None:
    store.error = ConnectionError("gone")
    first, second = await _outcomes(batched, 1, 2)
    assert (first, second) == (store.error, store.error)

    store.error = None
    assert await batched.get(1) == "one"


async def test_who_goes_away_takes_nobody_along(store: Store, batched: Batched[int, str]) -> None:
    store.open.clear()
    async with asyncio.TaskGroup() as group:
        leaving, staying = (group.create_task(batched.get(1)) for _ in range(2))
        await _settled()
        leaving.cancel()
        await _settled()
        store.open.set()

    assert leaving.cancelled()
    assert staying.result() == "one"


async def test_at_the_end_nobody_is_left_waiting(store: Store) -> None:
    store.open.clear()
    reads = Batched(store.load)
    async with asyncio.TaskGroup() as group:
        async with serving(reads):
            await _fill_lanes(group, reads)
            waiting = group.create_task(reads.get(2))
            await _settled()
        await _settled()

    assert waiting.cancelled()


async def _outcomes(reads: Batched[int, str], *keys: int) -> list[object]:
    async def outcome(key: int) -> object:
        try:
            return await reads.get(key)
        except ConnectionError as error:
            return error

    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(outcome(key)) for key in keys]
    return [task.result() for task in asked]
