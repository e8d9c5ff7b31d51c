import asyncio
from collections import deque

from reel_kernel.clock import utc_now
from reel_messaging.sqs import Valve
from reel_testing.waiting import until
from transcode_service.consumers.consumption import ConsumptionWatch
from transcode_service.consumers.sweeper import while_open
from transcode_service.domain.consumption import Consumption
from transcode_service.ports.jobs import LedgerUnavailable

OPEN = Consumption(revision=0)
PAUSED = Consumption(revision=1, paused_at=utc_now(), reason="rollback")
PAUSED_NOW = Consumption(revision=2, paused_at=PAUSED.paused_at, interrupt=True)


class Orders:
    """What operators want, look by look; the last order stays."""

    def __init__(self, *orders: Consumption | None) -> None:
        self.left = deque(orders)
        self.looks = 0

    async def read(self) -> Consumption:
        self.looks += 1
        order = self.left.popleft() if len(self.left) > 1 else self.left[0]
        if order is None:
            raise LedgerUnavailable("away")
        return order


async def followed(*orders: Consumption | None) -> tuple[Valve, int]:
    """Return the valve after all orders were seen, and how often jobs were interrupted."""
    valve, given, interrupts = Valve(is_open=False), Orders(*orders), list[int]()
    async with asyncio.TaskGroup() as group:
        watch = ConsumptionWatch(given.read, valve, look_s=0)
        task = group.create_task(watch.run(lambda: interrupts.append(1)))
        await until(lambda: given.looks > len(orders) + 1)
        task.cancel()
    return valve, len(interrupts)


async def test_the_valve_opens_once_jobs_are_known_to_be_wanted() -> None:
    valve, _ = await followed(OPEN)

    assert valve.is_open


async def test_a_worker_that_starts_while_jobs_are_paused_takes_none() -> None:
    valve, _ = await followed(PAUSED)

    assert not valve.is_open


async def test_a_pause_and_its_end_are_followed() -> None:
    assert not (await followed(OPEN, PAUSED))[0].is_open
    assert (await followed(OPEN, PAUSED, OPEN))[0].is_open


async def test_running_jobs_are_interrupted_once_an_order() -> None:
    _, finished = await followed(OPEN, PAUSED)
    _, interrupted = await followed(OPEN, PAUSED, PAUSED_NOW, PAUSED_NOW, PAUSED_NOW)

    assert (finished, interrupted) == (0, 1)


async def test_the_last_order_holds_while_the_database_is_away() -> None:
    assert (await followed(OPEN, None))[0].is_open
    assert not (await followed(PAUSED, None))[0].is_open
    assert not (await followed(None))[0].is_open


async def test_a_chore_rests_while_jobs_are_paused() -> None:
    done, valve = list[int](), Valve()

    async def chore() -> None:
        done.append(1)

    await while_open(valve, chore)()
    valve.shut()
    await while_open(valve, chore)()

    assert done == [1]
