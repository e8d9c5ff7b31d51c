import asyncio
from uuid import uuid4

import asyncpg
import pytest

from reel_db import outbox, outbox_ops
from reel_db.outbox import OutboxRow, PgOutbox
from reel_db.pool import Pool, transaction
from reel_kernel.effects import Effect
from reel_testing.letters import Letter, number_of, post


async def claim(pool: Pool, limit: int = 10, lease_s: float = 30) -> list[OutboxRow]:
    async with pool.acquire() as connection:
        return await outbox.claim(connection, ["inbox"], limit=limit, lease_s=lease_s)


async def due_s(pool: Pool) -> float | None:
    async with pool.acquire() as connection:
        return await outbox.next_due_s(connection, ["inbox"])


async def test_a_rolled_back_change_leaves_no_message(pool: Pool) -> None:
    async def fails_later() -> None:
        async with transaction(pool, Effect.VIDEO_CREATED) as connection:
            await PgOutbox(connection).add("inbox", uuid4(), Letter(number=1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails_later()

    assert await claim(pool) == []


async def test_a_row_holds_the_message_as_it_was_written(pool: Pool) -> None:
    key, message_id = uuid4(), uuid4()

    async with transaction(pool, Effect.VIDEO_CREATED) as connection:
        await PgOutbox(connection).add("inbox", key, Letter(number=7), message_id=message_id)

    [row] = await claim(pool)
    assert row.body == b'{"type":"Letter.v1","number":7}'
    assert (row.id, row.key, row.destination, row.attempts) == (message_id, key, "inbox", 1)


async def test_an_id_names_one_message(pool: Pool) -> None:
    message_id = uuid4()
    async with transaction(pool, Effect.VIDEO_CREATED) as connection:
        letters = PgOutbox(connection)
        await letters.add("inbox", uuid4(), Letter(number=1), message_id=message_id)

    async with pool.acquire() as connection:
        letters = PgOutbox(connection)
        with pytest.raises(asyncpg.UniqueViolationError):
            await letters.add("inbox", uuid4(), Letter(number=1), message_id=message_id)
        with pytest.raises(ValueError, match="One id"):
            await letters.add(
                "inbox", uuid4(), Letter(number=1), Letter(number=2), message_id=message_id
            )


async def test_a_claimed_row_is_nobody_elses_until_its_lease_runs_out(pool: Pool) -> None:
    await post(pool, 1)
    assert len(await claim(pool, lease_s=0.2)) == 1

    assert await claim(pool) == []
    await asyncio.sleep(await due_s(pool) or 0)

    [again] = await claim(pool)
    assert again.attempts == 2


async def test_a_key_is_claimed_one_row_at_a_time_in_order(pool: Pool) -> None:
    key = await post(pool, 1, 2)
    await post(pool, 3)
    await post(pool, 4, key=key, to="elsewhere")

    claimed = await claim(pool)

    assert [number_of(row) for row in claimed] == [1, 3]
    async with pool.acquire() as connection:
        assert await outbox.mark_delivered(connection, claimed[0])
    assert [number_of(row) for row in await claim(pool)] == [2]


async def test_two_concurrent_claims_share_no_row(pool: Pool) -> None:
    for number in range(30):
        await post(pool, number)

    async with asyncio.TaskGroup() as group:
        claims = [group.create_task(claim(pool, limit=8)) for _ in range(4)]

    numbers = [number_of(row) for task in claims for row in task.result()]
    assert len(numbers) == len(set(numbers)) >= 8


async def test_a_failed_row_waits_and_holds_its_key_back(pool: Pool) -> None:
    await post(pool, 1, 2)
    [row] = await claim(pool)

    async with pool.acquire() as connection:
        assert await outbox.mark_failed(connection, row, error="503", retry_in_s=60)

    assert await claim(pool) == []
    assert 50 < (await due_s(pool) or 0) <= 60


async def test_a_dead_row_lets_its_key_go_on_and_can_be_replayed(pool: Pool) -> None:
    await post(pool, 1, 2)
    [row] = await claim(pool)

    async with pool.acquire() as connection:
        assert await outbox.mark_dead(connection, row, error="404 no such video")
        [dead] = await outbox_ops.list_dead(connection)
        depth = await outbox_ops.depth(connection)

    assert (dead.id, dead.last_error, dead.body) == (row.id, "404 no such video", row.body)
    assert (depth.pending, depth.dead) == (1, 1)
    [next_] = await claim(pool)
    assert number_of(next_) == 2
    async with pool.acquire() as connection:
        assert await outbox.mark_delivered(connection, next_)
        assert await outbox_ops.replay(connection, [row.id]) == 1
        assert await outbox_ops.replay(connection, [row.id]) == 0
    [again] = await claim(pool)
    assert (again.id, again.attempts) == (row.id, 1)


async def test_whoever_lost_the_lease_cannot_touch_the_row(pool: Pool) -> None:
    await post(pool, 1)
    [stale] = await claim(pool, lease_s=0)
    [current] = await claim(pool)

    async with pool.acquire() as connection:
        assert not await outbox.mark_failed(connection, stale, error="late", retry_in_s=0)
        assert not await outbox.mark_dead(connection, stale, error="late")
        await outbox.release(connection, stale)
        assert await outbox.mark_delivered(connection, current)
        assert not await outbox.mark_delivered(connection, stale)


async def test_a_released_row_is_as_if_never_claimed(pool: Pool) -> None:
    await post(pool, 1)
    [row] = await claim(pool)

    async with pool.acquire() as connection:
        await outbox.release(connection, row)

    [again] = await claim(pool)
    assert again.attempts == 1


async def test_delivered_history_can_be_cleared_out(pool: Pool) -> None:
    await post(pool, 1)
    await post(pool, 2)
    delivered, _ = await claim(pool)

    async with pool.acquire() as connection:
        await outbox.mark_delivered(connection, delivered)
        assert await outbox_ops.purge_delivered(connection, older_than_s=60) == 0
        assert await outbox_ops.purge_delivered(connection, older_than_s=0) == 1
        assert (await outbox_ops.depth(connection)).pending == 1


async def test_claims_read_the_backlog_and_not_the_history(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("""
            INSERT INTO outbox (id, destination, key, body, delivered_at)
            SELECT gen_random_uuid(), 'inbox', gen_random_uuid(), '{}', now()
              FROM generate_series(1, 50000)""")
        await connection.execute("ANALYZE outbox")
    await post(pool, 1)

    async with pool.acquire() as connection, connection.transaction():
        plan = await connection.fetch(f"EXPLAIN {outbox.CLAIM}", ["inbox"], 10, 30.0)

    text = "\n".join(record[0] for record in plan)
    assert "Seq Scan" not in text, text
