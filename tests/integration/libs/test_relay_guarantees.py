"""What libs/messaging/README.md promises, a test for each."""

import asyncio
import sys
import time
from asyncio.subprocess import PIPE
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

from reel_db import outbox, outbox_ops
from reel_db.outbox import OutboxRow
from reel_db.pool import Pool, connect
from reel_messaging.retry import RetryPolicy
from reel_testing.letters import Letter, Mailbox, number_of, post, relaying
from reel_testing.waiting import until

KEYS, LETTERS = 12, 10
BRIEF = RetryPolicy(max_attempts=3, base_s=0.01, max_s=0.01)


class Journal:
    """When each try of each key began and ended; a third of the first tries fail."""

    def __init__(self) -> None:
        self.tries = defaultdict[UUID, list[tuple[float, float, int]]](list)
        self.delivered = defaultdict[UUID, list[int]](list)

    async def deliver(self, row: OutboxRow) -> None:
        began, number = time.perf_counter(), number_of(row)
        await asyncio.sleep(0.002)
        self.tries[row.key].append((began, time.perf_counter(), number))
        if row.attempts == 1 and row.seq % 3 == 0:
            raise ConnectionError("refused")
        self.delivered[row.key].append(number)


async def count(pool: Pool, condition: str) -> int:
    return await pool.fetchval(f"SELECT count(*) FROM outbox WHERE {condition}")  # noqa: S608 - ours


async def test_two_relays_never_have_two_of_a_key_under_way_nor_change_their_order(
    pool: Pool, empty_database: str
) -> None:
    journal = Journal()
    keys = [uuid4() for _ in range(KEYS)]
    for number in range(LETTERS):
        for key in keys:
            await post(pool, number, key=key)
    one, other = Mailbox(before=journal.deliver), Mailbox(before=journal.deliver)

    async with (
        connect(empty_database, application_name="other") as apart,
        relaying(pool, one, batch=4),
        relaying(apart, other, batch=4),
    ):
        await until(lambda: len(one.rows) + len(other.rows) == KEYS * LETTERS)

    assert one.rows
    assert other.rows
    for key in keys:
        assert journal.delivered[key] == list(range(LETTERS))
        for (_, ended, _), (began, _, _) in pairwise(journal.tries[key]):
            assert ended <= began


async def test_a_poisoned_message_holds_back_its_key_alone_and_is_then_kept_as_dead(
    pool: Pool,
) -> None:
    tried = list[int]()

    async def refuse_letter_1(row: OutboxRow) -> None:
        tried.append(number_of(row))
        if number_of(row) == 1:
            raise ConnectionError(f"refused for the {row.attempts}. time")

    mailbox = Mailbox(before=refuse_letter_1)
    await post(pool, 1, 2, 3)
    for number in range(10, 20):
        await post(pool, number)

    async with relaying(pool, mailbox, policy=BRIEF):
        await mailbox.until(12)

    assert [number for number in tried if number < 10] == [1, 1, 1, 2, 3]
    async with pool.acquire() as connection:
        [dead] = await outbox_ops.list_dead(connection)
    assert (dead.attempts, dead.last_error) == (3, "ConnectionError: refused for the 3. time")


async def test_a_key_that_was_dead_goes_on_in_order_when_it_is_replayed(pool: Pool) -> None:
    well = asyncio.Event()

    async def refuse_until_well(_: OutboxRow) -> None:
        if not well.is_set():
            raise ConnectionError("refused")

    mailbox = Mailbox(before=refuse_until_well)

    async with relaying(pool, mailbox, policy=BRIEF):
        key = await post(pool, 1, 2, 3)
        await until(lambda: is_count(pool, "dead_at IS NOT NULL", 3))
        well.set()
        async with pool.acquire() as connection, connection.transaction():
            assert await outbox_ops.replay(connection) == 3
            letters = outbox.PgOutbox(connection)
            await letters.add("inbox", key, Letter(number=4))

        assert await mailbox.until(4) == [1, 2, 3, 4]


async def is_count(pool: Pool, condition: str, number: int) -> bool:
    return await count(pool, condition) == number


async def test_a_replayed_message_waits_for_the_one_of_its_key_that_is_under_way(
    pool: Pool,
) -> None:
    await post(pool, 1, 2)
    async with pool.acquire() as connection:
        [first] = await outbox.claim(connection, ["inbox"], limit=9, lease_s=30)
        await outbox.mark_dead(connection, first, error="404")
        [second] = await outbox.claim(connection, ["inbox"], limit=9, lease_s=30)
        await outbox_ops.replay(connection)

        beside = await outbox.claim(connection, ["inbox"], limit=9, lease_s=30)
        due_s = await outbox.next_due_s(connection, ["inbox"])
        await outbox.mark_delivered(connection, second)
        after = await outbox.claim(connection, ["inbox"], limit=9, lease_s=30)

    assert beside == []
    assert 20 < (due_s or 0) <= 30
    assert [row.id for row in after] == [first.id]


@asynccontextmanager
async def a_hung_relay(url: str, *, lease_s: float) -> AsyncGenerator[asyncio.subprocess.Process]:
    argv = (sys.executable, "-m", "reel_testing.hung_relay", url, str(lease_s))
    process = await asyncio.create_subprocess_exec(*argv, stdout=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_what_a_killed_relay_had_under_way_is_taken_over_when_its_lease_ends(
    pool: Pool, empty_database: str
) -> None:
    await post(pool, 1, 2)
    async with a_hung_relay(empty_database, lease_s=3) as killed:
        assert killed.stdout is not None
        async with asyncio.timeout(20):
            assert await killed.stdout.readline() == b"1\n"
        lease_ends = await pool.fetchval("SELECT max(claimed_until) FROM outbox")
        killed.kill()
        await killed.wait()
    taken = list[datetime]()

    async def look(_: OutboxRow) -> None:
        taken.append(await pool.fetchval("SELECT clock_timestamp()"))

    successor = Mailbox(before=look)
    async with relaying(pool, successor):
        assert await successor.until(2) == [1, 2]

    assert [row.attempts for row in successor.rows] == [2, 1]
    assert taken[0] >= lease_ends


async def test_a_failure_waits_as_long_as_the_policy_drew(pool: Pool) -> None:
    drawn = list[tuple[float, float]]()

    def draw(least: float, most: float) -> float:
        drawn.append((least, most))
        return most / 2

    async def refuse(_: OutboxRow) -> None:
        raise ConnectionError("503")

    await post(pool, 1)
    await pool.execute("UPDATE outbox SET attempts = 4")
    policy = RetryPolicy(base_s=2, max_s=100, uniform=draw)
    async with relaying(pool, Mailbox(before=refuse), policy=policy):
        await until(lambda: is_count(pool, "last_error IS NOT NULL", 1))

    assert drawn == [(0, 32)]  # full jitter: between nothing and 2 s x 2^(5-1)
    wait = await pool.fetchval("SELECT next_attempt_at - clock_timestamp() FROM outbox")
    assert timedelta(seconds=10) < wait <= timedelta(seconds=16)


async def test_only_what_was_delivered_is_ever_cleared_out(pool: Pool) -> None:
    for number in range(5):
        await post(pool, number)
    async with pool.acquire() as connection:
        claimed = await outbox.claim(connection, ["inbox"], limit=4, lease_s=30)
        await outbox.mark_dead(connection, claimed[0], error="404")
        for row in claimed[1:]:
            await outbox.mark_delivered(connection, row)
        await connection.execute("UPDATE outbox SET created_at = now() - interval '1 year'")

        kept = await outbox_ops.purge_delivered(connection, older_than_s=60)
        batches = [
            await outbox_ops.purge_delivered(connection, older_than_s=0, limit=2) for _ in range(3)
        ]

    assert (kept, batches) == (0, [2, 1, 0])
    assert await count(pool, "dead_at IS NOT NULL") == 1
    assert await count(pool, "dead_at IS NULL") == 1
