import asyncio

import pytest

from reel_db.inbox import PgInbox, purge_inbox
from reel_db.pool import Pool, transaction
from reel_kernel.effects import Effect


async def test_a_repeat_is_recognised_per_source(pool: Pool) -> None:
    async with transaction(pool, Effect.VIDEO_CREATED) as connection:
        inbox = PgInbox(connection)
        assert await inbox.first_seen("m1", "uploads")
        assert not await inbox.first_seen("m1", "uploads")
        assert await inbox.first_seen("m1", "transcoding")


async def test_a_message_whose_effect_rolled_back_is_new_again(pool: Pool) -> None:
    async def fails_later() -> None:
        async with transaction(pool, Effect.VIDEO_CREATED) as connection:
            assert await PgInbox(connection).first_seen("m1", "uploads")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fails_later()

    async with transaction(pool, Effect.VIDEO_CREATED) as connection:
        assert await PgInbox(connection).first_seen("m1", "uploads")


async def test_of_two_concurrent_deliveries_one_has_the_effect(pool: Pool) -> None:
    async def handle() -> bool:
        async with transaction(pool, Effect.VIDEO_CREATED) as connection:
            first = await PgInbox(connection).first_seen("m1", "uploads")
            await connection.execute("SELECT pg_sleep(0.05)")
            return first

    async with asyncio.TaskGroup() as group:
        handled = [group.create_task(handle()) for _ in range(5)]

    assert sorted(task.result() for task in handled) == [False] * 4 + [True]


async def test_old_messages_can_be_forgotten(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await PgInbox(connection).first_seen("m1", "uploads")
        assert await purge_inbox(connection, older_than_s=60) == 0
        assert await purge_inbox(connection, older_than_s=0) == 1
        assert await PgInbox(connection).first_seen("m1", "uploads")
