import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from structlog.testing import capture_logs

from reel_db import outbox_ops
from reel_db.outbox import OutboxRow
from reel_db.pool import Connection, Pool, connect
from reel_messaging.retry import PermanentDeliveryError, RetryPolicy
from reel_testing.gate import gate_before
from reel_testing.letters import WAIT_S, Mailbox, number_of, post, relaying
from reel_testing.waiting import until


async def until_counted(pool: Pool, query: str, count: int = 1) -> None:
    async def counted() -> bool:
        return await pool.fetchval(query) == count

    await until(counted)


DELIVERED = "SELECT count(*) FROM outbox WHERE delivered_at IS NOT NULL"
DEAD = "SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL"
IN_TRANSACTION = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND state LIKE 'idle in transaction%'"
)
LISTENING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"


def warnings_of(logs: Sequence[Mapping[str, Any]]) -> list[str]:
    return [entry["event"] for entry in logs if entry["event"] == "outbox_unreachable"]


async def test_what_was_committed_before_the_start_is_delivered(pool: Pool) -> None:
    await post(pool, 1)
    mailbox = Mailbox()

    async with relaying(pool, mailbox):
        assert await mailbox.until(1) == [1]
        await until_counted(pool, DELIVERED)


async def test_a_commit_is_delivered_within_milliseconds(pool: Pool) -> None:
    mailbox, waits_s = Mailbox(), list[float]()

    async with relaying(pool, mailbox):
        await until_counted(pool, LISTENING)
        for number in range(1, 21):
            await post(pool, number)
            committed = time.perf_counter()
            await mailbox.until(number)
            waits_s.append(time.perf_counter() - committed)

    assert min(waits_s) < 0.02
    assert statistics.median(waits_s) < 0.1  # also on a machine that is busy


async def test_a_failure_is_repeated_when_it_is_due(pool: Pool) -> None:
    tries = list[float]()

    async def refuse_twice(_: OutboxRow) -> None:
        tries.append(time.perf_counter())
        if len(tries) < 3:
            raise ConnectionError("refused")

    mailbox = Mailbox(before=refuse_twice)
    policy = RetryPolicy(base_s=0.1, max_s=60, uniform=lambda _, most: most)

    async with relaying(pool, mailbox, policy=policy):
        await post(pool, 1)
        await mailbox.until(1)

    assert mailbox.rows[0].attempts == 3
    assert 0.1 <= tries[1] - tries[0] < 1
    assert 0.2 <= tries[2] - tries[1] < 1


async def test_one_key_stays_in_order_through_failures(pool: Pool) -> None:
    failed = set[int]()

    async def fail_each_once(row: OutboxRow) -> None:
        if number_of(row) not in failed:
            failed.add(number_of(row))
            raise ConnectionError("refused")

    mailbox = Mailbox(before=fail_each_once)

    async with relaying(pool, mailbox):
        await post(pool, *range(8))

        assert await mailbox.until(8) == list(range(8))


async def test_a_slow_key_does_not_hold_others_back(pool: Pool) -> None:
    release = asyncio.Event()

    async def wait_for_letter_0(row: OutboxRow) -> None:
        if number_of(row) == 0:
            await release.wait()

    mailbox = Mailbox(before=wait_for_letter_0)

    async with relaying(pool, mailbox):
        slow = await post(pool, 0)
        await post(pool, 1, key=slow)
        await post(pool, 2)
        assert await mailbox.until(1) == [2]
        release.set()
        assert await mailbox.until(3) == [2, 0, 1]


async def test_no_more_than_a_batch_is_under_way_at_once(pool: Pool) -> None:
    running, most = 0, 0

    async def count(_: OutboxRow) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    mailbox = Mailbox(before=count)
    for number in range(20):
        await post(pool, number)

    async with relaying(pool, mailbox, batch=4):
        await mailbox.until(20)

    assert most == 4


async def test_a_backlog_is_drained_without_waiting(pool: Pool) -> None:
    for number in range(300):
        await post(pool, number)
    mailbox = Mailbox()

    started = time.perf_counter()
    async with relaying(pool, mailbox):
        await mailbox.until(300)
    elapsed_s = time.perf_counter() - started

    assert elapsed_s < 10
    assert sorted(number_of(row) for row in mailbox.rows) == list(range(300))


async def test_two_relays_deliver_every_letter_once(pool: Pool) -> None:
    one, other = Mailbox(), Mailbox()
    for number in range(60):
        await post(pool, number)

    async with relaying(pool, one), relaying(pool, other):
        await until_counted(pool, DELIVERED, 60)

    numbers = Counter(number_of(row) for row in [*one.rows, *other.rows])
    assert numbers == Counter(range(60))


async def test_a_permanent_refusal_is_dead_at_once_and_kept(pool: Pool) -> None:
    async def refuse_letter_1(row: OutboxRow) -> None:
        if number_of(row) == 1:
            raise PermanentDeliveryError("404 no such video")

    mailbox = Mailbox(before=refuse_letter_1)

    async with relaying(pool, mailbox):
        await post(pool, 1, 2)
        assert await mailbox.until(1) == [2]

    async with pool.acquire() as connection:
        [dead] = await outbox_ops.list_dead(connection)
    assert (dead.attempts, dead.last_error) == (1, "PermanentDeliveryError: 404 no such video")


async def test_a_dead_letter_is_delivered_when_it_is_replayed(pool: Pool) -> None:
    well = asyncio.Event()

    async def refuse_until_well(_: OutboxRow) -> None:
        if not well.is_set():
            raise PermanentDeliveryError("404")

    mailbox = Mailbox(before=refuse_until_well)

    async with relaying(pool, mailbox):
        await post(pool, 1)
        await until_counted(pool, DEAD)
        well.set()
        async with pool.acquire() as connection:
            assert await outbox_ops.replay(connection) == 1
        assert await mailbox.until(1) == [1]


async def test_the_last_attempt_that_fails_is_the_death_of_it(pool: Pool) -> None:
    async def refuse(_: OutboxRow) -> None:
        raise ConnectionError("refused")

    policy = RetryPolicy(max_attempts=3, base_s=0.01, max_s=0.01)

    async with relaying(pool, Mailbox(before=refuse), policy=policy):
        await post(pool, 1)
        await until_counted(pool, DEAD)

    assert await pool.fetchval("SELECT attempts FROM outbox") == 3


async def test_a_destination_that_hangs_is_cut_off_within_the_lease(pool: Pool) -> None:
    hung = list[int]()

    async def hang_once(row: OutboxRow) -> None:
        if not hung:
            hung.append(number_of(row))
            await asyncio.Event().wait()

    mailbox = Mailbox(before=hang_once)

    async with relaying(pool, mailbox, lease_s=0.3):
        await post(pool, 1)
        await mailbox.until(1)

    assert mailbox.rows[0].attempts == 2


async def test_the_effect_of_a_delivery_commits_with_its_mark(pool: Pool) -> None:
    await pool.execute("CREATE TABLE sent (number int)")
    refused = list[int]()

    async def note(connection: Connection, row: OutboxRow) -> None:
        await connection.execute("INSERT INTO sent VALUES ($1)", number_of(row))
        if not refused:
            refused.append(number_of(row))
            raise RuntimeError("not this time")

    mailbox = Mailbox()

    async with relaying(pool, mailbox, on_delivered=note):
        await post(pool, 1)
        await until_counted(pool, DELIVERED)

    assert [number_of(row) for row in mailbox.rows] == [1, 1]
    assert await pool.fetchval("SELECT count(*) FROM sent") == 1


async def test_no_transaction_stays_open_while_a_letter_travels(pool: Pool) -> None:
    async def nobody_is_in_a_transaction() -> bool:  # but for a moment: the relay looks for more
        return await pool.fetchval(IN_TRANSACTION) == 0

    async def look(_: OutboxRow) -> None:
        await until(nobody_is_in_a_transaction)

    mailbox = Mailbox(before=look)

    async with relaying(pool, mailbox):
        await post(pool, 1)
        assert await mailbox.until(1) == [1]


async def test_a_cancelled_relay_hands_its_leases_back_at_once(pool: Pool) -> None:
    started = asyncio.Event()

    async def hang(_: OutboxRow) -> None:
        started.set()
        await asyncio.Event().wait()

    successor = Mailbox()

    async with relaying(pool, Mailbox(before=hang)):
        await post(pool, 1)
        async with asyncio.timeout(WAIT_S):
            await started.wait()
    claimed = await pool.fetchrow("SELECT attempts, claimed_until FROM outbox")
    async with relaying(pool, successor):
        await successor.until(1)

    assert claimed is not None
    assert dict(claimed) == {"attempts": 0, "claimed_until": None}
    assert successor.rows[0].attempts == 1


async def test_letters_for_others_are_left_alone(pool: Pool) -> None:
    mailbox = Mailbox()

    async with relaying(pool, mailbox):
        await post(pool, 1, to="elsewhere")
        await post(pool, 2)
        await mailbox.until(1)

    assert await pool.fetchval("SELECT attempts FROM outbox WHERE destination = 'elsewhere'") == 0


async def test_a_relay_outlives_the_loss_of_every_connection(
    pool: Pool, empty_database: str
) -> None:
    mailbox = Mailbox()
    async with connect(empty_database, application_name="relay") as own, relaying(own, mailbox):
        await post(pool, 1)
        await mailbox.until(1)
        for number in (2, 3):
            await pool.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'relay'"
            )
            await post(pool, number)
            assert (await mailbox.until(number))[-1] == number
        await until_counted(pool, LISTENING)
        await post(pool, 4)
        await mailbox.until(4)


async def test_a_relay_waits_for_a_database_that_is_away(pool: Pool, empty_database: str) -> None:
    mailbox = Mailbox()
    async with gate_before(empty_database) as gate:
        url = gate.in_front(empty_database)
        async with connect(url, application_name="relay") as own, relaying(own, mailbox):
            await post(pool, 1)
            await mailbox.until(1)

            gate.shut()
            await post(pool, 2)
            with capture_logs() as logs:
                await until(lambda: len(warnings_of(logs)) >= 3)
            assert len(mailbox.rows) == 1
            gate.open()

            assert await mailbox.until(2) == [1, 2]
